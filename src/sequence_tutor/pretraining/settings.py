"""Settings of maximum-likelihood training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.models import RecurrentSettings


class PretrainSettings(Settings):
    """How a prior is trained."""

    network: RecurrentSettings = RecurrentSettings()
    steps: int = Field(6000, ge=1, description="updates at most")
    batch: int = Field(32, ge=1, description="sequences per update")
    learning_rate: float = Field(0.008, gt=0, description="Adam's first learning rate")
    schedule: Literal["cosine", "exponential", "constant"] = Field(
        "cosine", description="how the learning rate falls"
    )
    decay: float = Field(0.85, gt=0, le=1, description="factor of the exponential schedule")
    decay_every: int = Field(1000, ge=1, description="updates between two such factors")
    gradient_norm: float = Field(5.0, gt=0, description="gradients are scaled down to this L2 norm")
    l2: float = Field(0.0, ge=0, description="weight of the squared L2 norm in the loss")
    skip_loss: int = Field(0, ge=0, description="first tokens of a sequence that are not learned")
    window: int = Field(256, ge=8, description="most tokens of a sequence in one update")
    crop: float = Field(
        0.5, ge=0, le=1, description="share of sequences that begin at a later bar in an update"
    )
    crop_grid: int = Field(16, ge=1, description="tokens between two places where a crop begins")
    evaluate_every: int = Field(250, ge=1, description="updates between two looks at validation")
    patience: int = Field(8, ge=1, description="looks without improvement before stopping early")
    seed: int = Field(0, ge=0, description="seed of weights and of the order of the data")
