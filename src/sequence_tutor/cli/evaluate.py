"""`sequence-tutor evaluate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sequence_tutor.cli.arguments import ExecutorName, Machine, Rules, Seed, Shown, StoredModels
from sequence_tutor.cli.given import arguments_of
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.errors import UserError

if TYPE_CHECKING:
    from sequence_tutor.evaluation.model import Model


@dataclass(frozen=True)
class Evaluate:
    """Compare tuned models and priors: statistics of many samples, with 95 % intervals.

    A domain's name stands for its shipped prior; a prior of your own is named by its folder. Priors
    are evaluated with the reward of the first tuned model. Published figures are shown beside ours.

    Example: sequence-tutor evaluate tunes runs/psi runs/g --markdown table.md
    """

    models: Annotated[
        tuple[str, ...], option("folders, or names of shipped priors", "RUN|PRIOR...")
    ] = ()
    _: KW_ONLY
    samples: Annotated[int, option("sequences of each model", "N")] = 100_000
    particles: Annotated[
        int | None,
        option(
            "particles of sequential Monte Carlo, which bounds log Z; 0: none (default: 512)", "K"
        ),
    ] = None
    real: Annotated[
        tuple[Path, ...],
        option("add a column of these real sequences: files, folders, archives", "PATH..."),
    ] = ()
    held_out: Annotated[
        bool, option("of --real, only sequences on which a prior trained on it would be tested")
    ] = False
    markdown: Annotated[Path | None, option("write the table to this file too", "FILE")] = None
    rules: Rules = None
    stored: StoredModels = StoredModels()
    seed: Seed = 0
    executor: ExecutorName = None
    machine: Machine = Machine()
    shown: Shown = Shown()

    def run(self) -> None:
        """Evaluate, then show the table."""
        from sequence_tutor.evaluation.evaluate import evaluate
        from sequence_tutor.evaluation.loading import load_model
        from sequence_tutor.evaluation.seeds import between_seeds, seeds_table
        from sequence_tutor.evaluation.yardstick import yardstick
        from sequence_tutor.progress import heading, progress
        from sequence_tutor.storage.named_files import write_named_text
        from sequence_tutor.verbs.aims import read_beside

        if self.held_out and not self.real:
            raise UserError("--held-out is of the sequences of --real, which is not given")
        device = self.machine.set_threads()
        stored = arguments_of(self.stored)
        models = [load_model(name, device, self.rules, **stored) for name in self.models]
        names = Counter(model.name for model in models)
        models = [  # folders of one name, such as priors/dna and runs/dna, go by their paths
            replace(model, name=path) if names[model.name] > 1 else model
            for path, model in zip(self.models, models, strict=True)
        ]
        for model in tuned_from_others(models):
            heading(
                f"{model.name}: not tuned from a prior named here; name the folder of its own "
                "prior to see what changed",
                quiet=self.shown.quiet,
            )
        real = None
        if self.real and models:
            real = read_beside(
                yardstick(models), self.real, held_out=self.held_out, quiet=self.shown.quiet
            )
        with progress("evaluating", self.samples * len(models), quiet=self.shown.quiet) as advance:
            evaluation = evaluate(
                models,
                self.samples,
                self.seed,
                advance,
                self.particles,
                real=real,
                executor=self.executor,
            )
        numbers, shown = evaluation.to_json(), [evaluation.table(), *evaluation.price_tables()]
        if groups := between_seeds(numbers["models"]):
            numbers["between_seeds"] = [group.to_json() for group in groups]
            shown.append(seeds_table(groups, models[0].domain))
        self.shown.write(numbers)
        if self.markdown is not None:
            write_named_text(self.markdown, "\n".join(table.markdown() for table in shown))
        for table in shown:
            show(table)


def tuned_from_others(models: Sequence[Model]) -> list[Model]:
    """The tuned models whose own prior is not among the priors; none where there is no prior."""
    priors = [model.stored for model in models if model.tune is None]
    tuned = [model for model in models if model.tune is not None]
    return [
        model
        for model in tuned
        if priors and not any(model.stored.is_same(prior) for prior in priors)
    ]
