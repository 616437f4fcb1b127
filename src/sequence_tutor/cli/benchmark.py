"""`sequence-tutor benchmark`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, Any

from sequence_tutor.cli.arguments import (
    Algorithm,
    Column,
    Config,
    DomainName,
    Machine,
    Seed,
    Shown,
    Trust,
)
from sequence_tutor.cli.given import arguments_of, with_commas
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.drawing.table import PUBLISHED, Table
from sequence_tutor.errors import UserError


@dataclass(frozen=True)
class Benchmark:
    """Measure on the field's own benchmarks, beside published figures.

    For molecules: pmo and guacamol tune a prior for each task and count every call of its score;
    after an interruption the same command continues, task by task. moses compares a model's
    molecules with those of a file.

    Example: sequence-tutor benchmark molecule pmo --tasks qed,celecoxib_rediscovery --seeds 3
    """

    domain: DomainName
    suite: Annotated[str, option("pmo, guacamol or moses", "SUITE")]
    _: KW_ONLY
    tasks: Annotated[
        str | None, option("tasks, with commas between them; by default all", "NAME,...")
    ] = None
    seeds: Annotated[int, option("runs of each task", "N")] = 3
    seed: Seed = 0
    calls: Annotated[int, option("molecules that a run may have scored", "N")] = 10_000
    algorithm: Algorithm = None
    model: Annotated[
        str, option("prior to start from; for moses also a run", "NAME|DIR", name="prior")
    ] = "molecule"
    out: Annotated[
        Path | None, option("folder of the runs; benchmarks/SUITE by default", "DIR")
    ] = None
    trust: Trust = False
    preset: Annotated[str, option("shipped settings of tuning", "NAME")] = "pmo"
    config: Config = None
    reference: Annotated[Path | None, option("moses: molecules held out", "FILE")] = None
    train: Annotated[Path | None, option("moses: molecules trained on", "FILE")] = None
    column: Column = None
    samples: Annotated[int, option("moses: molecules sampled", "N")] = 30_000
    markdown: Annotated[Path | None, option("write the table to this file too", "FILE")] = None
    executor: Annotated[
        str | None,
        option(
            "run tasks and seeds side by side: local (in processes of this machine), ray (on a Ray "
            "cluster) or the name of an installed package; one after the other if unset",
            "NAME",
        ),
    ] = None
    machine: Machine = Machine()
    shown: Shown = Shown()

    def run(self) -> None:
        """Run what was asked for, then show the table."""
        from sequence_tutor.domain import find_domain
        from sequence_tutor.storage.named_files import write_named_text

        find_domain(self.domain)  # a clear error without RDKit
        if self.domain != "molecule":
            raise UserError(f"{self.domain}: has no benchmark, expected molecule")
        numbers, table = self._moses() if self.suite == "moses" else self._goals()
        self.shown.write(numbers)
        if self.markdown is not None:
            write_named_text(self.markdown, table.markdown())
        show(table)

    def _goals(self) -> tuple[dict[str, Any], Table]:
        from sequence_tutor.verbs.benchmark import benchmark

        self._refuse("reference train column", f"{self.suite} reads no molecules", "moses")
        given = {} if self.algorithm is None else {"tune": {"algorithm": self.algorithm}}
        found = benchmark(
            self.suite,
            self.out or Path("benchmarks") / self.suite,
            tasks=[] if self.tasks is None else with_commas("--tasks", self.tasks),
            seeds=self.seeds,
            seed=self.seed,
            executor=self.executor,
            calls=self.calls,
            prior=self.model,
            trust=self.trust,
            preset=self.preset,
            config=self.config,
            overrides=given,
            **arguments_of(self.machine),
            quiet=self.shown.quiet,
        )
        return found.to_json(), found.table()

    def _moses(self) -> tuple[dict[str, Any], Table]:
        from sequence_tutor.evaluation.loading import load_model
        from sequence_tutor.verbs.benchmark import moses

        self._refuse("tasks algorithm config executor", "moses tunes nothing", "pmo or guacamol")
        if self.reference is None:
            raise UserError("moses needs --reference FILE, molecules that were not trained on")
        found = moses(
            load_model(self.model, self.machine.set_threads(), trust=self.trust),
            self.reference,
            train=self.train,
            column=self.column,
            samples=self.samples,
            seed=self.seed,
            quiet=self.shown.quiet,
        )
        for remark in () if self.shown.quiet else found["remarks"]:
            show(remark)
        return found, moses_table(found)

    def _refuse(self, names: str, why: str, suites: str) -> None:
        for name in names.split():
            if getattr(self, name) is not None:
                raise UserError(f"--{name}: {why}, expected it with {suites}")


def moses_table(found: Mapping[str, Any]) -> Table:
    """One row a statistic."""
    published = found["published"]
    rows = []
    for name, value in found["statistics"].items():
        cells = [value, *(column.get(name) for column in published.values())]
        rows.append([name, *("" if cell is None else f"{cell:.4f}" for cell in cells)])
    header = ["statistic", found["model"], *(name + PUBLISHED for name in published)]
    caption = f"{found['samples']:,} molecules; * as published, of another data set"
    return Table(header, rows, caption)
