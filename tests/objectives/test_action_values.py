"""Every target worked out by hand on one small example.

Two tokens, three steps, gamma = 1/2, c = 2, rewards r = (2, 4, 6), so r / c = (1, 2, 3).
The tokens are (1, 0, 1); a second sequence is the first one cut to two tokens.

| t | X(s_t, .) | p(. given s_t) | psi: V = ln sum exp X | g: V = ln sum p exp X | q: V = max X |
|---|---|---|---|---|---|
| 0 | ln 1, ln 2 | 1/4, 3/4 | ln 3 | ln 7/4 | ln 2 |
| 1 | ln 3, ln 5 | 1/2, 1/2 | ln 8 | ln 4 | ln 5 |
| 2 | ln 1, ln 7 | 1/8, 7/8 | ln 8 | ln 50/8 | ln 7 |
"""

from collections.abc import Callable
from math import log

import pytest
import torch
from torch import Tensor

from sequence_tutor.objectives.action_values import (
    g_error,
    g_policy,
    g_value,
    one_step_target,
    psi_error,
    psi_policy,
    psi_value,
    q_error,
    q_value,
    shift_values,
    taken,
)

GAMMA = 0.5
TOKENS = torch.tensor([[1, 0, 1], [1, 0, 0]])
MASK = torch.tensor([[True, True, True], [True, True, False]])
VALUES = torch.tensor([[[1.0, 2.0], [3.0, 5.0], [1.0, 7.0]]], dtype=torch.float64).log()
VALUES = VALUES.expand(2, 3, 2)
LOG_PRIOR = torch.tensor([[[0.25, 0.75], [0.5, 0.5], [0.125, 0.875]]], dtype=torch.float64).log()
LOG_PRIOR = LOG_PRIOR.expand(2, 3, 2)
REWARD = torch.tensor([[1.0, 2.0, 3.0], [1.0, 2.0, 0.0]], dtype=torch.float64)


def target(pays: Tensor, value: Tensor) -> Tensor:
    return one_step_target(pays, shift_values(value, MASK), GAMMA)


def assert_target(computed: Tensor, whole: list[float], cut: list[float]) -> None:
    torch.testing.assert_close(computed[0], torch.tensor(whole, dtype=torch.float64))
    torch.testing.assert_close(computed[1, :2], torch.tensor(cut, dtype=torch.float64))


def test_psi_error_is_equation_14() -> None:
    errors = psi_error(taken(VALUES, TOKENS), VALUES, taken(LOG_PRIOR, TOKENS), REWARD, MASK, GAMMA)
    # Psi of the tokens is ln 2, ln 3, ln 7, and ln 2, ln 3
    assert_target(
        errors,
        [
            log(2) - (1 + log(3 / 4) + log(8) / 2),
            log(3) - (2 + log(1 / 2) + log(8) / 2),
            log(7) - (3 + log(7 / 8)),
        ],
        [log(2) - (1 + log(3 / 4) + log(8) / 2), log(3) - (2 + log(1 / 2))],
    )
    assert errors[1, 2] == 0


def test_g_error_is_equation_15() -> None:
    errors = g_error(taken(VALUES, TOKENS), VALUES, LOG_PRIOR, REWARD, MASK, GAMMA)
    # the prior's mean of exp G: 3/2 + 5/2 and 1/8 + 49/8
    assert_target(
        errors,
        [log(2) - (1 + log(4) / 2), log(3) - (2 + log(50 / 8) / 2), log(7) - 3],
        [log(2) - (1 + log(4) / 2), log(3) - 2],
    )
    assert errors[1, 2] == 0


def test_q_error_is_equation_4() -> None:
    q, log_prior = taken(VALUES, TOKENS), taken(LOG_PRIOR, TOKENS)
    errors = q_error(q, VALUES, log_prior, REWARD, MASK, GAMMA)
    assert_target(
        errors,
        [
            log(2) - (1 + log(3 / 4) + log(5) / 2),
            log(3) - (2 + log(1 / 2) + log(7) / 2),
            log(7) - (3 + log(7 / 8)),
        ],
        [log(2) - (1 + log(3 / 4) + log(5) / 2), log(3) - (2 + log(1 / 2))],
    )
    assert errors[1, 2] == 0
    # RL only, which knows no prior
    assert_target(
        q_error(q, VALUES, None, REWARD, MASK, GAMMA),
        [log(2) - (1 + log(5) / 2), log(3) - (2 + log(7) / 2), log(7) - 3],
        [log(2) - (1 + log(5) / 2), log(3) - 2],
    )
    # double: the learner would choose the other tokens, worth ln 3 and ln 1
    errors = q_error(q, VALUES, None, REWARD, MASK, GAMMA, VALUES.flip(2))
    assert_target(
        errors,
        [log(2) - (1 + log(3) / 2), log(3) - 2, log(7) - 3],
        [log(2) - (1 + log(3) / 2), log(3) - 2],
    )


