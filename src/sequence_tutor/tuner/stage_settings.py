"""Settings of one stage of a run."""

from __future__ import annotations

from pydantic import Field

from sequence_tutor.config.settings import Settings


class StageSettings(Settings):
    """One of the stages that a run goes through."""

    name: str | None = Field(None, description="how the log calls it; its number if unset")
    steps: int | None = Field(None, ge=1, description="most updates; those of tune if unset")
    c: float | None = Field(None, gt=0, description="temperature; that of tune if unset")
    weights: dict[str, float] = Field(
        default_factory=dict,
        description="weights of reward terms, 0 leaves one out; terms not named keep the reward's",
    )
    until_reward: float | None = Field(
        None, description="ends the stage once reward_per_sequence is at least this"
    )
    until_stalled: int | None = Field(
        None, ge=1, description="ends it after so many evaluations without a better reward"
    )
