"""What a lag, and copies of the policy that sample meanwhile, do not go with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequence_tutor.tuner.settings import TuneSettings


def check_lag(settings: TuneSettings) -> None:
    """Refuse a lag, or copies of the policy, where what is sampled must be learned from at once.

    Raises:
        ValueError: saying which setting, and what was expected.
    """
    lag, rollouts = settings.lag, settings.rollouts
    if lag and settings.traits.on_policy:
        raise ValueError(
            f"lag is {lag}, expected 0: {settings.algorithm} learns from what the policy itself "
            "has just sampled"
        )
    if lag and (settings.target_kl is not None or settings.aims):
        raise ValueError(
            f"lag is {lag}, expected 0: aims and target_kl follow what was sampled just now"
        )
    if rollouts and not lag:
        raise ValueError(
            f"rollouts is {rollouts}, expected 0 without a lag: copies of the policy sample while "
            "it learns; give tune.lag too, with a method that may learn from older sequences"
        )
    explored = settings.exploration
    if rollouts and (explored.own < 1 or explored.given or settings.critic.is_on):
        raise ValueError(
            f"rollouts is {rollouts}, expected 0 beside regrow, breed, given and critic: copies of "
            "the policy write whole collections"
        )
