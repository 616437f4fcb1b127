"""Distances of learners to their optima, worked out by hand."""

from math import inf, log

import pytest
import torch

from sequence_tutor.exact import (
    HardOptimum,
    compare_greedy,
    kl_to_optimum,
    sequence_kl,
)

# Q* = (3, 1) at first, (5, 2) after token 0 and (0, 4) after token 1, of two steps.
Q = (
    torch.tensor([[3.0, 1.0]], dtype=torch.float64),
    torch.tensor([[5.0, 2.0], [0.0, 4.0]], dtype=torch.float64),
)
OPTIMUM = HardOptimum(Q, tuple(level.log_softmax(1) for level in Q), value=3.0, discount=0.5)


def test_sequence_kl_by_hand() -> None:
    # the sequence that the policy never writes costs nothing, even where the optimum is zero
    log_policy = torch.tensor([0.5, 0.5, 0.0]).log()
    assert sequence_kl(log_policy, torch.tensor([0.25, 0.75, 0.0]).log()) == pytest.approx(
        log(4 / 3) / 2
    )
    assert sequence_kl(log_policy, torch.tensor([0.0, 0.5, 0.5]).log()) == inf
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\)"):
        sequence_kl(log_policy, log_policy[:2])


def test_kl_to_optimum_is_that_of_whole_sequences() -> None:
    # the chain rule: the KL of the first tokens plus the expected KL of the second ones
    generator = torch.Generator().manual_seed(0)
    policy, optimum = (
        tuple(
            torch.randn(n, 3, generator=generator, dtype=torch.float64).log_softmax(1)
            for n in (1, 3)
        )
        for _ in range(2)
    )
    per_state = [
        (p.exp() * (p - o)).sum(1) for p, o in zip(policy, optimum, strict=True)
    ]  # (1,) and (3,)
    expected = per_state[0] + policy[0].exp() @ per_state[1]
    assert kl_to_optimum(policy, optimum) == pytest.approx(float(expected))
    assert kl_to_optimum(policy, policy) == 0


def test_a_perfect_learner_has_no_error() -> None:
    compared = compare_greedy(Q, OPTIMUM)
    assert (compared.on_path, compared.expected, compared.largest, compared.regret) == (0, 0, 0, 0)


def test_greedy_errors_by_hand() -> None:
    # the greedy sequence 0 0 meets the first state (error .5) and the one after 0 (error 1);
    # the state after 1 (error 3) is met with softmax(3, 1)'s probability of 1
    learned = (
        torch.tensor([[3.5, 0.0]], dtype=torch.float64),
        torch.tensor([[1.0, 6.0], [7.0, 0.0]], dtype=torch.float64),
    )
    compared = compare_greedy(learned, OPTIMUM)
    rare = float(OPTIMUM.log_policy[0][0, 1].exp())
    assert compared.on_path == 1
    assert compared.largest == 3
    assert compared.expected == pytest.approx((0.5 + (1 - rare) * 1 + rare * 3) / 2)
    # it writes 0 1, which earns 5 - 2 less at the second step, at gamma = 1/2
    assert compared.regret == pytest.approx(0.5 * 3)


def test_values_of_tokens_that_nobody_takes_do_not_count() -> None:
    learned = (Q[0], torch.tensor([[5.0, -9.0], [-9.0, 4.0]], dtype=torch.float64))
    assert compare_greedy(learned, OPTIMUM).largest == 0
