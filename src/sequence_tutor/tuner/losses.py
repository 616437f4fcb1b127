"""From action values to a loss: one-step targets, path consistency, the whole sequence at once.

Which form is used follows from two settings, and is the same for every algorithm:

| `n_steps` | `paths` | the error |
|---|---|---|
| 1 | every | action value minus one-step target, by a target network (the paper) |
| n > 1, all | every | path-consistency residual from every step |
| all | whole | the whole sequence's surplus minus the batch's mean, and V fitted beside it |

The error of the first two forms belongs to a step, and the loss is its mean penalty over all steps
learned from. That of a whole sequence is divided by the root of the batch's mean length, so that
it too is per token, and a short sequence counts no more than a long one. Prioritised replay takes
these errors as its TD errors: those of steps as they are, and for a sequence their root mean
square over its steps, or its one error.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.objectives.action_values import (
    one_step_target,
    q_value,
    shift_values,
    taken,
)
from sequence_tutor.objectives.path_consistency import centred_total, residual
from sequence_tutor.tuner.algorithms import Algorithm, Experience
from sequence_tutor.tuner.settings import TuneSettings


def uses_target(settings: TuneSettings) -> bool:
    """Whether the loss bootstraps from a target network; residuals bootstrap from themselves."""
    return settings.n_steps == 1


@dataclass(frozen=True)
class Graded:
    """What a batch was found to miss.

    Attributes:
        loss: a scalar to descend.
        by_sequence: (B,), TD error of each sequence, without gradient.
        by_step: (B, T), TD error of each step, without gradient; None: only sequences have one.
    """

    loss: Tensor
    by_sequence: Tensor
    by_step: Tensor | None


def grade(
    algorithm: Algorithm,
    settings: TuneSettings,
    values: Tensor,
    target_values: Tensor | None,
    seen: Experience,
) -> Graded:
    """The loss of a batch and its TD errors.

    Args:
        algorithm: whose values these are.
        settings: choose the form.
        values: (B, T, V) of the network that learns.
        target_values: (B, T, V) of the target network, given where `uses_target`.
        seen: the batch.
    """
    robust = settings.optimiser.robust
    if target_values is not None:
        error = one_step_error(algorithm, settings, values, target_values, seen)
        return _by_step(error, seen, robust)
    value = algorithm.value(values, seen.log_prior)  # (B, T)
    surplus = algorithm.pays(seen) - (taken(values, seen.tokens) - value)  # (B, T)
    n_steps = None if settings.n_steps == "all" else settings.n_steps
    if settings.paths == "every":
        error = residual(value, surplus, seen.mask, settings.discount, n_steps)
        return _by_step(error, seen, robust)
    total = centred_total(surplus, seen.learned, settings.discount, seen.weight)  # (B,)
    per_token = total / seen.learned.sum(1).to(total).mean().sqrt()
    # V takes no part in the total; it follows the surplus that the policy now earns
    missed = residual(value, surplus.detach(), seen.mask, settings.discount)
    fit = _by_step(missed, seen, robust).loss
    loss = mean_penalty(per_token, seen.weight, robust) + settings.value_weight * fit
    return Graded(loss, per_token.detach().abs(), None)


def _by_step(error: Tensor, seen: Experience, robust: float) -> Graded:
    """Of errors (B, T); what is not learned from has no gradient, nor has padding."""
    weight = seen.weight[:, None].expand_as(error)  # (B, T)
    loss = mean_penalty(error[seen.learned], weight[seen.learned], robust)
    error = error.detach()
    squares = error.square().where(seen.learned, 0.0).sum(1) / seen.learned.sum(1)  # (B,)
    return Graded(loss, squares.sqrt(), error)


def one_step_error(
    algorithm: Algorithm,
    settings: TuneSettings,
    values: Tensor,
    target_values: Tensor,
    seen: Experience,
) -> Tensor:
    """Action values minus their targets, (B, T), zero where masked."""
    if settings.double:
        next_value = q_value(target_values, values.detach())
    else:
        next_value = algorithm.value(target_values, seen.log_prior)
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
