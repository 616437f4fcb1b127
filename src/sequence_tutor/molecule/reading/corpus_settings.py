"""Settings of how files become molecules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.molecule.reading.standardise import Standardise
from sequence_tutor.molecule.tokens import Tokeniser, Vocabulary

DRUG_ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I")


class MoleculeDataSettings(Settings):
    """How files become molecules, and who learns from them."""

    tokeniser: Tokeniser = Field("atoms", description="what a token is; the paper's: characters")
    vocabulary: Literal["data", "broad"] | tuple[str, ...] = Field(
        "data", description="tokens of the data, of nearly all drug-like molecules, or a list"
    )
    column: str | None = Field(None, description="column of tables; unset: the one named smiles")
    standardise: Standardise = Field(
        "fragment", description="fragment: no counter-ions; parent: no charges either; or none"
    )
    check: bool = Field(
        True, description="parse with RDKit: drops what is no molecule, finds equal ones"
    )
    elements: tuple[str, ...] = Field(DRUG_ELEMENTS, description="that molecules may have")
    longest: int = Field(120, ge=1, description="most tokens of a molecule, the end token aside")
    augment: int = Field(
        0, ge=0, le=100, description="random spellings of each training molecule beside its own"
    )
    validation: float = Field(0.02, gt=0, lt=0.5, description="share of molecules to stop by")
    test: float = Field(0.02, gt=0, lt=0.5, description="share of molecules to report on")
    split_seed: int = Field(0, ge=0, description="seed of the division and of random spellings")

    @property
    def parses(self) -> bool:
        """Whether RDKit reads every molecule, which are then known by their canonical SMILES."""
        return self.check or self.augment > 0

    def known_tokens(self) -> tuple[str, ...]:
        """The only tokens that molecules may have; none: whatever the data have."""
        if self.vocabulary == "broad":
            return Vocabulary.broad(self.tokeniser).tokens
        return () if self.vocabulary == "data" else tuple(self.vocabulary)


def hashes_are_canonical(card: Mapping[str, Any]) -> bool:
    """Whether the training molecules of a prior are known by canonical SMILES.

    Unchecked data are known as they were written: all that is sampled would count as new.
    """
    settings = card.get("data", {}).get("settings", {})
    return bool(settings.get("check", True) or settings.get("augment", 0))
