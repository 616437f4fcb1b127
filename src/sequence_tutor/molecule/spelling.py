"""One molecule, written in other ways: another atom first, another branch before the next."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import canonical_of, known, random_smiles
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch

VARIED = 0.5
"""Share of molecules that are written in another way. The prior knows best how to go on from what
is written as it learned; but from such beginnings alone the first atoms would never change."""


def varied(
    vocabulary: Vocabulary, batch: SequenceBatch, generator: torch.Generator
) -> SequenceBatch:
    """About half of the molecules of a batch, each in a random spelling.

    What is no molecule stays as it is, and so does one whose spelling would be longer than the
    batch is wide, or have a token that the vocabulary has not.
    """
    count, device = len(batch), generator.device
    chosen = (torch.rand(count, generator=generator, device=device) < VARIED).tolist()
    seeds = torch.randint(2**31 - 1, (count,), generator=generator, device=device).tolist()
    smiles = vocabulary.decode_batch(batch)
    return _rewritten(
        vocabulary,
        batch,
        (
            _random(text, seed) if one else text
            for text, one, seed in zip(smiles, chosen, seeds, strict=True)
        ),
    )


def settled(vocabulary: Vocabulary, batch: SequenceBatch) -> SequenceBatch:
    """Every molecule of a batch by its canonical SMILES, with the same exceptions."""
    smiles = vocabulary.decode_batch(batch)
    return _rewritten(vocabulary, batch, [text and canonical_of(text) for text in smiles])


def _random(smiles: str | None, seed: int) -> str | None:
    molecule = None if smiles is None else known(smiles)
    return None if molecule is None else random_smiles(molecule.rdkit, seed)


def _rewritten(
    vocabulary: Vocabulary, batch: SequenceBatch, spellings: Iterable[str | None]
) -> SequenceBatch:
    """A batch of the same width whose rows say what they are told to, where they can."""
    tokens, lengths = batch.tokens.clone(), batch.lengths.clone()
    for row, spelling in enumerate(spellings):
        written = _fitting(vocabulary, spelling, tokens.shape[1])
        if written:
            tokens[row] = 0
            tokens[row, : len(written)] = tokens.new_tensor(written)
            lengths[row] = len(written)
    return SequenceBatch(tokens, lengths)


def _fitting(vocabulary: Vocabulary, smiles: str | None, width: int) -> list[int]:
    """The tokens of a SMILES with its end; none where there is no string, or it does not fit."""
    if not smiles:
        return []
    try:
        written = vocabulary.encode(smiles)
    except UserError:  # a token that the vocabulary has not
        return []
    return written if len(written) <= width else []
