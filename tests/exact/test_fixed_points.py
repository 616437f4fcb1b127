"""Every form of every algorithm's error vanishes at that algorithm's own exact optimum."""

import pytest
import torch
from torch import Tensor

from sequence_tutor.algorithms.action_values import ActionValueMethod
from sequence_tutor.algorithms.algorithm import Experience
from sequence_tutor.algorithms.registry import find_algorithm
from sequence_tutor.exact import Levels, enumerate_sequences
from sequence_tutor.objectives.action_values import one_step_target, shift_values, taken
from sequence_tutor.objectives.path_consistency import centred_total, residual
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import ToyProblem, make_toy

C = 0.7
TOYS = [
    pytest.param(make_toy(0, length=4), id="per token"),
    pytest.param(make_toy(1, length=4, end_token=3, terminal=True), id="terminal, end token"),
]
NAMES = ("psi", "g", "q", "rl-only")


def action_values(name: str) -> ActionValueMethod:
    algorithm = find_algorithm(name)
    assert isinstance(algorithm, ActionValueMethod)
    return algorithm


def optimal_values(toy: ToyProblem, name: str, discount: float) -> Levels:
    if name == "psi":
        return toy.soft_optimum(C, discount).psi
    if name == "g":
        return toy.soft_optimum(C, discount).g
    return toy.hard_optimum(C, discount, augmented=name == "q").q


def on_sequences(levels: Levels, batch: SequenceBatch) -> Tensor:
    """(N, T, V): a table read along sequences; beyond a sequence's end, NaN."""
    code = torch.zeros(len(batch), dtype=torch.int64)
    columns = []
    for t, level in enumerate(levels):
        columns.append(level[code])
        code = code * level.shape[1] + batch.tokens[:, t]
    return torch.stack(columns, dim=1).where(batch.mask[:, :, None], torch.nan)


def everything(toy: ToyProblem) -> Experience:
    """Every sequence of the space, each once."""
    batch = enumerate_sequences(toy.space.vocab_size, toy.space.length, toy.space.end_token)
    prior = on_sequences(toy.space.log_policy(toy.prior.sequence_log_probs), batch)
    reward, weight = toy.reward(batch).sum(2) / C, torch.ones(len(batch))
    log_prior = taken(prior, batch.tokens)
    return Experience(batch.tokens, batch.mask, reward, log_prior, prior, batch.mask, weight)


def surplus_of(
    algorithm: ActionValueMethod, values: Tensor, seen: Experience
) -> tuple[Tensor, Tensor]:
    """V and pays - A, both (B, T)."""
    value = algorithm.value(values, seen.log_prior)
    return value, algorithm.pays(seen) - (taken(values, seen.tokens) - value)


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("discount", [1.0, 0.5])
@pytest.mark.parametrize("name", NAMES)
def test_every_residual_vanishes_at_the_optimum(
    toy: ToyProblem, name: str, discount: float
) -> None:
    algorithm, seen = action_values(name), everything(toy)
    values = on_sequences(optimal_values(toy, name, discount), SequenceBatch.full(seen.tokens))
    value, surplus = surplus_of(algorithm, values, seen)
    for n_steps in (1, 2, 3, None):
        assert float(residual(value, surplus, seen.mask, discount, n_steps).abs().max()) < 1e-10
    assert float(centred_total(surplus, seen.mask, discount).abs().max()) < 1e-10
    target = one_step_target(algorithm.pays(seen), shift_values(value, seen.mask), discount)
    assert float((taken(values, seen.tokens) - target)[seen.mask].abs().max()) < 1e-10


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("discount", [1.0, 0.5])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_steps", [2, None])
def test_whole_paths_have_no_other_fixed_point_than_the_optimum(
    toy: ToyProblem, name: str, discount: float, n_steps: int | None
) -> None:
    """Where all later steps are right, a residual is exactly what the action value misses.

    So zero residuals make the values right step by step, from the last to the first.
    """
    algorithm, seen = action_values(name), everything(toy)
    optimal = on_sequences(optimal_values(toy, name, discount), SequenceBatch.full(seen.tokens))
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(toy.space.vocab_size, generator=generator, dtype=torch.float64)
    for t in range(toy.space.length):
        wrong = optimal.clone()
        wrong[:, t] += noise  # (V,): every state of this step
        value, surplus = surplus_of(algorithm, wrong, seen)
        missed = residual(value, surplus, seen.mask, discount, n_steps)[:, t]
        expected = noise[seen.tokens[:, t]].where(seen.mask[:, t], 0.0)
        torch.testing.assert_close(missed, expected)


@pytest.mark.parametrize("toy", TOYS)
@pytest.mark.parametrize("discount", [1.0, 0.5])
def test_psi_is_log_p_plus_g_at_the_optimum_and_both_are_one_policy(
    toy: ToyProblem, discount: float
) -> None:
    optimum = toy.soft_optimum(C, discount)
    log_prior = toy.space.log_policy(toy.prior.sequence_log_probs)
    for psi, g, log_p, log_policy in zip(
        optimum.psi, optimum.g, log_prior, optimum.log_policy, strict=True
    ):
        torch.testing.assert_close(psi, log_p + g)
        torch.testing.assert_close(find_algorithm("psi").policy(psi, None), log_policy)
        torch.testing.assert_close(find_algorithm("g").policy(g, log_p), log_policy)


@pytest.mark.parametrize("name", NAMES)
def test_totals_differ_between_sequences_wherever_the_policy_is_not_optimal(
    name: str,
) -> None:
    toy = make_toy(0, length=4)
    algorithm, seen = action_values(name), everything(toy)
    optimal = on_sequences(optimal_values(toy, name, 0.5), SequenceBatch.full(seen.tokens))
    for t in range(toy.space.length):
        wrong = optimal.clone()
        wrong[:, t, 0] += 1.0
        _, surplus = surplus_of(algorithm, wrong, seen)
        assert float(centred_total(surplus, seen.mask, 0.5).abs().max()) > 1e-3
        # an offset of a state's values is no part of the policy, and the totals do not see it
        wrong = optimal.clone()
        wrong[:, t] += 1.0
        _, surplus = surplus_of(algorithm, wrong, seen)
        assert float(centred_total(surplus, seen.mask, 0.5).abs().max()) < 1e-10
