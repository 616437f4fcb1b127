"""Sequences within an edit distance: how often tokens are replaced, and by which."""

import math

import pytest
import torch

from kit import generator
from sequence_tutor.sampling.edits import edited, kept_probability
from sequence_tutor.sequences import SequenceBatch


def test_distances_are_drawn_in_proportion_to_their_exponential() -> None:
    # V = 3, two tokens: 1, 4 and 4 sequences at the distances 0, 1 and 2
    batch = SequenceBatch.full(torch.tensor([[0, 2]]).expand(40_000, 2))
    found = edited(batch, 0.8, 3, generator())
    distances = (found.tokens != batch.tokens).sum(1).bincount(minlength=3) / 40_000
    odds = torch.tensor([1.0, 4 * math.exp(-1 / 0.8), 4 * math.exp(-2 / 0.8)])
    torch.testing.assert_close(distances, odds / odds.sum(), atol=0.01, rtol=0)
    replaced = found.tokens[:, 0].bincount(minlength=3)[1:] / 40_000
    expected = (1 - kept_probability(0.8, 3)) / 2
    assert replaced.tolist() == pytest.approx([expected] * 2, abs=0.01)


def test_end_tokens_and_lengths_stay() -> None:
    batch = SequenceBatch.from_lists([[0, 2, 1], [3, 1]] * 2000)  # 1 ends
    found = edited(batch, 100.0, 4, generator(), end_token=1)
    assert torch.equal(found.lengths, batch.lengths)
    ends = found.lengths - 1
    assert bool((found.tokens.gather(1, ends[:, None]) == 1).all())
    assert found.tokens[1::2, 2].abs().max() == 0  # beyond the end
    written = found.tokens[::2, 0].bincount(minlength=4) / 2000
    assert written[1] == 0
    assert written[[0, 2, 3]].tolist() == pytest.approx([1 / 3] * 3, abs=0.04)
