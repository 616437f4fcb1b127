"""The sampler of replay that settings ask for."""

from __future__ import annotations

from sequence_tutor.replay.sampling import PrioritySampler, Sampler
from sequence_tutor.replay.sequences import SequenceReplay
from sequence_tutor.tuner.settings import ReplaySettings


def make_sampler(settings: ReplaySettings, replay: SequenceReplay, first_step: int) -> Sampler:
    """By TD error where priorities are asked for, else by rank of return.

    Args:
        settings: see `ReplaySettings`.
        replay: the store.
        first_step: tokens before it were given to the policy and are not learned from.
    """
    if settings.priority == "none":
        return Sampler(replay, settings.by_return)
    return PrioritySampler(
        replay,
        by_step=settings.priority == "step",
        exponent=settings.priority_exponent,
        importance=(settings.importance_begin, settings.importance_end),
        first_step=first_step,
    )
