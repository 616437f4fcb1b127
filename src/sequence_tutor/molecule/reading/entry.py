"""One molecule as a file has it, and what a user may choose of how files are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, get_args

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.reading.standardise import Standardise, standardised

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


@dataclass(frozen=True)
class Choice:
    """What is read.

    Attributes:
        column: of tables, the one with the SMILES; None: the one whose name says so.
        standardise: what is left of a salt, see `standardise`; None: as is usual for the purpose.
        remark: told in a sentence what a user should know, such as which of several columns it is.
    """

    column: str | None = None
    standardise: Standardise | None = None
    remark: Callable[[str], None] = lambda _: None

    @classmethod
    def checked(
        cls, column: str | None, standardise: str | None, remark: Callable[[str], None]
    ) -> Self:
        """A choice as a user gives it.

        Raises:
            UserError: there is no such way to standardise.
        """
        for how in (None, *get_args(Standardise)):
            if standardise == how:
                return cls(column, how, remark)
        raise UserError(
            f"standardise is {standardise!r}, expected one of {', '.join(get_args(Standardise))}"
        )

    def meant(self, smiles: str, usual: Standardise) -> str:
        """The molecule that is meant.

        Args:
            smiles: as a file has it.
            usual: what is left of it where nobody has said.
        """
        return standardised(smiles, self.standardise or usual)


DEFAULT_CHOICE = Choice()
