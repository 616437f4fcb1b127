"""Ranks are drawn as often as the documented density says."""

import pytest
import torch
from torch import Tensor

from kit import generator
from sequence_tutor.replay.sampling import Sampler, draw_ranks
from sequence_tutor.replay.sequences import SequenceReplay, Stored
from sequence_tutor.sequences import SequenceBatch


def paid_their_token(tokens: Tensor) -> Stored:
    """Sequences (B, 1) whose reward is their token."""
    return Stored(SequenceBatch.full(tokens), tokens[:, :, None].double(), tokens.double())


@pytest.mark.parametrize("exponent", [0.0, 0.5, 0.9])
def test_the_share_of_the_best_k_is_as_stated(exponent: float) -> None:
    ranks = draw_ranks(100, 50_000, exponent, generator())
    assert int(ranks.min()) >= 0
    assert int(ranks.max()) <= 99
    for best in (1, 10, 50):
        share = float((ranks < best).double().mean())
        # four standard errors
        expected = (best / 100) ** (1 - exponent)
        assert share == pytest.approx(expected, abs=4 * (expected * (1 - expected) / 50_000) ** 0.5)


def test_a_batch_mixes_the_newest_with_the_whole_store() -> None:
    replay = SequenceReplay(100, 1, torch.ones(1))
    for start in (0, 10, 20):
        tokens = torch.arange(start, start + 10)[:, None]
        replay.add(paid_their_token(tokens))
    sampler = Sampler(replay, by_return=0.0)
    drawn, again = (
        sampler.newest(200, source) + sampler.draw(300, 0.5, source)
        for source in (generator(), generator())
    )
    tokens = replay.read(drawn.places).batch.tokens[:, 0]
    assert len(drawn.places) == len(drawn.weights) == 500
    assert int(tokens[:200].min()) >= 20
    assert len(tokens[:200].unique()) == 10
    assert len(tokens[200:].unique()) == 30
    assert bool((drawn.weights == 1).all())
    assert drawn.steps is None
    assert torch.equal(again.places, drawn.places)


def test_by_return_prefers_the_best() -> None:
    replay = SequenceReplay(100, 1, torch.ones(1))
    tokens = torch.randperm(100, generator=generator())[:, None]
    replay.add(paid_their_token(tokens))
    places = Sampler(replay, by_return=0.9).draw(2000, 0.0, generator()).places
    best = replay.read(places).batch.tokens[:, 0] == 99
    assert float(best.double().mean()) == pytest.approx(0.01**0.1, abs=0.05)
