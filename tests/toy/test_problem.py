"""The toy problem is what it says, and the same every time."""

import pytest
import torch

from kit import generator
from sequence_tutor.exact import enumerate_sequences
from sequence_tutor.reward import check_reward
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import ToyReward, make_toy


def test_one_seed_gives_one_problem_whatever_torch_drew_before() -> None:
    torch.manual_seed(1)
    first = make_toy(0).soft_optimum(1.0, 1.0)
    torch.manual_seed(2)
    again, other = make_toy(0).soft_optimum(1.0, 1.0), make_toy(1).soft_optimum(1.0, 1.0)
    assert first.value == again.value
    assert first.value != other.value
    for one, same in zip(first.psi, again.psi, strict=True):
        assert torch.equal(one, same)


def test_the_prior_is_far_from_uniform_and_remembers() -> None:
    toy = make_toy(0)
    log_prior = toy.space.log_policy(toy.prior.sequence_log_probs)[5]  # (4^5, 4)
    entropy = -(log_prior.exp() * log_prior).sum(1)
    assert 0.3 < float(entropy.mean()) < 1.25  # ln 4 = 1.386
    assert float(entropy.std()) > 0.04


@pytest.mark.parametrize("terminal", [False, True])
def test_the_reward_keeps_its_protocol(terminal: bool) -> None:
    check_reward(ToyReward(4, 6, generator(), terminal=terminal), vocab_size=4)


def test_rewards_have_a_scale_of_one_to_two_and_depend_on_the_whole_beginning() -> None:
    batch = enumerate_sequences(4, 6)
    terms = ToyReward(4, 6, generator())(batch)
    assert terms.shape == (4096, 6, 2)
    assert 1 < float(terms.sum(2).std()) < 2
    # with the last two tokens fixed, every beginning is paid its own number at the last step
    same_ending = (batch.tokens[:, 4:] == 2).all(1)
    prefix, pair = terms[same_ending, 5].unbind(1)
    assert len(prefix.unique()) == 256
    assert len(pair.unique()) == 1


def test_lengths_are_respected_and_the_terminal_reward_pays_once() -> None:
    batch = SequenceBatch.from_lists([[1, 2, 3], [1, 2]])
    every = ToyReward(4, 3, generator())(batch)
    last = ToyReward(4, 3, generator(), terminal=True)(batch)
    assert bool((every[1, 2] == 0).all())
    assert torch.equal(every[0, :2], every[1, :2])
    assert bool((last[0, :2] == 0).all())
    assert torch.equal(last[0, 2], every[0, 2])
    assert torch.equal(last[1, 1], every[1, 1])
