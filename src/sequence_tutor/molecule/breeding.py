"""Children of molecules, written as the prior writes them."""

from __future__ import annotations

from functools import lru_cache
from random import Random

import torch

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import KEPT, canonical_of, canonical_smiles, known, quiet
from sequence_tutor.molecule.crossover import crossed
from sequence_tutor.molecule.graph_edits import Parent
from sequence_tutor.molecule.mutation import mutated
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch

CROSSED = 0.7
"""Probability that a child has two parents; the others are mutations of the mother."""

MUTATED = 0.2
"""Probability that a child of two parents is mutated, too."""


class Crosser:
    """Breeds molecules. Satisfies `Crosses`.

    A child is written as its canonical SMILES. One that has a token which the vocabulary lacks, or
    more tokens than a sequence may have, is not born.

    Args:
        vocabulary: of the prior.
        length: most tokens of a sequence, with the end token.
    """

    def __init__(self, vocabulary: Vocabulary, length: int) -> None:
        self.vocabulary, self.length = vocabulary, length

    def cross(
        self, mothers: SequenceBatch, fathers: SequenceBatch, generator: torch.Generator
    ) -> SequenceBatch | None:
        """Children of pairs of parents, each written once; see `Crosses`."""
        drawn = torch.randint(
            2**31 - 1, (len(mothers),), generator=generator, device=generator.device
        )
        pairs = (self.vocabulary.decode_batch(batch) for batch in (mothers, fathers))
        children: dict[str, list[int]] = {}
        with quiet():
            for mother, father, seed in zip(*pairs, drawn.tolist(), strict=True):
                smiles = bred(mother, father, Random(seed))
                tokens = None if smiles is None else self._written(smiles)
                if smiles is not None and tokens is not None:
                    children[smiles] = tokens
        if not children:
            return None
        return SequenceBatch.from_lists(list(children.values())).to(generator.device)

    def _written(self, smiles: str) -> list[int] | None:
        """The tokens of a molecule; None: it cannot be written."""
        try:
            tokens = self.vocabulary.encode(smiles)
        except UserError:
            return None
        return tokens if len(tokens) <= self.length else None


def bred(mother: str | None, father: str | None, random: Random) -> str | None:
    """The canonical SMILES of a child that differs from its mother; None: there is none."""
    parents = _parent(mother), _parent(father)
    if parents[0] is None or parents[1] is None:
        return None
    if random.random() < CROSSED:
        child = crossed(parents[0], parents[1], random)
        if child is not None and random.random() < MUTATED:
            child = mutated(Parent(child), random) or child
    else:
        child = mutated(parents[0], random)
    if child is None:
        return None
    smiles = canonical_of(canonical_smiles(child))  # read again: what is written is what is scored
    return None if smiles == mother else smiles


@lru_cache(maxsize=KEPT)
def _parent(smiles: str | None) -> Parent | None:
    """A parent and what is computed once for all of its children."""
    molecule = None if smiles is None else known(smiles)
    return None if molecule is None else Parent(molecule.rdkit)
