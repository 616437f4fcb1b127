"""What a user may choose of how files of molecules are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, get_args

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.standardise import Standardise, standardised


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
