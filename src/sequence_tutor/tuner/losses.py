"""From action values to a loss: one-step targets, path consistency, the whole sequence at once.

Which form is used follows from two settings, and is the same for every algorithm:

| `n_steps` | `paths` | the error |
|---|---|---|
| 1 | every | action value minus one-step target, by a target network (the paper) |
| n > 1, all | every | path-consistency residual from every step |
| all | whole | the whole sequence's surplus minus the batch's mean, and V fitted beside it |
| all | first | the residual of the first step alone: trajectory balance, log Z = V(s_0) |

The error of the first two forms belongs to a step, and the loss is its mean penalty over all steps
learned from. That of a whole sequence is divided by the root of the batch's mean length, so that
it too is per token, and a short sequence counts no more than a long one. Prioritised replay takes
these errors as its TD errors: those of steps as they are, and for a sequence their root mean
square over its steps, or its one error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.objectives.action_values import (
    moving_level_alone,
    one_step_target,
    q_value,
    shift_values,
    taken,
)
from sequence_tutor.objectives.path_consistency import centred_total, residual
from sequence_tutor.tuner.experience import Experience, Graded
from sequence_tutor.tuner.settings import ON_POLICY, TuneSettings


def target_network(settings: TuneSettings) -> Literal["none", "average", "snapshot"]:
    """What the target network is: residuals bootstrap from themselves and need none.

    `average` follows the learner slowly (the paper); `snapshot` is the learner as it was when the
    last sequences were collected (PPO).
    """
    if settings.algorithm == "ppo":
        return "snapshot"
    by_values = settings.algorithm not in ON_POLICY
    return "average" if by_values and settings.n_steps == 1 else "none"


class ActionValues(Protocol):
    """What the errors need to know of an algorithm."""

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """V(s), (...), from action values (..., V)."""

    def pays(self, seen: Experience) -> Tensor:
        """What each step pays, (B, T)."""


def grade(
    algorithm: ActionValues,
    settings: TuneSettings,
    values: Tensor,
    level: Tensor,
    target_values: Tensor | None,
    seen: Experience,
) -> Graded:
    """The loss of a batch and its TD errors.

    Args:
        algorithm: whose values these are.
        settings: choose the form.
        values: (B, T, V) of the network that learns.
        level: (B, T), what all action values of a state share.
        target_values: (B, T, V) of the target network, or None, see `target_network`.
        seen: the batch.
    """
    robust = settings.optimiser.robust
    if target_values is not None:
        error = one_step_error(algorithm, settings, values, target_values, seen)
        return _by_step(error, seen, robust)
    value = algorithm.value(values, seen.prior)  # (B, T)
    surplus = algorithm.pays(seen) - (taken(values, seen.tokens) - value)  # (B, T)
    n_steps = None if settings.n_steps == "all" else settings.n_steps
    if settings.paths == "every":
        error = residual(value, surplus, seen.mask, settings.discount, n_steps)
        return _by_step(error, seen, robust)
    if settings.paths == "first":
        return _by_sequence(
            _first(residual(value, surplus, seen.learned, settings.discount), seen), seen, robust
        )
    total = centred_total(surplus, seen.learned, settings.discount, seen.weight)  # (B,)
    graded = _by_sequence(total, seen, robust)
    # V takes no part in the total; it follows the surplus that the policy now earns, and is no
    # reason for the policy to move
    follower = moving_level_alone(value, level)
    missed = residual(follower, surplus.detach(), seen.mask, settings.discount)
    fit = _by_step(missed, seen, robust).loss
    return replace(graded, loss=graded.loss + settings.value_weight * fit)


def _first(error: Tensor, seen: Experience) -> Tensor:
    """The entry of the first step that is learned from, (B, T) -> (B,)."""
    return error.gather(1, seen.learned.long().argmax(1, keepdim=True)).squeeze(1)


def _by_sequence(error: Tensor, seen: Experience, robust: float) -> Graded:
    """Of errors of whole sequences (B,), made errors per token."""
    per_token = error / seen.learned.sum(1).to(error).mean().sqrt()
    return Graded(mean_penalty(per_token, seen.weight, robust), per_token.detach().abs(), None)


def _by_step(error: Tensor, seen: Experience, robust: float) -> Graded:
    """Of errors (B, T); what is not learned from has no gradient, nor has padding."""
    weight = seen.weight[:, None].expand_as(error)  # (B, T)
    loss = mean_penalty(error[seen.learned], weight[seen.learned], robust)
    error = error.detach()
    squares = error.square().where(seen.learned, 0.0).sum(1) / seen.learned.sum(1)  # (B,)
    return Graded(loss, squares.sqrt(), error)


def one_step_error(
    algorithm: ActionValues,
    settings: TuneSettings,
    values: Tensor,
    target_values: Tensor,
    seen: Experience,
) -> Tensor:
    """Action values minus their targets, (B, T), zero where masked."""
    if settings.double:
        next_value = q_value(target_values, values.detach())
    else:
        next_value = algorithm.value(target_values, seen.prior)
    pays = algorithm.pays(seen).where(seen.mask, 0.0)
    target = one_step_target(pays, shift_values(next_value, seen.mask), settings.discount)
    return (taken(values, seen.tokens) - target).where(seen.mask, 0.0)


def mean_penalty(error: Tensor, weight: Tensor, robust: float) -> Tensor:
    """The mean of weight times the square of errors, both (N,).

    Where `robust` is set, errors beyond it count linearly: twice Huber's loss.
    """
    zero = torch.zeros_like(error)
    if robust:
        return (2 * weight * F.huber_loss(error, zero, reduction="none", delta=robust)).mean()
    return (weight * error.square()).mean()
