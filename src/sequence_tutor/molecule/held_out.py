"""Molecules of a prior's test data, stored beside its weights, and their properties.

A shipped prior has the properties only: numbers, no data.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sequence_tutor.domain.corpus import Corpus
from sequence_tutor.domain.division import TEST
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.molecule.chemistry import PROPERTIES, known
from sequence_tutor.molecule.tokens import Vocabulary

HELD_OUT, HELD_OUT_LENGTHS = "held_out_tokens", "held_out_lengths"
HELD_OUT_PROPERTIES = "held_out_properties"
"""Names of the tensors: concatenated tokens, tokens of each molecule, (N, 3) properties."""

MOST = 1000
"""Molecules that are stored."""


def held_out_tensors(corpus: Corpus, vocabulary: Vocabulary) -> dict[str, Tensor]:
    """The tensors of the first molecules of the test set."""
    test = corpus.side(TEST)
    few = TokenSequences(test.select(torch.arange(min(len(test), MOST))).rows())
    molecules = map(known, map(vocabulary.decode, few.rows()))
    rows = [molecule.properties for molecule in molecules if molecule is not None]
    return {
        HELD_OUT: few.tokens,
        HELD_OUT_LENGTHS: few.lengths.to(torch.int16),
        HELD_OUT_PROPERTIES: torch.tensor(rows).reshape(-1, len(PROPERTIES)),
    }


def held_out_smiles(tensors: Mapping[str, Tensor], vocabulary: Vocabulary) -> list[str] | None:
    """The stored molecules; None where there are none."""
    if HELD_OUT not in tensors:
        return None
    rows = TokenSequences.laid_out(tensors[HELD_OUT], tensors[HELD_OUT_LENGTHS].long()).rows()
    return [vocabulary.decode(row) for row in rows]


def held_out_properties(tensors: Mapping[str, Tensor]) -> dict[str, list[float]]:
    """Property -> its value for each molecule; empty where they were not stored."""
    if HELD_OUT_PROPERTIES not in tensors:
        return {}
    columns = tensors[HELD_OUT_PROPERTIES].t().tolist()
    return dict(zip(PROPERTIES, columns, strict=True))
