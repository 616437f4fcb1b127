"""Other SMILES of the same molecule: another first atom, another order of branches."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import canonical_of, known, random_smiles
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch

VARIED = 0.5
"""Share of molecules that are rewritten before they are regrown. The prior continues best what is
written like its training data, but with such beginnings alone the first atoms would never
change."""


class Speller:
    """Rewrites the molecules of a batch. Satisfies `Spells`.

    A row stays as it is if it is no molecule, or if the new SMILES is longer than the batch is wide
    or has a token that the vocabulary lacks.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def varied(
        self, batch: SequenceBatch, generator: torch.Generator, share: float = VARIED
    ) -> SequenceBatch:
        """About a `share` of the molecules of a batch, each as a random SMILES."""
        count, device = len(batch), generator.device
        chosen = (torch.rand(count, generator=generator, device=device) < share).tolist()
        seeds = torch.randint(2**31 - 1, (count,), generator=generator, device=device).tolist()
        smiles = self.vocabulary.decode_batch(batch)
        rows = zip(smiles, chosen, seeds, strict=True)
        return self._rewritten(
            batch, (_random(text, seed) if one else text for text, one, seed in rows)
        )

    def settled(self, batch: SequenceBatch) -> SequenceBatch:
        """Every molecule of a batch as its canonical SMILES."""
        smiles = self.vocabulary.decode_batch(batch)
        return self._rewritten(batch, (text and canonical_of(text) for text in smiles))

    def _rewritten(self, batch: SequenceBatch, smiles: Iterable[str | None]) -> SequenceBatch:
        tokens, lengths = batch.tokens.clone(), batch.lengths.clone()
        for row, text in enumerate(smiles):
            try:
                written = self.vocabulary.encode(text) if text else []
            except UserError:  # a token that the vocabulary lacks
                continue
            if 0 < len(written) <= tokens.shape[1]:
                tokens[row] = 0
                tokens[row, : len(written)] = tokens.new_tensor(written)
                lengths[row] = len(written)
        return SequenceBatch(tokens, lengths)


def _random(smiles: str | None, seed: int) -> str | None:
    molecule = None if smiles is None else known(smiles)
    return None if molecule is None else random_smiles(molecule.rdkit, seed)
