"""A term: a raw number of a molecule, a transform, a weight."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from sequence_tutor.config.settings import Settings, nearest
from sequence_tutor.molecule.chemistry import Molecule
from sequence_tutor.molecule.scoring.transforms import TRANSFORMS, Identity, Transform

MoleculeFunction = Callable[[Molecule], float]


def _listed(given: Any) -> Any:  # whatever a user's file holds
    return (given,) if isinstance(given, str) else given


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Texts of which one may be given without brackets."""

SomeTexts = Annotated[Texts, Field(min_length=1)]


class Term(Settings):
    """The settings of every term, beside its own constants.

    `sequence-tutor terms list` shows the first line of a term's docstring.
    """

    unit: ClassVar[str]
    """The unit of its raw number, or the range."""

    source: ClassVar[str] = ""
    """Where its definition is from."""

    newer: ClassVar[frozenset[str]] = frozenset({"gate"})
    """Settings that older records do not have; records leave them out where they are as usual."""

    weight: float | None = Field(
        None, description="its weight where the table of weights has none; 1 if unset"
    )
    transform: Transform = Field(Identity(), description="makes a score of the raw number")
    gate: float | None = Field(
        None,
        description="programs, functions and models are not asked for molecules with a lower score",
    )

    @field_validator("transform", mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:  # whatever a user's file holds
        if isinstance(given, dict) and given.get("kind") not in TRANSFORMS:
            kind = given.get("kind", "")
            raise ValueError(f"unknown transform {kind!r}: {nearest(str(kind), TRANSFORMS)}")
        return given

    @model_serializer(mode="wrap")
    def _as_asked(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As plain values; what is as it was before there was a choice is left out."""
        values: dict[str, Any] = handler(self)
        usual = {name: type(self).model_fields[name].default for name in self.newer}
        return {n: one for n, one in values.items() if n not in usual or one != usual[n]}


class MoleculeTerm(Term, ABC):
    """A term of the molecule, the same for each of its SMILES."""

    @abstractmethod
    def prepare(self) -> MoleculeFunction:
        """The function of a molecule, with its constants prepared.

        Settings are small and are sent to other processes, which prepare the function themselves.
        """


class WritingTerm(Term, ABC):
    """A term of the SMILES string: it may differ between strings of the same molecule."""

    @abstractmethod
    def __call__(self, smiles: str, tokens: int) -> float:
        """The raw number of a SMILES as written with so many tokens, without the end token."""

    @abstractmethod
    def limited(self, name: str, training: Mapping[str, Any]) -> Self:
        """The same term with a limit from a prior's card, if it has none itself.

        Raises:
            UserError: the card has no limit either.
        """
