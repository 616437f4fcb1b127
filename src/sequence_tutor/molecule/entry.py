"""One molecule as a file has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sequence_tutor.errors import UserError

Fields = Sequence[tuple[str, str]]
"""Names and texts that a file has beside a molecule."""

LONGEST_LINE = 2**17
"""Characters; no line that is longer holds one molecule."""


@dataclass(frozen=True)
class Entry:
    """One molecule as a file has it.

    Attributes:
        place: of the line or record, from 1.
        smiles: as written there; empty where `problem` is set.
        problem: why there is no SMILES; empty where all is well.
        name: what the file calls it; empty where it does not.
        fields: what else the file says of it, in its order, where that was asked for.
        unit: what `place` counts.
        is_end: whether the rest of the file cannot be read.
    """

    place: int
    smiles: str
    problem: str = ""
    name: str = ""
    fields: Fields = ()
    unit: str = "line"
    is_end: bool = False

    @property
    def where(self) -> str:
        """Its place in words."""
        return f"{self.unit} {self.place}"


class ColumnError(UserError):
    """A table has no column of SMILES, or not the one that was asked for."""
