"""`sequence-tutor report`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from sequence_tutor.cli.arguments import Quiet, Rules, Seed, StoredModels, Threads, thread_count
from sequence_tutor.cli.given import arguments_of
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show


@dataclass(frozen=True)
class Report:
    """Write one HTML page about runs and their prior, with players and pictures.

    The page needs no network and no other file. It has melodies to play or drawn molecules, the
    table with intervals, the curves of training, and all settings.

    Example: sequence-tutor report runs/psi runs/g --out report.html
    """

    OUT_IS_FILE: ClassVar = True

    runs: Annotated[tuple[Path, ...], option("folders of finished runs", "RUN...")] = ()
    _: KW_ONLY
    out: Annotated[Path, option("the page", "FILE.html")]
    table: Annotated[
        Path | None,
        option("output of evaluate --json to show in place of a new evaluation", "FILE"),
    ] = None
    frontier: Annotated[
        Path | None, option("points of a frontier to draw too", "frontier.json")
    ] = None
    samples: Annotated[
        int | None,
        option("sequences of each model (default: 2,000; molecules 400, 880 in all)", "N"),
    ] = None
    rules: Rules = None
    stored: StoredModels = StoredModels()
    seed: Seed = 0
    threads: Threads = "auto"
    quiet: Quiet = False

    def run(self) -> None:
        """Write the page, then show where it is."""
        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.report import report

        set_threads(thread_count(self.threads))
        page = report(**arguments_of(self, "threads"))
        if not self.quiet:
            show(f"{page} has everything in it: {page.stat().st_size / 1e6:.1f} MB.")
