"""Settings of the training data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.molecule.reading.entry import Standardise
from sequence_tutor.molecule.tokens import Tokeniser, Vocabulary

DRUG_ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I")


class MoleculeDataSettings(Settings):
    """How files become training data."""

    tokeniser: Tokeniser = Field("atoms", description="what a token is; the paper's: characters")
    vocabulary: Literal["data", "broad"] | tuple[str, ...] = Field(
        "data", description="tokens of the data, of nearly all drug-like molecules, or a list"
    )
    column: str | None = Field(None, description="column of tables; unset: the one named smiles")
    standardise: Standardise = Field(
        "fragment", description="fragment: no counter-ions; parent: no charges either; or none"
    )
    check: bool = Field(
        True, description="parse with RDKit: drops invalid strings and repeated molecules"
    )
    elements: tuple[str, ...] = Field(DRUG_ELEMENTS, description="elements that molecules may have")
    longest: int = Field(120, ge=1, description="most tokens, without the end token")
    augment: int = Field(
        0, ge=0, le=100, description="additional random SMILES of each training molecule"
    )
    validation: float = Field(0.02, gt=0, lt=0.5, description="share of molecules for validation")
    test: float = Field(0.02, gt=0, lt=0.5, description="share of molecules for the test")
    split_seed: int = Field(0, ge=0, description="seed of the division and of random SMILES")

    @property
    def parses(self) -> bool:
        """Whether RDKit parses every molecule; hashes are then of canonical SMILES."""
        return self.check or self.augment > 0

    def known_tokens(self) -> tuple[str, ...]:
        """The tokens that molecules may have; empty: any."""
        if self.vocabulary == "broad":
            return Vocabulary.broad(self.tokeniser).tokens
        return () if self.vocabulary == "data" else tuple(self.vocabulary)