@pytest.mark.parametrize("error", [psi_error, q_error])
def test_a_whole_equation_has_a_gradient_through_the_learner_alone(
    error: Callable[..., Tensor],
) -> None:
    values, target_values = VALUES.clone().requires_grad_(), VALUES.clone().requires_grad_()
    log_prior = taken(LOG_PRIOR, TOKENS)
    error(taken(values, TOKENS), target_values, log_prior, REWARD, MASK, GAMMA).sum().backward()
    assert target_values.grad is None
    assert values.grad is not None
    assert values.grad.sum(2).tolist() == [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]


def test_psi_target() -> None:
    pays = REWARD + taken(LOG_PRIOR, TOKENS)
    assert_target(
        target(pays, psi_value(VALUES)),
        [1 + log(3 / 4) + log(8) / 2, 2 + log(1 / 2) + log(8) / 2, 3 + log(7 / 8)],
        [1 + log(3 / 4) + log(8) / 2, 2 + log(1 / 2)],
    )


def test_q_target() -> None:
    pays = REWARD + taken(LOG_PRIOR, TOKENS)
    assert_target(
        target(pays, q_value(VALUES)),
        [1 + log(3 / 4) + log(5) / 2, 2 + log(1 / 2) + log(7) / 2, 3 + log(7 / 8)],
        [1 + log(3 / 4) + log(5) / 2, 2 + log(1 / 2)],
    )


def test_g_target_holds_the_prior_in_the_value_only() -> None:
    assert_target(
        target(REWARD, g_value(VALUES, LOG_PRIOR)),
        [1 + log(4) / 2, 2 + log(50 / 8) / 2, 3],
        [1 + log(4) / 2, 2],
    )


def test_rl_only_target_knows_no_prior() -> None:
    assert_target(
        target(REWARD, q_value(VALUES)),
        [1 + log(5) / 2, 2 + log(7) / 2, 3],
        [1 + log(5) / 2, 2],
    )


def test_double_q_takes_the_target_value_of_the_token_the_learner_would_choose() -> None:
    # the learner prefers 0, 0, 1; the target network's values of them are ln 1, ln 3, ln 7
    chooser = torch.tensor([[[1.0, 0.0], [4.0, 3.0], [0.0, 1.0]]], dtype=torch.float64)
    value = q_value(VALUES, chooser.expand(2, 3, 2))
    assert_target(
        target(REWARD, value),
        [1 + log(3) / 2, 2 + log(7) / 2, 3],
        [1 + log(3) / 2, 2],
    )


def test_policies() -> None:
    # psi at t = 1: 3/8, 5/8; g at t = 2: 1/8 * 1 and 7/8 * 7 are as 1 to 49
    expected = torch.tensor([3 / 8, 5 / 8], dtype=torch.float64)
    torch.testing.assert_close(psi_policy(VALUES)[0, 1].exp(), expected)
    expected = torch.tensor([1 / 50, 49 / 50], dtype=torch.float64)
    torch.testing.assert_close(g_policy(VALUES, LOG_PRIOR)[0, 2].exp(), expected)


def test_taken_picks_the_token_of_each_step() -> None:
    expected = torch.tensor([log(2), log(3), log(7)], dtype=torch.float64)
    torch.testing.assert_close(taken(VALUES, TOKENS)[0], expected)


def test_the_last_step_does_not_bootstrap_whatever_stands_beyond_it() -> None:
    value = torch.tensor([[5.0, 7.0, float("nan")]])
    mask = torch.tensor([[True, True, False]])
    assert shift_values(value, mask).tolist() == [[7.0, 0.0, 0.0]]


def test_no_gradient_passes_through_a_target() -> None:
    values = VALUES.clone().requires_grad_()
    pays = REWARD.clone().requires_grad_()
    for value in (psi_value(values), q_value(values), g_value(values, LOG_PRIOR)):
        assert not target(pays, value).requires_grad


def test_the_gradient_of_the_error_is_that_of_the_taken_value_alone() -> None:
    values = VALUES.clone().requires_grad_()
    error = (taken(values, TOKENS) - target(REWARD, psi_value(values)))[MASK]
    error.sum().backward()
    # one for each taken token inside a sequence, nothing else
    one_hot = torch.nn.functional.one_hot(TOKENS, 2) * MASK[:, :, None]
    assert values.grad is not None
    torch.testing.assert_close(values.grad, one_hot.double())


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(B, T, V\).*\(2, 3\) and \(2, 3\)"):
        taken(REWARD, TOKENS)
    with pytest.raises(ValueError, match=r"\(2, 3\), \(2, 2\)"):
        one_step_target(REWARD, REWARD[:, :2], GAMMA)
