"""Policy gradients against hand-worked numbers and against the exact gradient of the objective."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from sequence_tutor.exact import SequenceSpace, enumerate_sequences, soft_optimum
from sequence_tutor.objectives.path_consistency import trajectory_balance
from sequence_tutor.objectives.trajectories import (
    clipped_policy_gradient,
    generalised_advantage,
    group_relative,
    leave_one_out,
    of_others,
    policy_gradient,
    surplus,
    to_go,
)
from sequence_tutor.sequences import SequenceBatch

NAN = math.nan
MASK = torch.tensor([[True, True, True], [True, True, False]])


def test_to_go_by_hand() -> None:
    earned = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, NAN]])
    # 1 + 2/2 + 3/4, 2 + 3/2, 3; the second row ends after two tokens: 1 + 2/2, 2
    assert to_go(earned, MASK, 0.5).tolist() == [[2.75, 3.5, 3.0], [2.0, 2.0, 0.0]]


def test_leave_one_out_by_hand() -> None:
    returns = torch.tensor([[1.0, 2.0, 7.0], [3.0, 4.0, NAN], [8.0, NAN, NAN]])
    mask = returns.isfinite()
    # nobody else reaches the third step of the first row
    assert leave_one_out(returns, mask).tolist() == [[5.5, 4.0, 0.0], [4.5, 2.0, 0.0], [2.0, 0, 0]]


def test_groups_by_hand() -> None:
    total = torch.tensor([1.0, 2.0, 6.0])
    # means of the others: 4, 3.5, 1.5
    assert of_others(total).tolist() == pytest.approx([-3.0, -1.5, 4.5])
    # mean 3, standard deviation sqrt((4 + 1 + 9) / 2)
    expected = [apart / math.sqrt(7) for apart in (-2.0, -1.0, 3.0)]
    assert group_relative(total).tolist() == pytest.approx(expected)
    assert group_relative(torch.ones(3)).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("size", [2, 63, 96, 512])
def test_rewards_that_differ_by_rounding_alone_give_no_advantage(size: int) -> None:
    equal = torch.linspace(-7.3, 9.1, 101)[:, None].expand(-1, size).contiguous()
    for total in equal:
        assert not group_relative(total).any()
    nearly = torch.full((size,), 0.3)
    nearly[::2] = torch.nextafter(nearly[::2], torch.tensor(1.0))
    assert not group_relative(nearly).any()


def test_generalised_advantage_by_hand() -> None:
    earned = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, NAN]])
    value = torch.tensor([[10.0, 20.0, 40.0], [10.0, 20.0, NAN]])
    # errors at gamma = 1/2: 1 + 10 - 10 = 1, 2 + 20 - 20 = 2, 3 - 40 = -37; short row: 1, -18
    assert generalised_advantage(earned, value, MASK, 0.5, 0.0).tolist() == [
        [1.0, 2.0, -37.0],
        [1.0, -18.0, 0.0],
    ]
    # lambda = 1/2, so each later error counts 1/4 as much
    assert generalised_advantage(earned, value, MASK, 0.5, 0.5).tolist() == [
        [1 + 2 / 4 - 37 / 16, 2 - 37 / 4, -37.0],
        [1 - 18 / 4, -18.0, 0.0],
    ]
    # lambda = 1: the return minus V
    expected = (to_go(earned, MASK, 0.5) - value).where(MASK, 0.0)
    assert generalised_advantage(earned, value, MASK, 0.5, 1.0).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "slope"),
    [
        (1.0, 2.0, -2.0, -2.0),
        (1.5, 2.0, -2.4, 0.0),  # clipped at 1.2: nothing more to gain
        (0.5, 2.0, -1.0, -1.0),  # too low a ratio of a good token is always mended
        (0.5, -2.0, 1.6, 0.0),  # clipped at .8
        (1.5, -2.0, 3.0, 3.0),  # too high a ratio of a bad token as well
    ],
)
def test_clipping_by_hand(ratio: float, advantage: float, loss: float, slope: float) -> None:
    log_policy = torch.tensor([[math.log(ratio)]], dtype=torch.float64).requires_grad_()
    mask = torch.ones(1, 1, dtype=torch.bool)
    value = clipped_policy_gradient(
        log_policy, torch.zeros(1, 1), torch.tensor([[advantage]]), mask, 0.2
    )
    value.backward()
    assert value.item() == pytest.approx(loss)
    assert log_policy.grad is not None
    assert log_policy.grad.item() == pytest.approx(slope)


def test_balance_by_hand() -> None:
    missed = trajectory_balance(torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, NAN]]), MASK, 4.0)
    assert missed.tolist() == [2.0, -1.0]


@pytest.mark.parametrize("name", ["reward", "log_prior", "log_policy"])
def test_shapes_are_checked(name: str) -> None:
    arguments = dict.fromkeys(("reward", "log_prior", "log_policy"), torch.zeros(2, 3))
    with pytest.raises(ValueError, match="one shape"):
        surplus(**{**arguments, name: torch.zeros(2, 2)}, mask=MASK)


class Tabular:
    """A policy with a free logit for every prefix and token, over sequences that may end early.

    V = 3, T = 3, token 2 ends. The prior and the reward are random; c = .7.
    """

    space = SequenceSpace(3, 3, end_token=2)
    c = 0.7

    def __init__(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        sizes = [3**t for t in range(3)]

        def draw(scale: float) -> list[Tensor]:
            return [
                scale * torch.randn(n, 3, generator=generator, dtype=torch.float64) for n in sizes
            ]

        self.batch = enumerate_sequences(3, 3, end_token=2)
        self.log_prior = [logits.log_softmax(1) for logits in draw(1.0)]
        self.reward = draw(1.5)
        self.logits = [logits.requires_grad_() for logits in draw(0.8)]

    def along(self, table: list[Tensor]) -> Tensor:
        """(B, T): the table's entry at each step of every sequence."""
        tokens = self.batch.tokens
        prefix = torch.zeros(len(tokens), dtype=torch.int64)
        columns = []
        for t, level in enumerate(table):
            columns.append(level[prefix, tokens[:, t]])
            prefix = prefix * 3 + tokens[:, t]
        return torch.stack(columns, 1).where(self.batch.mask, 0.0)

    def log_policy(self) -> Tensor:
        return self.along([logits.log_softmax(1) for logits in self.logits])

    def surplus(self) -> Tensor:
        return surplus(
            self.along(self.reward) / self.c,
            self.along(self.log_prior),
            self.log_policy(),
            self.batch.mask,
        )

    def to_optimum(self) -> None:
        """Set the policy to the exact soft optimum, by dynamic programming."""
        table = self.space.log_policy(_lookup(self.log_prior))
        rewards = self.space.rewards(lambda batch: Rows(self, batch).rewards)
        optimum = soft_optimum(table, rewards, self.c, 1.0)
        for logits, level in zip(self.logits, optimum.log_policy, strict=True):
            logits.data.copy_(level.clamp(min=-1e3))

    def gradient(self, scalar: Tensor) -> Tensor:
        parts = torch.autograd.grad(scalar, self.logits, retain_graph=True, allow_unused=True)
        return torch.cat(
            [
                (torch.zeros_like(logits) if part is None else part).flatten()
                for part, logits in zip(parts, self.logits, strict=True)
            ]
        )

    def expected(self, loss: Callable[[slice], Tensor]) -> Tensor:
        """The mean under pi of the gradient of the loss of one sequence."""
        probability = self.log_policy().sum(1).exp().detach()  # (B,)
        rows = [slice(b, b + 1) for b in range(len(probability))]
        return sum(
            (p * self.gradient(loss(row)) for p, row in zip(probability, rows, strict=True)),
            torch.zeros(()),
        )

    def exact_gradient(self, earned: Callable[[], Tensor]) -> Tensor:
        """The gradient of sum_x pi(x) earned(x), by enumeration."""
        return self.gradient((self.log_policy().sum(1).exp() * earned()).sum())


