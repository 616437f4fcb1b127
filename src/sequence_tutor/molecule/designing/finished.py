"""The check of a molecule before it is returned: is it one, and can the prior write it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rdkit import Chem

from sequence_tutor.molecule.chemistry import (
    DESCRIPTORS,
    PROPERTIES,
    canonical_smiles,
    has_radicals,
    known,
    quiet,
)
from sequence_tutor.molecule.designing.part import Part
from sequence_tutor.molecule.tokens import Vocabulary, split_smiles

INVALID = "no valid molecule"
RADICAL = "a radical"
UNKNOWN = "a token that the prior does not know"
TOO_LONG = "too long for the prior"
WITHOUT = "the part is not in it"


class Finished(NamedTuple):
    """A molecule that is returned.

    Attributes:
        smiles: canonical.
        tokens: of it, with the end token.
    """

    smiles: str
    tokens: list[int]


class Finisher:
    """Checks molecules and writes them.

    Args:
        vocabulary: of the prior.
        length: most tokens of a sequence, with the end token.
    """

    def __init__(self, vocabulary: Vocabulary, length: int) -> None:
        self.vocabulary, self.length = vocabulary, length

    def __call__(self, molecule: Chem.Mol | None, parts: Sequence[Part] = ()) -> Finished | str:
        """The molecule as its canonical SMILES, or the reason why it is dropped.

        Args:
            molecule: without open points.
            parts: that it has to contain.
        """
        with quiet():
            written = None if molecule is None else known(canonical_smiles(molecule))
            found = None if written is None else known(written.canonical)
        if found is None:  # what is written is what is read again
            return INVALID
        if has_radicals(found.rdkit):
            return RADICAL
        if not all(part.is_in(found.rdkit) for part in parts):
            return WITHOUT
        pieces = split_smiles(found.canonical, self.vocabulary.tokeniser)
        if len(pieces) >= self.length:
            return TOO_LONG
        try:
            return Finished(found.canonical, self.vocabulary.encode_pieces(pieces, end=True))
        except KeyError:
            return UNKNOWN


def numbers_of(smiles: str) -> Mapping[str, float]:
    """What tables show of a valid molecule: its mass, and the properties of a summary."""
    found = known(smiles)
    assert found is not None  # it was looked at before
    values = zip(PROPERTIES, found.properties, strict=True)
    return {"MolWt": DESCRIPTORS["MolWt"](found.rdkit), **dict(values)}
