"""Settings of maximum-likelihood training."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sequence_tutor.config.settings import Settings
from sequence_tutor.models import NetworkSettings, RecurrentSettings


class PretrainSettings(Settings):
    """How a prior is trained."""

    network: NetworkSettings = RecurrentSettings()
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
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="of the network's products; weights and loss stay float32, as do products on "
        "a processor without AVX-512",
    )
    forget_bias: float = Field(
        0.0, description="added to an LSTM's initial forget biases; above 0 it forgets less"
    )
    order: Literal["drawn", "bucketed"] = Field(
        "drawn",
        description="batches drawn with replacement, or epochs of batches of similar length",
    )
    skip_loss: int = Field(
        0, ge=0, description="first tokens of a sequence that are excluded from the loss"
    )
    window: int = Field(256, ge=8, description="most tokens of a sequence in one update")
    crop: float = Field(
        0.5, ge=0, le=1, description="share of drawn sequences that begin at a later bar"
    )
    crop_grid: int = Field(16, ge=1, description="a crop begins at a multiple of so many tokens")
    evaluate_every: int = Field(250, ge=1, description="updates between two validations")
    patience: int = Field(
        8, ge=1, description="validations without improvement before stopping early"
    )
    probe_samples: int = Field(
        2000,
        ge=0,
        description="samples measured at every validation, if the domain can measure them",
    )
    final_samples: int = Field(10_000, ge=0, description="samples measured after training")
    seed: int = Field(0, ge=0, description="seed of weights and of the order of the data")

    @model_validator(mode="after")
    def _crops_are_drawn(self) -> PretrainSettings:
        if self.order == "bucketed" and self.crop > 0:
            raise ValueError(f"crop is {self.crop}, expected 0 where order is 'bucketed'")
        return self
