"""`sequence-tutor report`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from sequence_tutor.cli.arguments import (
    Quiet,
    Rules,
    Seed,
    Stored,
    Threads,
    arguments_of,
    option,
    show,
    thread_count,
)


@dataclass(frozen=True)
class Report:
    """Write one page to look at and to listen to: runs beside the prior they came from.

    The page needs no network and no other file; it has melodies to play or molecules to look at,
    the table with intervals, the curves of training, and all settings.

    Example: sequence-tutor report runs/psi runs/g --out report.html
    """

    OUT_IS_FILE: ClassVar = True

    runs: Annotated[tuple[Path, ...], option("folders of finished runs", "RUN...")] = ()
    _: KW_ONLY
    out: Annotated[Path, option("the page", "FILE.html")]
    table: Annotated[
        Path | None, option("show what evaluate --json wrote, evaluate nothing", "FILE")
    ] = None
    frontier: Annotated[
        Path | None, option("draw the points of a frontier too", "frontier.json")
    ] = None
    samples: Annotated[
        int | None,
        option("sequences of each model; 2,000, or 400 molecules, 880 of all models", "N"),
    ] = None
    rules: Rules = None
    stored: Stored = Stored()
    seed: Seed = 0
    threads: Threads = "auto"
    quiet: Quiet = False

    def run(self) -> None:
        """Write the page, then say where it is."""
        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.report import report

        set_threads(thread_count(self.threads))
        page = report(**arguments_of(self, "threads"))
        if not self.quiet:
            show(f"{page} has everything in it: {page.stat().st_size / 1e6:.1f} MB.")
