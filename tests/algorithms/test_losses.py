"""Losses by hand on one sequence of two tokens, V = 2, gamma = 1."""

import math

import pytest
import torch
from torch import Tensor

from sequence_tutor.algorithms.action_values import ActionValueMethod, mean_penalty
from sequence_tutor.algorithms.algorithm import Experience, Predicted
from sequence_tutor.algorithms.registry import SHIPPED
from sequence_tutor.models import ActionValueNetwork, RecurrentNetwork, RecurrentSettings, Start
from sequence_tutor.objectives.action_values import psi_policy, taken
from sequence_tutor.tuner.settings import TuneSettings

TOKENS = torch.tensor([[1, 0]])
MASK = torch.ones(1, 2, dtype=torch.bool)
REWARD = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
LOG_PRIOR = torch.tensor([[[0.25, 0.75], [0.5, 0.5]]], dtype=torch.float64).log()
# X(s_0, .) = ln 1, ln 2 and X(s_1, .) = ln 3, ln 5
VALUES = torch.tensor([[[1.0, 2.0], [3.0, 5.0]]], dtype=torch.float64).log()
LEVEL = VALUES.mean(-1)
SAID = Predicted(VALUES, LEVEL, VALUES)
ALGORITHMS = {
    name: algorithm
    for name, algorithm in SHIPPED.items()
    if isinstance(algorithm, ActionValueMethod)
}
LSTM = RecurrentNetwork(RecurrentSettings(width=2), 3, 4)
ONE = torch.ones(1, dtype=torch.float64)


def experience(tokens: Tensor, reward: Tensor) -> Experience:
    """Of sequences (B, 2) that all have the prior's probabilities above."""
    rows = len(tokens)
    prior = LOG_PRIOR.expand(rows, 2, 2)
    mask = MASK.expand(rows, 2)
    log_prior = taken(prior, tokens)
    return Experience(tokens, mask, reward, log_prior, prior, mask, ONE.expand(rows))


SEEN = experience(TOKENS, REWARD)


def settings(**changes: object) -> TuneSettings:
    return TuneSettings.model_validate({"n_steps": 1, "paths": "every", **changes})


def whole(algorithm: str, **changes: object) -> TuneSettings:
    """Whole sequences, for a policy gradient fresh from its own policy."""
    fresh = {"batch": 128, "collect": 128, "collect_every": 1, "replay": {"fresh": 1.0}}
    own = {} if algorithm in ALGORITHMS else fresh
    return TuneSettings.model_validate({"algorithm": algorithm, **own, **changes})


def error(algorithm: str, **changes: object) -> Tensor:
    chosen = settings(algorithm=algorithm, **changes)
    return ALGORITHMS[chosen.algorithm].one_step_error(chosen, SAID, SEEN)[0]


def test_one_step_errors_by_hand() -> None:
    ln = math.log
    assert_close(error("psi"), [ln(2) - (1 + ln(3 / 4) + ln(8)), ln(3) - (2 + ln(1 / 2))])
    # V(s_1) = ln(3/2 + 5/2)
    assert_close(error("g"), [ln(2) - (1 + ln(4)), ln(3) - 2])
    assert_close(error("q"), [ln(2) - (1 + ln(3 / 4) + ln(5)), ln(3) - (2 + ln(1 / 2))])
    assert_close(error("rl-only"), [ln(2) - (1 + ln(5)), ln(3) - 2])


def test_original_forms_by_hand() -> None:
    ln = math.log
    # V(s_1) = ln(3/2 + 5/2) with the uniform prior, which here is also that of s_1
    assert_close(error("g-fox"), [ln(2) - (1 + ln(4)), ln(3) - 2])
    # pi' of the target network: 2/3 at s_0 and 3/8 at s_1, in the place of 3/4 and 1/2
    loss = ALGORITHMS["psi-rawlik"].grade(settings(algorithm="psi-rawlik"), SAID, SEEN).loss
    errors = [ln(2) - (1 + ln(2 / 3) + ln(8)), ln(3) - (2 + ln(3 / 8))]
    assert_close(loss, (errors[0] ** 2 + errors[1] ** 2) / 2)


def test_double_q_takes_the_token_that_the_learner_would() -> None:
    chosen = settings(algorithm="q", double=True)
    swapped = VALUES.flip(2)  # the learner prefers token 0 at s_1, worth ln 3 to the target
    errors = ALGORITHMS["q"].one_step_error(chosen, Predicted(swapped, LEVEL, VALUES), SEEN)[0]
    assert_close(errors[:1], [math.log(1) - (1 + math.log(3 / 4) + math.log(3))])


def test_targets_carry_no_gradient() -> None:
    values = VALUES.clone().requires_grad_()
    target_values = VALUES.clone().requires_grad_()
    chosen = settings(algorithm="g")
    said = Predicted(values, LEVEL, target_values)
    ALGORITHMS["g"].one_step_error(chosen, said, SEEN).sum().backward()
    assert target_values.grad is None
    assert values.grad is not None
    # only the taken tokens, and each with slope one: nothing flows through the bootstrap
    assert values.grad[0].tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_residual_of_one_step_is_the_one_step_error() -> None:
    for name, algorithm in ALGORITHMS.items():
        if algorithm.target == "snapshot":  # its prior is that network's policy, in grade alone
            continue
        one_step = algorithm.grade(settings(algorithm=name), SAID, SEEN).loss
        every = settings(algorithm=name, n_steps=2)  # two steps reach the end from both steps
        by_path = algorithm.grade(every, Predicted(VALUES, LEVEL), SEEN).loss
        errors = algorithm.one_step_error(settings(algorithm=name), SAID, SEEN)[0]
        # path errors are sums of the one-step errors to the end
        assert_close(one_step, float(errors.square().mean()))
        assert_close(by_path, float(torch.stack([errors.sum(), errors[1]]).square().mean()))