class Rows:
    """The table's rewards for any batch of sequences, as the exact space asks for them."""

    def __init__(self, problem: Tabular, batch: SequenceBatch) -> None:
        prefix = torch.zeros(len(batch), dtype=torch.int64)
        columns = []
        for t, level in enumerate(problem.reward):
            columns.append(level[prefix, batch.tokens[:, t]])
            prefix = prefix * 3 + batch.tokens[:, t]
        self.rewards = torch.stack(columns, 1)


def _lookup(table: list[Tensor]) -> Callable[[Tensor], Tensor]:
    def log_probs(tokens: Tensor) -> Tensor:
        prefix = torch.zeros(len(tokens), dtype=torch.int64)
        levels = []
        for t, level in enumerate(table):
            levels.append(level[prefix])
            prefix = prefix * 3 + tokens[:, t]
        return torch.stack(levels, 1)

    return log_probs


def kl_control(problem: Tabular) -> Tensor:
    """The exact gradient of E_pi[r/c + log p - log pi]."""
    return problem.exact_gradient(lambda: problem.surplus().sum(1))


def losses(problem: Tabular) -> dict[str, tuple[float, Callable[[slice], Tensor]]]:
    """Each method's loss of one sequence, and what its mean gradient is in units of -grad J."""
    log_policy, earned = problem.log_policy(), problem.surplus()
    mask = problem.batch.mask
    value = torch.linspace(-1, 1, mask.numel(), dtype=torch.float64).view_as(earned)
    # V must be a function of the prefix: here of the number of tokens alone
    value = value[:1].expand_as(value)

    def reinforce(row: slice) -> Tensor:
        returns = to_go(earned, mask, 1.0)[row]
        return policy_gradient(log_policy[row], returns, mask[row])

    def actor_critic(row: slice) -> Tensor:
        advantage = generalised_advantage(earned, value, mask, 1.0, 1.0)[row]
        return policy_gradient(log_policy[row], advantage, mask[row])

    def ppo(row: slice) -> Tensor:
        advantage = generalised_advantage(earned, value, mask, 1.0, 1.0)[row]
        return clipped_policy_gradient(log_policy[row], log_policy[row], advantage, mask[row], 0.2)

    def dap(row: slice) -> Tensor:
        return trajectory_balance(earned[row], mask[row], 0.0).square().mean()

    def learned_balance(row: slice) -> Tensor:
        return trajectory_balance(earned[row], mask[row], 3.0).square().mean()

    return {
        "reinforce": (1.0, reinforce),
        "actor-critic": (1.0, actor_critic),
        "ppo": (1.0, ppo),
        "dap": (2.0, dap),
        "trajectory-balance": (2.0, learned_balance),
    }


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", list(losses(Tabular(0))))
def test_mean_gradient_is_that_of_the_objective(name: str, seed: int) -> None:
    problem = Tabular(seed)
    factor, loss = losses(problem)[name]
    exact = kl_control(problem)
    assert exact.abs().max() > 0.05
    torch.testing.assert_close(problem.expected(loss), -factor * exact)


