"""Sampled sequences follow the policy, and everything asked of them."""

import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from kit import generator
from sequence_tutor.exact import SequenceSpace, along_sequences
from sequence_tutor.models import State
from sequence_tutor.prior.ngram import NGramPrior
from sequence_tutor.sampling.rollout import rollout, sample_tokens
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy

COUNT = 20_000


class Alternating:
    """After token a, a + 1 for sure, modulo V; the first token is 0. Its state is its row."""

    vocab_size = 3

    def initial_state(self, batch: int) -> State:
        return (torch.arange(batch),)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        next_token = torch.where(previous == 3, 0, (previous + 1) % 3)
        return torch.nn.functional.one_hot(next_token, 3).double().log().float(), state

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        raise NotImplementedError("a rollout takes steps")


def codes(tokens: Tensor, vocab_size: int) -> Tensor:
    powers = vocab_size ** torch.arange(tokens.shape[1] - 1, -1, -1)
    return tokens @ powers


def assert_follows(sampled: Tensor, probability: Tensor) -> None:
    """Counts of outcomes (N,) agree with their probabilities by a chi-square test."""
    expected = probability * len(sampled)
    counts = torch.bincount(sampled, minlength=len(probability)).double()
    assert bool((counts[probability == 0] == 0).all())
    often = expected > 5
    rest = (~often) & (probability > 0)
    groups = torch.cat([counts[often], counts[rest].sum()[None]])
    expected = torch.cat([expected[often], expected[rest].sum()[None]])
    kept = expected > 0
    assert chisquare(groups[kept], expected[kept] * (groups.sum() / expected.sum())).pvalue > 0.001


@pytest.mark.parametrize("end_token", [None, 0, 3])
def test_sequences_are_as_frequent_as_the_policy_says(end_token: int | None) -> None:
    toy = make_toy(0, length=4)
    sampled = rollout(toy.prior, COUNT, 4, generator(), end_token=end_token).batch
    space = SequenceSpace(4, 4, end_token)
    probability = along_sequences(space.log_policy(toy.prior.sequence_log_probs)).exp()
    assert_follows(codes(sampled.tokens, 4), probability / probability.sum())
    if end_token is not None:
        # a sequence ends with its first end token, or has none and the full length
        ended = (sampled.tokens == end_token) & sampled.mask
        last = sampled.tokens.gather(1, sampled.lengths[:, None] - 1)[:, 0]
        assert torch.equal(ended.sum(1) == 1, last == end_token)
        assert int(ended.sum(1).max()) == 1
        assert bool(((sampled.lengths == 4) | (last == end_token)).all())


def test_temperature_sharpens_and_flattens() -> None:
    toy = make_toy(0, length=1)
    log_prior = toy.prior.sequence_log_probs(torch.zeros(1, 1, dtype=torch.int64))[0, 0].double()
    for temperature in (0.5, 3.0):
        sampled = rollout(toy.prior, COUNT, 1, generator(), temperature=temperature).batch
        assert_follows(sampled.tokens[:, 0], (log_prior / temperature).softmax(0))


def test_exploration_replaces_what_is_sampled_but_not_what_the_policy_thought() -> None:
    toy = make_toy(0, length=3)

    def uniform(log_probs: Tensor, _generator: torch.Generator) -> Tensor:
        return torch.zeros_like(log_probs)

    sampled = rollout(toy.prior, COUNT, 3, generator(), explore=uniform, keep_log_probs=True)
    assert_follows(codes(sampled.batch.tokens, 4), torch.full((64,), 1 / 64, dtype=torch.float64))
    assert sampled.log_probs is not None
    thought = toy.prior.sequence_log_probs(sampled.batch.tokens)
    torch.testing.assert_close(sampled.log_probs, thought, rtol=1e-4, atol=1e-4)


def test_a_prime_begins_every_sequence_and_the_policy_goes_on_from_it() -> None:
    prime = torch.tensor([2, 2])
    sampled = rollout(Alternating(), 3, 5, generator(), prime=prime).batch
    assert sampled.to_lists() == [[2, 2, 0, 1, 2]] * 3
    prime = torch.tensor([[1], [0], [2]])
    sampled = rollout(Alternating(), 3, 3, generator(), prime=prime).batch
    assert sampled.to_lists() == [[1, 2, 0], [0, 1, 2], [2, 0, 1]]


def test_each_row_may_begin_with_some_tokens_of_its_own() -> None:
    prime = SequenceBatch.from_lists([[1], [2, 2, 1], [2, 2]])
    sampled = rollout(Alternating(), 3, 4, generator(), prime=prime).batch
    assert sampled.to_lists() == [[1, 2, 0, 1], [2, 2, 1, 2], [2, 2, 0, 1]]
    ends = rollout(Alternating(), 3, 4, generator(), prime=prime, end_token=0).batch
    assert ends.to_lists() == [[1, 2, 0], [2, 2, 1, 2], [2, 2, 0]]


def test_rows_that_have_ended_are_zero_and_the_others_keep_their_place() -> None:
    prime = torch.tensor([[1], [0], [2]])
    sampled = rollout(
        Alternating(), 3, 4, generator(), prime=prime, end_token=2, keep_log_probs=True
    )
    assert sampled.batch.to_lists() == [[1, 2], [0, 1, 2], [2]]
    assert sampled.batch.tokens[~sampled.batch.mask].tolist() == [0] * 6
    assert sampled.log_probs is not None
    assert bool((sampled.log_probs[~sampled.batch.mask] == 0).all())


def test_one_seed_gives_one_result_whatever_torch_drew_before() -> None:
    toy = make_toy(0)
    torch.manual_seed(1)
    first = rollout(toy.prior, 50, 6, generator(7)).batch.tokens
    torch.manual_seed(2)
    assert torch.equal(rollout(toy.prior, 50, 6, generator(7)).batch.tokens, first)
    assert not torch.equal(rollout(toy.prior, 50, 6, generator(8)).batch.tokens, first)


def test_any_prior_can_be_sampled() -> None:
    bigram = NGramPrior(2, 3, [[0, 1, 2, 1], [0, 1, 0], [2, 2, 1]])
    sampled = rollout(bigram, COUNT, 3, generator()).batch
    space = SequenceSpace(3, 3)
    probability = along_sequences(space.log_policy(bigram.sequence_log_probs)).exp()
    assert_follows(codes(sampled.tokens, 3), probability / probability.sum())


def test_tokens_of_probability_zero_are_never_sampled() -> None:
    log_probs = torch.tensor([-torch.inf, 0.0, -torch.inf, -1.0, -torch.inf])
    sampled = sample_tokens(log_probs.expand(200_000, 5), generator())
    assert set(sampled.tolist()) == {1, 3}


def test_log_probs_need_not_be_normalised() -> None:
    log_probs = torch.tensor([5.0, 6.0, 7.0])
    sampled = sample_tokens(log_probs.expand(COUNT, 3), generator())
    assert_follows(sampled, log_probs.double().softmax(0))


def test_kept_log_probs_have_the_policys_own_type() -> None:
    class Double(Alternating):
        def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
            log_probs, state = super().step(previous, state)
            return log_probs.double(), state

    kept = rollout(Double(), 2, 4, generator(), keep_log_probs=True).log_probs
    assert kept is not None
    assert kept.dtype == torch.float64
