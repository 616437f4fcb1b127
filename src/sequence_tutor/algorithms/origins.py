"""Psi- and G-learning in their original forms, whose prior is no model of data.

| method | its prior | its c |
|---|---|---|
| psi-rawlik | the policy of the last iteration; the first is the prior | any |
| g-fox | uniform | falls during training: set `c_begin` and `c` |

Both then end at a policy that knows nothing of the data. Where each iteration of psi-rawlik is
solved, the policy after n of them is p(x) exp(n r/c) / Z_n: KL-control at the temperature c / n. In
the original form an iteration is one backup of one-step targets.

Sources: Rawlik, Toussaint and Vijayakumar 2012, *On stochastic optimal control and reinforcement
learning by approximate inference*, section III (http://www.roboticsproceedings.org/rss08/p45.html);
Fox, Pakman and Tishby 2016, *Taming the noise in reinforcement learning via soft updates*, sections
3 and 4 (https://arxiv.org/abs/1512.08562).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.algorithms.action_values import FORMS, ActionValueMethod, PsiLearning
from sequence_tutor.algorithms.algorithm import Experience, Graded, Predicted
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.exact import Levels, soft_optimum
from sequence_tutor.models import Start
from sequence_tutor.objectives.action_values import (
    g_error,
    g_policy,
    g_value,
    psi_policy,
    taken,
    uniform_prior,
)

ONE_STEP: Mapping[str, Any] = {"n_steps": 1, "paths": "every"}
"""Both learn from one-step targets; `tune` and a file can say otherwise."""


class RawlikPsi(PsiLearning):
    """Psi-learning whose prior is its own policy when sequences were last collected.

    An iteration lasts from one collection to the next. With one-step targets its update is
    y = log pi'(a|s) + r/c + gamma V'(s'), pi' and V' those of the last iteration (Rawlik et al.
    2012, the update of Psi-learning; in later literature, dynamic policy programming).
    """

    name = "psi-rawlik"
    held = False
    target = "snapshot"
    reads = tuple(one for one in FORMS if one != "eta")
    needs = ONE_STEP

    def grade(self, settings: LossSettings, said: Predicted, seen: Experience) -> Graded:
        """The loss of Psi-learning, the last policy in the place of the prior."""
        if said.target is None:
            raise ValueError("psi-rawlik needs the policy of its last iteration")
        last = taken(psi_policy(said.target), seen.tokens)  # (B, T)
        return super().grade(settings, said, replace(seen, log_prior_taken=last))

    def optimum(self, log_prior: Levels, reward: Levels, c: float, discount: float) -> None:
        """None: it goes on to a single sequence."""


class FoxG(ActionValueMethod):
    """G-learning with the uniform prior: entropy-regularised, with no model of data.

    Two differences from Fox et al. 2016: 1 / c grows geometrically, from 1 / c_begin on, where
    they let it grow linearly; G is a network, where they have a table with a rate for each entry.
    """

    name = "g-fox"
    held = False
    starts: tuple[Start, ...] = ("zero",)
    equation = staticmethod(g_error)
    needs = ONE_STEP

    def policy(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """Exp(G), normalised."""
        return g_policy(values, uniform_prior(values))

    def value(self, values: Tensor, log_prior: Tensor | None) -> Tensor:
        """The log of the mean of exp(G) over all tokens."""
        return g_value(values, uniform_prior(values))

    def pays(self, seen: Experience) -> Tensor:
        """R / c."""
        return seen.reward

    def reference(self, seen: Experience) -> Tensor | None:
        """The uniform prior, (B, T, V)."""
        return seen.log_prior

    def one_step_error(self, settings: LossSettings, said: Predicted, seen: Experience) -> Tensor:
        """That of G-learning, the uniform prior in the place of the prior."""
        uniform = replace(seen, log_prior=uniform_prior(said.values))
        return super().one_step_error(settings, said, uniform)

    def optimum(self, log_prior: Levels, reward: Levels, c: float, discount: float) -> Levels:
        """That of KL-control with the uniform prior, where sequences have not ended yet."""
        uniform = tuple(
            level.where(_has_ended(level), -math.log(level.shape[1])) for level in log_prior
        )
        return soft_optimum(uniform, reward, c, discount).log_policy


def _has_ended(level: Tensor) -> Tensor:
    """(N, 1) bool: rows of `exact.space` after the end token, which allow the token 0 alone."""
    others = level[:, 1:] == -torch.inf
    return others.all(1, keepdim=True) & (level[:, :1] == 0)