def test_whole_sequences_are_centred_over_the_batch() -> None:
    tokens = torch.tensor([[1, 0], [0, 0]])
    seen = experience(tokens, REWARD.expand(2, 2))
    values = VALUES.expand(2, 2, 2)
    chosen = settings(n_steps="all", paths="whole", value_weight=0.0)
    computed = ALGORITHMS["psi"].grade(chosen, Predicted(values, values.mean(-1)), seen).loss
    # the totals differ only in log p - log pi of the first token:
    # ln(3/4) - ln(2/3) against ln(1/4) - ln(1/3); half their difference is each one's error
    half = (math.log(9 / 8) - math.log(3 / 4)) / 2
    assert_close(computed, half**2 / 2)  # per step: divided by T = 2


@pytest.mark.parametrize("n_steps", [2, "all"])
@pytest.mark.parametrize("algorithm", ["psi", "g", "q"])
def test_both_is_the_sum_of_whole_and_every(algorithm: str, n_steps: int | str) -> None:
    tokens = torch.tensor([[1, 0, 1], [0, 1, 1]])
    reward = torch.tensor([[1.0, 2.0, 0.5], [3.0, 5.0, 0.0]], dtype=torch.float64)
    prior = LOG_PRIOR[:, [0, 1, 0]].expand(2, 3, 2)
    all_of_it = torch.ones(2, 3, dtype=torch.bool)
    seen = Experience(
        tokens, all_of_it, reward, taken(prior, tokens), prior, all_of_it, ONE.expand(2)
    )

    def gradient(**changes: object) -> tuple[float, Tensor]:
        values = VALUES[:, [0, 1, 0]].expand(2, 3, 2).clone().requires_grad_()
        said = Predicted(values, values.mean(-1), values)
        chosen = whole(algorithm, **changes)
        loss = ALGORITHMS[algorithm].grade(chosen, said, seen).loss
        return loss.item(), torch.autograd.grad(loss, values)[0]

    both = gradient(paths="both", n_steps=n_steps, value_weight=0.5)
    total = gradient(value_weight=0.0)
    every = gradient(paths="every", n_steps=n_steps)
    assert (every[0] == pytest.approx(gradient(paths="every")[0])) == (n_steps == "all")
    assert both[0] == pytest.approx(total[0] + 0.5 * every[0])
    assert_close(both[1], (total[1] + 0.5 * every[1]).tolist())


@pytest.mark.parametrize("algorithm", ["psi", "g", "q", "rl-only", "actor-critic", "ppo"])
def test_fitting_v_moves_the_level_and_no_output_of_the_policy(algorithm: str) -> None:
    fits: dict[str, Tensor] = {}
    for weight in (0.0, 1.0):
        logits = torch.tensor([[[0.3, -1.0], [2.0, 0.1]]], dtype=torch.float64, requires_grad=True)
        level = torch.tensor([[0.7, -0.4]], dtype=torch.float64, requires_grad=True)
        actions = logits if algorithm == "g" else logits.log_softmax(-1)  # as each begins
        values = actions + level[..., None]
        chosen = whole(algorithm, value_weight=weight)
        target = values.detach() if algorithm == "ppo" else None
        SHIPPED[algorithm].grade(chosen, Predicted(values, level, target), SEEN).loss.backward()
        assert logits.grad is not None
        assert level.grad is not None
        fits[f"policy {weight}"], fits[f"level {weight}"] = logits.grad, level.grad
    assert torch.equal(fits["policy 0.0"], fits["policy 1.0"])
    assert fits["level 0.0"].abs().max() < 1e-12
    assert fits["level 1.0"].abs().min() > 0.1


@pytest.mark.parametrize("start", ["weights", "log_prior", "zero"])
def test_the_level_is_what_all_values_share_and_moves_no_policy(start: Start) -> None:
    network = ActionValueNetwork(LSTM, start)
    outputs = torch.randn(1, 2, 3 if start == "weights" else 4, dtype=torch.float64)
    outputs.requires_grad_()
    level = network.level(outputs)
    level.sum().backward()
    assert outputs.grad is not None
    before = psi_policy(network.of(outputs))
    after = psi_policy(network.of(outputs + 0.1 * outputs.grad))
    torch.testing.assert_close(before, after)
    moved = network.level(outputs + 0.1 * outputs.grad)
    assert (moved > level).all()


def test_robust_penalty_is_squared_near_zero_and_linear_beyond() -> None:
    errors = torch.tensor([0.5, -10.0])
    weight = torch.ones(2)
    assert_close(mean_penalty(errors, weight, 0.0), (0.25 + 100) / 2)
    assert_close(mean_penalty(errors, weight, 1.0), (0.25 + 2 * 10 - 1) / 2)


def test_an_untouched_psi_solves_a_zero_reward() -> None:
    seen = experience(TOKENS, torch.zeros_like(REWARD))
    errors = ALGORITHMS["psi"].one_step_error(
        settings(), Predicted(LOG_PRIOR, LEVEL, LOG_PRIOR), seen
    )
    assert errors.abs().max() < 1e-12
    torch.testing.assert_close(psi_policy(LOG_PRIOR), LOG_PRIOR)


def assert_close(computed: Tensor, expected: float | list[float]) -> None:
    torch.testing.assert_close(
        computed, torch.tensor(expected, dtype=computed.dtype), rtol=1e-6, atol=1e-9
    )
