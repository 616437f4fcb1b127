"""`report`: finished runs as one HTML page with players, pictures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.evaluate import by_one_yardstick, evaluate
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.statistics import FEWEST
from sequence_tutor.progress import progress
from sequence_tutor.reporting.page import render
from sequence_tutor.reporting.part import DomainPart, by_domain, load_runs, make_part, models_of
from sequence_tutor.reporting.sampled import Sampled
from sequence_tutor.reporting.saved_table import SavedTable, read_table
from sequence_tutor.reporting.tradeoff import read_frontier
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.files import PathLike, listed_paths, named_path
from sequence_tutor.storage.named_files import write_named_text
from sequence_tutor.verbs.sample import sample


def report(
    runs: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    table: PathLike | None = None,
    frontier: PathLike | None = None,
    samples: int | None = None,
    rules: PathLike | None = None,
    trust: bool = False,
    prior: PathLike | None = None,
    seed: int = 0,
    quiet: bool = False,
) -> Path:
    """Write one HTML page that needs no network and no other file.

    Args:
        runs: folders of finished runs, or one, of one or of several domains.
        out: the page.
        table: output of `evaluate --json`, shown in place of a new evaluation.
        frontier: a `frontier.json`, drawn beside the runs.
        samples: sequences of each model in a new evaluation; None: 2,000, or of molecules 400, but
            at most 880 of all models together.
        rules: file of the user's own rules, if it has moved.
        trust: run the code that the folders' records name, see `trust`.
        prior: new location of a prior that is not ours, if it has moved.
        seed: of the sampling; the sequences shown are those that the table was computed from.

    Returns:
        The path of the page.

    Raises:
        UserError: no run, one that is not finished or damaged, or a file of another kind.
    """
    out = named_path(out)
    found = load_runs(
        *(listed_paths(runs), rules_file(rules)), trust=trust, prior=prior, scored=table is None
    )
    parts = by_domain(found)
    saved = read_table(Path(table)) if table else None
    if saved is not None and saved.models[0].domain not in parts:
        raise UserError(
            f"{table}: an evaluation of {saved.models[0].domain!r}, expected one of "
            f"{' or '.join(parts)}"
        )
    points = read_frontier(Path(frontier)) if frontier else []

    def more(model: Model, count: int) -> SequenceBatch:
        return sample(model, count, seed=seed, quiet=True).batch

    shown: list[DomainPart] = []
    for domain, own in parts.items():
        models = models_of(own)
        usual = max(FEWEST, own[0].model.domain.report_samples(len(models)))
        count = usual if samples is None else samples
        sampled = Sampled(seed, count, more)
        if saved is not None and saved.models[0].domain == domain:
            figures = saved
        else:
            figures = _evaluated(models, count, seed, sampled, quiet=quiet)
        section = f"part{len(shown) + 1}"
        models = by_one_yardstick(models)
        shown.append(make_part(own, models, figures, sampled, points, section))
    write_named_text(out, render(shown))
    return out


def _evaluated(
    models: Sequence[Model], samples: int, seed: int, sampled: Sampled, *, quiet: bool
) -> SavedTable:
    """Figures of every model; `sampled` keeps the sequences, which the page shows."""
    with progress("evaluating", samples * len(models), quiet=quiet) as advance:
        evaluation = evaluate(models, samples, seed, advance, particles=0, keep=sampled.keep)
    return SavedTable.model_validate(evaluation.to_json())
