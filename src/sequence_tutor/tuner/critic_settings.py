"""Settings of the critic, which ranks sequences before they are scored."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from sequence_tutor.config.settings import Settings


class CriticSettings(Settings):
    """Candidates are ranked by a prediction of their return, and the best are scored."""

    candidates: int = Field(
        0,
        ge=0,
        description="sequences that the policy writes, and that are regrown, for each of them that "
        "is scored; 0: no critic, all are scored",
    )
    unranked: float = Field(
        0.25,
        gt=0,
        le=1,
        description="share of each collection that is scored as it was written, at least one "
        "sequence of the policy; divergences in the log are measured on it",
    )
    most: int = Field(
        2000,
        ge=100,
        le=20_000,
        description="scored sequences that it predicts from; best, newest "
        "and random ones are kept of more",
    )
    noise: float = Field(
        1e-4, gt=0, le=1, description="variance of a score, where the function predicted has 1"
    )
    lowest_beta: float = Field(
        0.01,
        gt=0,
        description="least beta of the upper confidence bound, mean + beta * standard deviation; "
        "returns are scaled to 0..1; drawn anew for each collection",
    )
    highest_beta: float = Field(1.0, gt=0, description="largest beta")
    generations: int = Field(
        5, ge=1, description="times that candidates are bred and ranked before any is scored"
    )
    children: int = Field(200, ge=2, description="sequences bred each time")

    @property
    def is_on(self) -> bool:
        """Whether there is a critic."""
        return self.candidates > 0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.lowest_beta > self.highest_beta:
            raise ValueError(
                f"lowest_beta is {self.lowest_beta}, expected at most highest_beta "
                f"= {self.highest_beta}"
            )
        return self
