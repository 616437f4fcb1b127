"""How many updates a budget of scored sequences feeds."""

from __future__ import annotations

from sequence_tutor.errors import UserError
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import most_steps


def steps_for_budget(settings: TuneSettings, budget: int) -> int:
    """Updates of a run that scores exactly so many sequences, the last collection cut to fit.

    Args:
        settings: say how many are sampled before the first update and between updates.
        budget: sequences scored in all.
    """
    before = -(-settings.replay.warm_start // settings.collect) * settings.collect
    collections = -(-max(budget - before, 1) // settings.collect)
    return collections * settings.collect_every


def check_budget(settings: TuneSettings, seeds: int) -> None:
    """Refuse updates of a policy gradient after its budget is spent.

    Action values go on learning from replay. A policy gradient would learn from its last
    collection again and again, as if the policy, which has left it behind, had just written it.

    Args:
        settings: of the run.
        seeds: sequences that replay begins with, which count.

    Raises:
        UserError: there are such updates.
    """
    if settings.budget is None or not settings.traits.on_policy:
        return
    fed, asked = steps_for_budget(settings, settings.budget - seeds), most_steps(settings)
    if asked > fed:
        raise UserError(
            f"steps is {asked}, expected at most {fed}: {settings.algorithm} learns from what the "
            f"policy itself has just sampled, and then the budget of {settings.budget} is spent"
        )
