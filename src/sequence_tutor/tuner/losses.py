"""From action values to a loss: one-step targets, path consistency, the whole sequence at once.

Which form is used follows from two settings, and is the same for every algorithm:

| `n_steps` | `paths` | the error |
|---|---|---|
| 1 | every | action value minus one-step target, by a target network (the paper) |
| n > 1, all | every | path-consistency residual from every step |
| all | whole | the whole sequence's surplus minus the batch's mean, and V fitted beside it |
"""

from __future__ import annotations

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


def loss(
    algorithm: Algorithm,
    settings: TuneSettings,
    values: Tensor,
    target_values: Tensor | None,
    seen: Experience,
) -> Tensor:
    """The loss of a batch, a scalar.

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
        return mean_penalty(error[seen.mask], robust)
    value = algorithm.value(values, seen.log_prior)  # (B, T)
    surplus = algorithm.pays(seen) - (taken(values, seen.tokens) - value)  # (B, T)
    n_steps = None if settings.n_steps == "all" else settings.n_steps
    if settings.paths == "every":
        error = residual(value, surplus, seen.mask, settings.discount, n_steps)
        return mean_penalty(error[seen.mask], robust)
    total = centred_total(surplus, seen.mask, settings.discount)  # (B,)
    # V takes no part in the total; it follows the surplus that the policy now earns
    missed = residual(value, surplus.detach(), seen.mask, settings.discount)
    per_step = total / seen.mask.sum(1).to(total).sqrt()
    return mean_penalty(per_step, robust) + settings.value_weight * mean_penalty(
        missed[seen.mask], robust
    )


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


def mean_penalty(error: Tensor, robust: float) -> Tensor:
    """The mean square of errors (N,), or twice Huber's loss beyond `robust` where that is set."""
    zero = torch.zeros_like(error)
    if robust:
        return 2 * F.huber_loss(error, zero, delta=robust)
    return F.mse_loss(error, zero)
