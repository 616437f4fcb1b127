"""`sequence-tutor card`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show


@dataclass(frozen=True)
class Card:
    """Write the model card of a run: data, command, reward, aims and prices, KL, settings.

    Example: sequence-tutor card runs/psi --out README.md
    """

    OUT_IS_FILE: ClassVar = True

    run_folder: Annotated[Path, option("folder of a finished run", "RUN")]
    _: KW_ONLY
    out: Annotated[Path | None, option("write the card to this file", "FILE.md")] = None

    def run(self) -> None:
        """Write the card, or show it."""
        from sequence_tutor.verbs.card import card

        text = card(self.run_folder, self.out)
        show(text if self.out is None else f"The card of {self.run_folder} is in {self.out}.")
