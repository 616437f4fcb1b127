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

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.algorithms.algorithm import Algorithm
from sequence_tutor.algorithms.experience import Experience, Graded, Predicted
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.models import Start
from sequence_tutor.objectives.action_values import moving_level_alone, taken
from sequence_tutor.objectives.path_consistency import centred_total, residual

FORMS = ("discount", "n_steps", "paths", "value_weight", "eta", "optimiser.robust")
"""Settings that choose among the forms, or that some of them read."""


class ActionValueMethod(Algorithm):
    """An algorithm whose loss is an error of action values, in any of the forms.

    Attributes:
        equation: of `objectives`, such as `psi_error`: the one-step error.
    """

    target = "average"
    starts: tuple[Start, ...] = ("log_prior", "weights")
    reads: tuple[str, ...] = FORMS
    equation: Callable[..., Tensor]

    def pays(self, seen: Experience) -> Tensor:
        """What each step pays, (B, T): R / c + log p."""
        return seen.reward + seen.log_prior_taken

    def reference(self, seen: Experience) -> Tensor | None:
        """The log prior of the equation: of the taken tokens, (B, T), or of all, (B, T, V)."""
        return seen.log_prior_taken

    def grade(self, settings: LossSettings, said: Predicted, seen: Experience) -> Graded:
        """The loss of a batch, in the form that the settings choose."""
        form = one_step if settings.n_steps == 1 else _BY_PATHS[settings.paths]
        return form(self, settings, said, seen)

    def one_step_error(self, settings: LossSettings, said: Predicted, seen: Experience) -> Tensor:
        """Action values minus their one-step targets, (B, T), zero where masked."""
        values = taken(said.values, seen.tokens)
        double = {"chooser": said.values.detach()} if settings.double else {}
        given = (said.target, self.reference(seen), seen.reward, seen.mask, settings.discount)
        return self.equation(values, *given, **double)


def one_step(
    algorithm: ActionValueMethod, settings: LossSettings, said: Predicted, seen: Experience
) -> Graded:
    """The paper's."""
    error = algorithm.one_step_error(settings, said, seen)
    return _by_step(error, seen, settings.optimiser.robust)


def every_path(
    algorithm: ActionValueMethod, settings: LossSettings, said: Predicted, seen: Experience
) -> Graded:
    """Path consistency from every step."""
    value, surplus = _value_and_surplus(algorithm, said, seen)
    n_steps = None if settings.n_steps == "all" else settings.n_steps
    error = residual(value, surplus, seen.mask, settings.discount, n_steps)
    return _by_step(error, seen, settings.optimiser.robust)


def first_path(
    algorithm: ActionValueMethod, settings: LossSettings, said: Predicted, seen: Experience
) -> Graded:
    """Trajectory balance, where log Z is V at the first step that is learned from."""
    value, surplus = _value_and_surplus(algorithm, said, seen)
    error = residual(value, surplus, seen.learned, settings.discount)  # (B, T)
    first = seen.learned.long().argmax(1, keepdim=True)  # (B, 1)
    return _by_sequence(error.gather(1, first).squeeze(1), seen, settings.optimiser.robust)


def whole_sequence(
    algorithm: ActionValueMethod, settings: LossSettings, said: Predicted, seen: Experience
) -> Graded:
    """Trajectory balance, where log Z is the batch's mean, and V is fitted beside it."""
    robust = settings.optimiser.robust
    value, surplus = _value_and_surplus(algorithm, said, seen)
    total = centred_total(surplus, seen.learned, settings.discount, seen.weight)  # (B,)
    graded = _by_sequence(total, seen, robust)
    # V takes no part in the total; it follows the surplus that the policy now earns, and is no
    # reason for the policy to move
    follower = moving_level_alone(value, said.level)
    missed = residual(follower, surplus.detach(), seen.mask, settings.discount)
    fit = _by_step(missed, seen, robust).loss
    return replace(graded, loss=graded.loss + settings.value_weight * fit)


_BY_PATHS = {"every": every_path, "whole": whole_sequence, "first": first_path}


def _value_and_surplus(
    algorithm: ActionValueMethod, said: Predicted, seen: Experience
) -> tuple[Tensor, Tensor]:
    """V(s_t), and what a step pays minus its advantage, both (B, T)."""
    value = algorithm.value(said.values, seen.log_prior)
    return value, algorithm.pays(seen) - (taken(said.values, seen.tokens) - value)


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


def mean_penalty(error: Tensor, weight: Tensor, robust: float) -> Tensor:
    """The mean of weight times the square of errors, both (N,).

    Where `robust` is set, errors beyond it count linearly: twice Huber's loss.
    """
    zero = torch.zeros_like(error)
    if robust:
        return (2 * weight * F.huber_loss(error, zero, reduction="none", delta=robust)).mean()
    return (weight * error.square()).mean()
