"""The settings that losses use, and the reason given if an algorithm does not use one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from sequence_tutor.config.settings import Settings


class OptimiserSettings(Settings):
    """How the values are fitted."""

    learning_rate: float = Field(1e-3, gt=0, description="Adam's learning rate")
    warm_up: int = Field(100, ge=0, description="updates over which it rises to that")
    fall_from: float = Field(
        0.5, ge=0, le=1, description="share of all updates after which it falls linearly to zero"
    )
    gradient_norm: float = Field(5.0, gt=0, description="gradients are scaled down to this L2 norm")
    robust: float = Field(
        0.0, ge=0, description="errors beyond this count linearly (Huber); 0: squared throughout"
    )
    average: int = Field(
        0,
        ge=0,
        description="updates over which the policy's weights are a moving average, which is what "
        "collects, is evaluated and kept; 0: the weights as they are after the last update",
    )


class LossSettings(Settings):
    """Settings that choose the form of a loss."""

    discount: float = Field(1.0, gt=0, le=1, description="gamma")
    n_steps: int | Literal["all"] = Field(
        "all", description="length of the targets' paths; 1 is the paper's one-step target"
    )
    paths: Literal["every", "whole", "both", "first"] = Field(
        "whole",
        description="every: an error for the path from every step; whole: one for the whole "
        "sequence against the others of its batch, with V fitted beside it; both: that and "
        "value_weight times every; first: one for the whole sequence against V at its beginning "
        "(trajectory balance); whole and first with n_steps = all, both with any but 1",
    )
    trace: float = Field(
        0.95, ge=0, le=1, description="lambda of the advantage (actor-critic and ppo)"
    )
    clip: float = Field(0.2, gt=0, lt=1, description="epsilon of the clipped ratio (ppo)")
    value_weight: float = Field(
        0.01, ge=0, description="weight of fitting V, or of every path, beside whole sequences"
    )
    double: bool = Field(False, description="double Q-learning (Q and RL only)")
    optimiser: OptimiserSettings = OptimiserSettings()


UNREAD: Mapping[str, str] = {
    "discount": "{} learns from the undiscounted sum of a whole sequence",
    "n_steps": "{} learns from whole sequences, not from paths",
    "paths": "{} learns from whole sequences, not from paths",
    "optimiser.robust": "{} descends no squared error that could count linearly",
    "trace": "{} has no advantage of many steps, as actor-critic and ppo have",
    "clip": "{} clips no ratio, as ppo does",
    "value_weight": "{} fits no V",
    "double": "{} has no one-step targets with a maximum, as q and rl-only have",
    "eta": "{} has no slow network, as one-step targets have",
}
"""Names for `Algorithm.reads`, each with the reason given to a user if it is not among them."""
