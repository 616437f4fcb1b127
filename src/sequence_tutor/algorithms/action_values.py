"""The algorithms of the paper: action values, and the five forms of the loss that fits them.

Let X be the action values (Q, Psi or G) and V their value. Each token leads to exactly one next
state, so at the optimum X(s_t, a_t) = pays_t + gamma V(s_t+1) for every token, likely or not. Two
settings, the same for every algorithm, choose the error that the loss is made of:

| `n_steps` | `paths` | the error |
|---|---|---|
| 1 | every | action value minus one-step target, by a target network (the paper) |
| n > 1, all | every | path-consistency residual from every step |
| n > 1, all | both | that of `whole`, and that of every path, which moves the policy, too |
| all | whole | the whole sequence's surplus minus the batch's mean, and V fitted beside it |
| all | first | the residual of the first step alone: trajectory balance, log Z = V(s_0) |

The first two forms have an error for each step, and the loss is its mean penalty over all learned
steps. The error of a whole sequence is divided by the root of the batch's mean length, so that the
loss is per token too and a short sequence counts no more than a long one. Prioritised replay uses
these errors as TD errors: one for each step, and for a sequence the root mean square over its
steps, or its one error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.algorithms.algorithm import (
    Algorithm,
    Experience,
    Graded,
    Predicted,
    Target,
)
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.models import Start
from sequence_tutor.objectives.action_values import (
    g_error,
    g_policy,
    g_value,
    moving_level_alone,
    psi_error,
    q_error,
    q_value,
    taken,
)
from sequence_tutor.objectives.path_consistency import centred_total, residual

FORMS = ("discount", "n_steps", "paths", "value_weight", "eta", "optimiser.robust")
"""Settings that choose a form, or that some form reads."""


class ActionValueMethod(Algorithm):
    """An algorithm whose loss is an error of action values, in any of the forms.

    Attributes:
        equation: of `objectives`, such as `psi_error`: the one-step error.
    """

    target: Target = "average"
    starts: tuple[Start, ...] = ("log_prior", "weights")
    reads: tuple[str, ...] = FORMS
    equation: Callable[..., Tensor]

    def pays(self, seen: Experience) -> Tensor:
        """Payment of each step, (B, T): r / c + log p."""
        return seen.reward + seen.log_prior_taken

    def reference(self, seen: Experience) -> Tensor | None:
        """Log prior for the one-step error: of the taken tokens, (B, T), or of all, (B, T, V)."""
        return seen.log_prior_taken

    def grade(self, settings: LossSettings, said: Predicted, seen: Experience) -> Graded:
        """The loss of a batch, in the form that the settings choose."""
        if settings.n_steps == 1:
            error = self.one_step_error(settings, said, seen)
            return _by_step(error, seen, settings.optimiser.robust)
        value = self.value(said.values, seen.log_prior)  # (B, T)
        surplus = self.pays(seen) - (taken(said.values, seen.tokens) - value)
        if settings.paths == "both":
            return both(settings, value, surplus, seen)
        if settings.paths == "whole":
            return whole_sequence(settings, moving_level_alone(value, said.level), surplus, seen)
        path = every_path if settings.paths == "every" else first_path
        return path(settings, value, surplus, seen)

    def one_step_error(self, settings: LossSettings, said: Predicted, seen: Experience) -> Tensor:
        """Action values minus their one-step targets, (B, T), zero where masked."""
        values = taken(said.values, seen.tokens)
        double = {"chooser": said.values.detach()} if settings.double else {}
        given = (said.target, self.reference(seen), seen.reward, seen.mask, settings.discount)
        return self.equation(values, *given, **double)


def every_path(settings: LossSettings, value: Tensor, surplus: Tensor, seen: Experience) -> Graded:
    """Path consistency from every step, from V(s_t) and surplus, both (B, T)."""
    n_steps = None if settings.n_steps == "all" else settings.n_steps
    error = residual(value, surplus, seen.mask, settings.discount, n_steps)
    return _by_step(error, seen, settings.optimiser.robust)


def first_path(settings: LossSettings, value: Tensor, surplus: Tensor, seen: Experience) -> Graded:
    """Trajectory balance, where log Z is V at the first learned step."""
    error = residual(value, surplus, seen.learned, settings.discount)  # (B, T)
    first = seen.learned.long().argmax(1, keepdim=True)  # (B, 1)
    return _by_sequence(error.gather(1, first).squeeze(1), seen, settings.optimiser.robust)


def both(settings: LossSettings, value: Tensor, surplus: Tensor, seen: Experience) -> Graded:
    """Trajectory balance, and `value_weight` times path consistency from every step.

    In the errors of every path the last tokens take part most often, and the first token once; in
    that of the whole sequence each token once, beside the noise of all others. Together they teach
    beginnings and ends at about one speed. The errors of paths are not divided by their length, so
    that long ones are the larger. Short paths have little noise and say at which token something
    was paid; the whole sequence still says what no short path can.
    """
    robust = settings.optimiser.robust
    total = centred_total(surplus, seen.learned, settings.discount, seen.weight)  # (B,)
    graded = _by_sequence(total, seen, robust)
    paths = every_path(settings, value, surplus, seen)
    return replace(graded, loss=graded.loss + settings.value_weight * paths.loss)


def whole_sequence(
    settings: LossSettings, follower: Tensor, surplus: Tensor, seen: Experience
) -> Graded:
    """Trajectory balance, where the batch's mean is log Z.

    V is fitted to the surplus as `follower` (B, T), whose gradient does not change the policy.
    """
    robust = settings.optimiser.robust
    total = centred_total(surplus, seen.learned, settings.discount, seen.weight)  # (B,)
    graded = _by_sequence(total, seen, robust)
    missed = residual(follower, surplus.detach(), seen.mask, settings.discount)
    fit = _by_step(missed, seen, robust).loss
    return replace(graded, loss=graded.loss + settings.value_weight * fit)


def _by_sequence(error: Tensor, seen: Experience, robust: float) -> Graded:
    """The loss from one error for each sequence (B,), divided so that it is per token."""
    per_token = error / seen.learned.sum(1).to(error).mean().sqrt()
    return Graded(mean_penalty(per_token, seen.weight, robust), per_token.detach().abs(), None)


def _by_step(error: Tensor, seen: Experience, robust: float) -> Graded:
    """The loss from one error for each step (B, T); only learned steps have a gradient."""
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


class PsiLearning(ActionValueMethod):
    """Generalised Psi-learning (2017 Eq. 14)."""

    name = "psi"
    equation = staticmethod(psi_error)


class GLearning(ActionValueMethod):
    """G-learning (2017 Eq. 15); the prior is part of value and policy, not of a step's payment."""

    name = "g"
    mixes_prior = True
    starts = ("zero", "weights")
    equation = staticmethod(g_error)

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The prior times exp(G), normalised."""
        return g_policy(values, _there(log_prior))

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The log of the prior's mean of exp(G)."""
        return g_value(values, _there(log_prior))

    def pays(self, seen: Experience) -> Tensor:
        """R / c."""
        return seen.reward

    def reference(self, seen: Experience) -> Tensor | None:
        """Log p(.|s), (B, T, V)."""
        return seen.log_prior


class QLearning(ActionValueMethod):
    """Q-learning with log-prior augmentation (2017 Eq. 4); its policy is the softmax of Q."""

    name = "q"
    fits = "hard"
    reads = (*FORMS, "double")
    equation = staticmethod(q_error)

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The largest Q."""
        return q_value(values)


class RLOnly(QLearning):
    """Q-learning on the task reward alone: the paper's baseline, which forgets the prior."""

    name = "rl-only"
    held = False

    def pays(self, seen: Experience) -> Tensor:
        """R / c."""
        return seen.reward

    def reference(self, seen: Experience) -> Tensor | None:
        """None."""
        return None


def _there(log_prior: Tensor | None) -> Tensor:
    if log_prior is None:
        raise ValueError("G-learning needs the prior's log-probabilities")
    return log_prior
