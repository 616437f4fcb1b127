"""Settings of the fence, outside which nothing is scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, field_validator, model_validator

from sequence_tutor.config.settings import Settings

if TYPE_CHECKING:
    from sequence_tutor.tuner.settings import TuneSettings

Window = tuple[float, float]


class FenceSettings(Settings):
    """What a sequence must be like to be scored at all."""

    log_p: float | None = Field(
        None,
        le=0,
        description="least log p of the prior in nats a token, the mean over a sequence and its "
        "end token",
    )
    log_p_percentile: float | None = Field(
        None,
        gt=0,
        lt=100,
        description="the same as a percentile of the prior's own sequences: 1 leaves out what is "
        "less likely than the least likely hundredth of these",
    )
    ranges: dict[str, Window] = Field(
        default_factory=dict,
        description="number of a sequence -> its least and its largest value, such as "
        "MolWt = [200, 500]",
    )
    percentiles: dict[str, Window] = Field(
        default_factory=dict,
        description="the same as percentiles of the prior's own sequences, such as logp = [1, 99]",
    )
    samples: int = Field(
        4096, ge=100, le=1_000_000, description="sequences of the prior for percentiles"
    )
    depth: float = Field(
        20.0,
        gt=0,
        description="what a sequence outside is paid instead of a score: minus this times c, so "
        "that many nats at the run's c",
    )

    @property
    def is_on(self) -> bool:
        """Whether there is a fence."""
        return bool(
            self.log_p is not None
            or self.log_p_percentile is not None
            or self.ranges
            or self.percentiles
        )

    @property
    def takes_samples(self) -> bool:
        """Whether some bound is a percentile."""
        return self.log_p_percentile is not None or bool(self.percentiles)

    @field_validator("ranges", "percentiles")
    @classmethod
    def _not_empty(cls, given: dict[str, Window]) -> dict[str, Window]:
        for name, (low, high) in given.items():
            if low > high:
                raise ValueError(f"{name} is [{low:g}, {high:g}], expected the lower number first")
        return given

    @field_validator("percentiles")
    @classmethod
    def _within_a_hundred(cls, given: dict[str, Window]) -> dict[str, Window]:
        for name, (low, high) in given.items():
            if low < 0 or high > 100:
                raise ValueError(f"{name} is [{low:g}, {high:g}], expected numbers from 0 to 100")
        return given

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        if self.log_p is not None and self.log_p_percentile is not None:
            raise ValueError("log_p and log_p_percentile are both set, expected one of them")
        if twice := sorted(self.ranges.keys() & self.percentiles.keys()):
            raise ValueError(f"{twice[0]} is in ranges and in percentiles, expected one of them")
        return self


def check_fence(settings: TuneSettings) -> None:
    """Refuse a fence beside settings that change what its depth is worth.

    Raises:
        ValueError: naming the first.
    """
    if not settings.fence.is_on:
        return
    if settings.aims:
        raise ValueError("fence is set beside aims, expected one of them: a range can be an aim")
    if settings.target_kl is not None:
        raise ValueError(
            f"fence is set beside target_kl = {settings.target_kl}, expected a fixed c: the fence "
            "pays in units of it"
        )
    floor = settings.reward_floor
    if floor is not None and floor > -settings.fence.depth:
        raise ValueError(
            f"reward_floor is {floor:g}, expected at most minus fence.depth = "
            f"{-settings.fence.depth:g}"
        )
