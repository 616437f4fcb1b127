"""Sequences and steps are drawn as often, and weighted as much, as the definition says."""

from pathlib import Path

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from kit import generator
from sequence_tutor.replay.sampling import LEAST_PRIORITY, Drawn, PrioritySampler
from sequence_tutor.replay.sequences import SequenceReplay, Stored
from sequence_tutor.replay.sum_tree import SumTree
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import load_checkpoint, save_checkpoint

N, T, ALPHA = 50, 4, 0.6
LENGTHS = torch.arange(N) % T + 1


def worthless(batch: SequenceBatch) -> Stored:
    return Stored(batch, torch.zeros(*batch.tokens.shape, 1), torch.zeros(batch.tokens.shape))


def filled(
    *, by_step: bool, first_step: int = 0, importance: tuple[float, float] = (0.4, 1.0)
) -> PrioritySampler:
    """A store of N sequences of 1 to 4 tokens, all new."""
    replay = SequenceReplay(N + 3, T, torch.ones(1))
    sampler = PrioritySampler(
        replay,
        by_step=by_step,
        exponent=ALPHA,
        importance=importance,
        first_step=first_step,
    )
    lengths = LENGTHS.clamp(min=first_step + 1)
    batch = SequenceBatch(torch.zeros(N, T, dtype=torch.int64), lengths)
    sampler.added(replay.add(worthless(batch)), lengths)
    return sampler


def everything(count: int = N) -> Drawn:
    return Drawn(torch.arange(count), torch.ones(count))


def errors(seed: int = 1) -> Tensor:
    """(N, T), over three powers of ten and of both signs."""
    noise = torch.randn(N, T, generator=generator(seed), dtype=torch.float64)
    return noise.sign() * 10**noise


def defined(errors: Tensor) -> Tensor:
    """P(i) by Eq. 1 of the paper."""
    powers = (errors.abs() + LEAST_PRIORITY) ** ALPHA
    return powers / powers.sum()


def test_sequences_are_drawn_as_often_as_defined() -> None:
    sampler = filled(by_step=False)
    error = errors()[:, 0]
    sampler.learned(everything(), error, None)
    probability = defined(error)
    torch.testing.assert_close(sampler.probabilities[:, 0], probability)
    # a single draw has no parts to be divided into: it finds one uniform number in a sum tree
    tree = SumTree(N)
    tree.set(torch.arange(N), probability)
    one, other = generator(), generator()
    single = torch.cat([sampler.draw(1, 0.0, one).places for _ in range(1000)])
    uniform = torch.cat([torch.rand(1, generator=other, dtype=torch.float64) for _ in range(1000)])
    assert torch.equal(single, tree.find(uniform * tree.total))
    # which is the plain distribution
    uniform = torch.rand(20_000, generator=other, dtype=torch.float64)
    counts = torch.bincount(tree.find(uniform * tree.total), minlength=N).double()
    often = probability * len(uniform) > 5
    groups = [torch.cat([x[often], x[~often].sum()[None]]) for x in (counts, probability)]
    assert chisquare(groups[0], groups[1] * len(uniform)).pvalue > 0.001
    # a batch holds each as often as expected, up to the parts it shares at either end
    batch = sampler.draw(10_000, 0.0, one).places
    counts = torch.bincount(batch, minlength=N).double()
    assert float((counts - probability * 10_000).abs().max()) < 2


def test_steps_are_drawn_as_often_as_defined_and_never_beyond_the_end_or_in_the_prefix() -> None:
    sampler = filled(by_step=True, first_step=1)
    error = errors()
    sampler.learned(everything(), error[:, 0], error)
    steps, lengths = torch.arange(T), LENGTHS.clamp(min=2)
    real = (steps >= 1) & (steps < lengths[:, None])
    probability = torch.zeros(N, T, dtype=torch.float64)
    probability[real] = defined(error[real])
    torch.testing.assert_close(sampler.probabilities, probability)
    drawn = sampler.draw(10_000, 0.0, generator())
    assert drawn.steps is not None
    counts = torch.bincount(drawn.places * T + drawn.steps, minlength=N * T).view(N, T).double()
    assert float((counts - probability * 10_000).abs().max()) < 2
    assert bool((counts[~real] == 0).all())


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_importance_weights_are_as_defined_with_beta_annealed(share: float) -> None:
    sampler = filled(by_step=False)
    error = errors()[:, 0]
    sampler.learned(everything(), error, None)
    drawn = sampler.draw(64, share, generator())
    weights = (N * defined(error)[drawn.places]) ** -(0.4 + 0.6 * share)
    torch.testing.assert_close(drawn.weights.double(), weights / weights.max(), rtol=1e-6, atol=0)
    assert drawn.weights.max() == 1


