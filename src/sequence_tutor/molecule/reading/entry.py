"""One entry of a file of molecules, and the choices of how files are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, get_args

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.reading.standardise import Standardise, standardised

Fields = Sequence[tuple[str, str]]
"""Names and texts of the other data of a molecule."""

LONGEST_LINE = 2**17
"""Characters; no line that is longer holds one molecule."""


@dataclass(frozen=True)
class Entry:
    """One entry of a file.

    Attributes:
        place: number of the line or record, from 1.
        smiles: as written there; empty where `problem` is set.
        problem: why there is no SMILES; else empty.
        name: name of the molecule; else empty.
        fields: the other data, in the order of the file, where asked for.
        unit: what `place` counts.
        is_end: the rest of the file cannot be read.
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
        """Its position in words."""
        return f"{self.unit} {self.place}"


class ColumnError(UserError):
    """A table has no column of SMILES, or not the chosen one."""


@dataclass(frozen=True)
class Choice:
    """How files are read.

    Attributes:
        column: the column of tables with the SMILES; None: the one whose name contains `smiles`.
        standardise: see `standardise`; None: the default of the purpose.
        remark: called with a sentence for the user, such as which of several columns was read.
    """

    column: str | None = None
    standardise: Standardise | None = None
    remark: Callable[[str], None] = lambda _: None

    @classmethod
    def checked(
        cls, column: str | None, standardise: str | None, remark: Callable[[str], None]
    ) -> Self:
        """A choice of a user.

        Raises:
            UserError: unknown standardisation.
        """
        for how in (None, *get_args(Standardise)):
            if standardise == how:
                return cls(column, how, remark)
        raise UserError(
            f"standardise is {standardise!r}, expected one of {', '.join(get_args(Standardise))}"
        )

    def meant(self, smiles: str, usual: Standardise) -> str:
        """The standardised SMILES; by `usual` where nothing was chosen."""
        return standardised(smiles, self.standardise or usual)


DEFAULT_CHOICE = Choice()