@pytest.mark.parametrize("name", list(losses(Tabular(0))))
def test_the_optimum_is_a_fixed_point(name: str) -> None:
    problem = Tabular(2)
    problem.to_optimum()
    _, loss = losses(problem)[name]
    assert problem.expected(loss).abs().max() < 1e-9


def test_without_kl_the_gradient_is_that_of_the_reward() -> None:
    problem = Tabular(3)
    reward, mask = problem.along(problem.reward) / problem.c, problem.batch.mask
    log_policy = problem.log_policy()
    returns = to_go(reward, mask, 1.0)
    exact = problem.exact_gradient(lambda: reward.sum(1))
    mean = problem.expected(lambda row: policy_gradient(log_policy[row], returns[row], mask[row]))
    torch.testing.assert_close(mean, -exact)


def test_balance_is_zero_for_every_sequence_at_the_optimum() -> None:
    problem = Tabular(4)
    problem.to_optimum()
    totals = trajectory_balance(problem.surplus(), problem.batch.mask, 0.0)
    weights = problem.along(problem.log_prior) + problem.along(problem.reward) / problem.c
    log_z = weights.sum(1).logsumexp(0)
    torch.testing.assert_close(totals, log_z.expand_as(totals))


def test_no_gradient_flows_where_none_should() -> None:
    log_policy, other = torch.zeros(2, 3).requires_grad_(), torch.ones(2, 3).requires_grad_()
    mask = torch.ones(2, 3, dtype=torch.bool)
    policy_gradient(log_policy, other, mask).backward()
    clipped_policy_gradient(log_policy, other, other, mask, 0.2).backward()
    assert other.grad is None
    assert not generalised_advantage(other, other, mask, 1.0, 0.9).requires_grad
