"""What a term is: a raw number of a molecule, a transform, a weight."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.molecule.chemistry import Molecule
from sequence_tutor.molecule.transforms import Identity, Transform

MoleculeFunction = Callable[[Molecule], float]


class Term(Settings):
    """What every term has in a settings file beside its own constants.

    The first line of a term's docstring says what it is, for `sequence-tutor terms list`.
    """

    unit: ClassVar[str]
    """What its raw number counts, or its range."""

    weight: float = Field(1.0, description="its weight, unless the table of weights has another")
    transform: Transform = Field(Identity(), description="what makes a score of the raw number")


class MoleculeTerm(Term, ABC):
    """A term of the molecule itself, whatever string it was written as."""

    @abstractmethod
    def prepare(self) -> MoleculeFunction:
        """The function of a molecule, with everything that can be made beforehand.

        Settings are small and travel to other processes; what is made of them stays there.
        """


class WritingTerm(Term, ABC):
    """A term of the molecule as it was written: the same molecule may be written otherwise."""

    @abstractmethod
    def __call__(self, smiles: str, tokens: int) -> float:
        """The raw number.

        Args:
            smiles: as written.
            tokens: how many, the end token not counted.
        """
