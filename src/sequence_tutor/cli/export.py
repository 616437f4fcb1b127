"""`sequence-tutor export`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated

from sequence_tutor.cli.arguments import Quiet, StoredModels
from sequence_tutor.cli.given import arguments_of
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.exporting.formats import FORMATS


@dataclass(frozen=True)
class Export:
    """Write a tuned run or a prior as a file or a folder for another program.

    Example: sequence-tutor export runs/psi --to json --out psi.json
    """

    model: Annotated[str, option("folder of a run or of a prior, or a shipped prior", "RUN|PRIOR")]
    _: KW_ONLY
    to: Annotated[
        str,
        option("; ".join(f"{name}: {one.what}" for name, one in FORMATS.items()), "FORMAT"),
    ]
    out: Annotated[Path, option("the file or the folder to write", "PATH")]
    stored: StoredModels = StoredModels()
    quiet: Quiet = False

    @property
    def OUT_IS_FILE(self) -> bool:  # noqa: N802  # as verbs name it whose --out always is
        """Whether --out is a file, which depends on the format."""
        return self.to not in FORMATS or FORMATS[self.to].is_file

    def run(self) -> None:
        """Write it, then show where it is."""
        from sequence_tutor.verbs.export import export

        written = export(**arguments_of(self, "quiet"))
        if not self.quiet:
            show(f"{self.model} is in {written}, {FORMATS[self.to].what}.")