def test_at_beta_one_the_expected_update_is_that_of_uniform_replay() -> None:
    """Sum over all sequences of P(i) w_i f(i) is the plain mean of f, up to the largest weight."""
    sampler = filled(by_step=False, importance=(1.0, 1.0))
    error = errors()[:, 0]
    sampler.learned(everything(), error, None)
    probability = sampler.probabilities[:, 0]
    every = sampler.draw(200_000, 0.0, generator())
    assert len(every.places.unique()) == N  # so the largest weight is that of the whole store
    weights = torch.zeros(N)
    weights[every.places] = every.weights
    effect = probability * weights.double()
    torch.testing.assert_close(effect, effect[:1].expand(N), rtol=1e-6, atol=0)


def test_new_sequences_get_the_largest_priority() -> None:
    sampler = filled(by_step=False)
    assert torch.equal(sampler.probabilities, torch.full((N, 1), 1 / N, dtype=torch.float64))
    sampler.learned(everything(), errors()[:, 0], None)
    one = SequenceBatch.full(torch.zeros(1, T, dtype=torch.int64))
    sampler.added(sampler.replay.add(worthless(one)), one.lengths)
    probabilities = sampler.probabilities[:, 0]
    assert len(probabilities) == N + 1
    assert probabilities[N] == probabilities[:N].max()


def test_a_sequence_that_takes_anothers_place_takes_none_of_its_steps() -> None:
    sampler = filled(by_step=True)
    short = SequenceBatch(torch.zeros(5, T, dtype=torch.int64), torch.ones(5, dtype=torch.int64))
    for _ in range(20):  # round and round the ring
        sampler.added(sampler.replay.add(worthless(short)), short.lengths)
    assert bool((sampler.probabilities[:, 0] > 0).all())
    assert bool((sampler.probabilities[:, 1:] == 0).all())


def test_fresh_ones_are_the_newest_with_weight_one_and_any_of_their_steps() -> None:
    sampler = filled(by_step=True, first_step=1)
    batch = SequenceBatch(torch.zeros(2, T, dtype=torch.int64), torch.tensor([2, 4]))
    places = sampler.replay.add(worthless(batch))
    drawn = sampler.newest(2000, generator())
    assert drawn.steps is not None
    assert set(drawn.places.tolist()) == set(places.tolist())
    assert set(drawn.steps[drawn.places == places[0]].tolist()) == {1}
    assert set(drawn.steps[drawn.places == places[1]].tolist()) == {1, 2, 3}
    assert bool((drawn.weights == 1).all())


def test_errors_of_a_batch_cut_to_its_longest_row_are_enough() -> None:
    sampler = filled(by_step=True)
    few = torch.tensor([0, 4, 8])  # all of one token
    before = sampler._table().clone()
    sampler.learned(Drawn(few, torch.ones(3)), torch.ones(3), torch.full((3, 1), 5.0))
    after = sampler._table()
    assert after[few, 0].tolist() == pytest.approx([(5 + LEAST_PRIORITY) ** ALPHA] * 3)
    after[few] = before[few]
    assert torch.equal(after, before)


@pytest.mark.parametrize("by_step", [False, True])
def test_a_saved_sampler_goes_on_exactly(tmp_path: Path, by_step: bool) -> None:
    sampler = filled(by_step=by_step)
    sampler.learned(everything(), errors()[:, 0], errors())
    save_checkpoint(tmp_path / "saved.safetensors", sampler.state(), {})
    other = filled(by_step=by_step)
    other.restore(load_checkpoint(tmp_path / "saved.safetensors")[0])
    for share in (0.1, 0.9):
        drawn, again = (one.draw(100, share, generator()) for one in (sampler, other))
        assert torch.equal(drawn.places, again.places)
        assert torch.equal(drawn.weights, again.weights)
        assert drawn.steps is None or (again.steps is not None and drawn.steps.equal(again.steps))
        for one in (sampler, other):
            one.learned(drawn, torch.ones(100), torch.ones(100, T))
