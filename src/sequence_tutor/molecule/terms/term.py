"""What a term is: a raw number of a molecule, a transform, a weight."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator

from sequence_tutor.config.settings import Settings, nearest
from sequence_tutor.molecule.chemistry import Molecule
from sequence_tutor.molecule.scoring.transforms import TRANSFORMS, Identity, Transform

MoleculeFunction = Callable[[Molecule], float]


class Term(Settings):
    """What every term has in a settings file beside its own constants.

    The first line of a term's docstring says what it is, for `sequence-tutor terms list`.
    """

    unit: ClassVar[str]
    """What its raw number counts, or its range."""

    weight: float | None = Field(
        None, description="its weight where the table of weights has none; 1 if unset"
    )
    transform: Transform = Field(Identity(), description="what makes a score of the raw number")

    @field_validator("transform", mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:  # whatever a user's file holds
        if isinstance(given, dict) and given.get("kind") not in TRANSFORMS:
            kind = given.get("kind", "")
            raise ValueError(f"unknown transform {kind!r}: {nearest(str(kind), TRANSFORMS)}")
        return given


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

    @abstractmethod
    def limited(self, name: str, training: Mapping[str, Any]) -> Self:
        """The same with the limit that the prior's training data gives it, if it has none itself.

        Args:
            name: of the term, for the error.
            training: what a prior's card has under `molecule`.

        Raises:
            UserError: nobody gives a limit.
        """
