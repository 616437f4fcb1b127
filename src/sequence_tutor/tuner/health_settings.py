"""Settings of the health check."""

from __future__ import annotations

from pydantic import Field

from sequence_tutor.config.settings import Settings


class HealthSettings(Settings):
    """What a sick run looks like, and what is done about it."""

    stop: bool = Field(
        False, description="end a sick run, its last checkpoint intact; false: only say so"
    )
    distinct: float = Field(
        0.5, ge=0, le=1, description="collapse: a smaller share of the sampled sequences differs"
    )
    opening: float = Field(
        0.5,
        gt=0,
        le=1,
        description="one opening has taken over: a larger share begins so, and more than twice "
        "that of the untouched policy",
    )
    kl_per_token: float = Field(
        2.0, gt=0, description="KL running away: more nats per token from the prior"
    )
    share_term: str = Field(
        "valid", description="reward term whose mean is the share of valid sequences, if there"
    )
    share_drop: float = Field(
        0.1, gt=0, le=1, description="validity drop: that share is lower by this than it has been"
    )
    loss_growth: float = Field(
        20.0, gt=1, description="loss diverging: it is so many times what it has been"
    )
