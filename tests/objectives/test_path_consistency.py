"""Residuals worked out by hand, their gradients, and what they are at both ends of the family."""

import math

import pytest
import torch

from sequence_tutor.objectives.action_values import (
    g_value,
    one_step_target,
    psi_policy,
    psi_value,
    q_value,
    shift_values,
    taken,
)
from sequence_tutor.objectives.path_consistency import centred_total, residual, trajectory_balance

B, T, V = 5, 4, 3
LENGTHS = torch.tensor([4, 3, 4, 1, 2])
MASK = torch.arange(T) < LENGTHS[:, None]

# V(s) = 10, 20, 40 and surplus 1, 2, 3 at gamma = 1/2; the second row ends after two tokens.
#
# | n | t = 0 | t = 1 | t = 2 | cut: t = 0 | cut: t = 1 |
# |---|---|---|---|---|---|
# | 1 | 10 - (1 + 20/2) = -1 | 20 - (2 + 40/2) = -2 | 40 - 3 = 37 | -1 | 20 - 2 = 18 |
# | 2 | 10 - (1 + 2/2 + 40/4) = -2 | 20 - (2 + 3/2) = 16.5 | 37 | 10 - (1 + 2/2) = 8 | 18 |
# | all | 10 - (1 + 2/2 + 3/4) = 7.25 | 16.5 | 37 | 8 | 18 |
HAND_WORKED = [
    (1, [[-1.0, -2.0, 37.0], [-1.0, 18.0, 0.0]]),
    (2, [[-2.0, 16.5, 37.0], [8.0, 18.0, 0.0]]),
    (3, [[7.25, 16.5, 37.0], [8.0, 18.0, 0.0]]),
    (None, [[7.25, 16.5, 37.0], [8.0, 18.0, 0.0]]),
    (99, [[7.25, 16.5, 37.0], [8.0, 18.0, 0.0]]),
]


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("n_steps", "expected"), HAND_WORKED)
def test_residual_by_hand(n_steps: int | None, expected: list[list[float]]) -> None:
    value = torch.tensor([[10.0, 20.0, 40.0], [10.0, 20.0, math.nan]])
    surplus = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, math.inf]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    assert residual(value, surplus, mask, 0.5, n_steps).tolist() == expected


@pytest.mark.parametrize("n_steps", [1, 2, None])
def test_residual_differentiates_through_both_sides(n_steps: int | None) -> None:
    value, surplus = random(B, T).requires_grad_(), random(B, T, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda value, surplus: residual(value, surplus, MASK, 0.9, n_steps), (value, surplus)
    )
    residual(value, surplus, MASK, 0.9, n_steps)[:, 0].sum().backward()
    for tensor in (value, surplus):
        assert tensor.grad is not None
        assert bool((tensor.grad[:, 0] != 0).all())
        assert bool((tensor.grad[~MASK] == 0).all())


@pytest.mark.parametrize("discount", [1.0, 0.5, 0.0])
def test_one_step_residuals_are_the_one_step_errors(discount: float) -> None:
    values, log_prior = random(B, T, V), random(B, T, V, seed=1).log_softmax(-1)
    reward, tokens = random(B, T, seed=2), torch.randint(V, (B, T))
    paid_prior = reward + taken(log_prior, tokens)
    for pays, value in (
        (paid_prior, psi_value(values)),
        (paid_prior, q_value(values)),
        (reward, g_value(values, log_prior)),
    ):
        target = one_step_target(pays, shift_values(value, MASK), discount)
        error = (taken(values, tokens) - target).where(MASK, 0.0)
        surplus = pays - (taken(values, tokens) - value)
        torch.testing.assert_close(residual(value, surplus, MASK, discount, 1), error)


@pytest.mark.parametrize("n_steps", [1, 2, None])
def test_g_and_psi_have_one_residual_where_psi_is_log_p_plus_g(n_steps: int | None) -> None:
    g, log_prior = random(B, T, V), random(B, T, V, seed=1).log_softmax(-1)
    reward, tokens = random(B, T, seed=2), torch.randint(V, (B, T))
    value = g_value(g, log_prior)
    surplus = reward - (taken(g, tokens) - value)
    of_g = residual(value, surplus, MASK, 0.7, n_steps)
    psi = log_prior + g
    value = psi_value(psi)
    surplus = reward + taken(log_prior, tokens) - taken(psi_policy(psi), tokens)
    torch.testing.assert_close(residual(value, surplus, MASK, 0.7, n_steps), of_g)


def test_the_whole_sequence_from_its_start_is_trajectory_balance() -> None:
    # Malkin et al. 2022, Eq. 11: log Z + log pi(x) - log p(x) - r(x) / c
    psi, log_prior = random(B, T, V), random(B, T, V, seed=1).log_softmax(-1)
    reward, tokens = random(B, T, seed=2), torch.randint(V, (B, T))
    log_policy = taken(psi_policy(psi), tokens)
    surplus = reward + taken(log_prior, tokens) - log_policy
    balance = psi_value(psi)[:, 0] - surplus.where(MASK, 0.0).sum(1)
    torch.testing.assert_close(residual(psi_value(psi), surplus, MASK, 1.0)[:, 0], balance)
    missed = trajectory_balance(surplus, MASK, psi_value(psi)[:, 0])
    torch.testing.assert_close(missed, -balance)


def test_discounted_trajectory_balance_by_hand() -> None:
    # 1 + 2/2 + 4/4 - 3, and 6 + 2/2 - 3; of those with a given first token 2 + 4/2 - 3, and 2 - 3
    surplus = torch.tensor([[1.0, 2.0, 4.0], [6.0, 2.0, math.nan]])
    mask = surplus.isfinite()
    assert trajectory_balance(surplus, mask, 3.0, 0.5).tolist() == [0.0, 4.0]
    mask[:, 0] = False
    assert trajectory_balance(surplus, mask, 3.0, 0.5).tolist() == [1.0, -1.0]
    log_z = torch.tensor([1.0, 2.0])
    assert trajectory_balance(surplus, mask, log_z, 0.5).tolist() == [3.0, 0.0]


def test_centred_total_by_hand() -> None:
    # gamma = 1/2: 1 + 2/2 + 4/4 = 3 and 6 + 2/2 = 7, their mean is 5
    surplus = torch.tensor([[1.0, 2.0, 4.0], [6.0, 2.0, math.nan]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    assert centred_total(surplus, mask, 0.5).tolist() == [-2.0, 2.0]


def test_centred_total_differentiates_through_its_mean() -> None:
    surplus = random(B, T).requires_grad_()
    assert torch.autograd.gradcheck(lambda surplus: centred_total(surplus, MASK, 0.9), (surplus,))


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(5, 4\), \(5, 3\)"):
        residual(random(B, T), random(B, T - 1), MASK, 1.0)
    with pytest.raises(ValueError, match=r"\(5, 3\), \(5, 4\)"):
        centred_total(random(B, T - 1), MASK, 1.0)
