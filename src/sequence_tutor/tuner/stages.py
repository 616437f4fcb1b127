"""Stages: a run that goes from one c and one set of weights to the next.

Every stage tunes what the one before left, in one folder and with one replay: rewards are stored
term by term, so new weights need no new scores. Where the reward `Aggregates`, a stage's weights
are those in its mean or product. A term that a stage gives weight 0 is not computed in it, where
the reward `LeavesOut`; a later stage that weighs it first scores what is stored by it.
Learning rate, c and exploration follow the stage's own updates; `c_begin` is for the first stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError
from sequence_tutor.reward.protocol import Reward, shares_of
from sequence_tutor.reward.weighted import Reweighted
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stage_settings import StageSettings


@dataclass(frozen=True)
class Stage:
    """What one stage is tuned with.

    Attributes:
        name: for the log; None where the run has no stages.
        settings: those of the run with the stage's own c and number of updates.
        weights: (R,) of the reward's terms.
        shares: of the terms that another is made of, such as a mean; empty: none is.
        rule: when it is over before its last update.
    """

    name: str | None
    settings: TuneSettings
    weights: Tensor
    rule: StageSettings
    shares: Mapping[str, float] = field(default_factory=dict)

    def is_over(self, records: Sequence[Record]) -> bool:
        """Whether its stop rule holds after these evaluations, all of this stage."""
        rewards = [record["reward_per_sequence"] for record in records]
        if not rewards:
            return False
        if self.rule.until_reward is not None and rewards[-1] >= self.rule.until_reward:
            return True
        if self.rule.until_stalled is None:
            return False
        since_best = len(rewards) - 1 - rewards.index(max(rewards))
        return since_best >= self.rule.until_stalled


def stages_of(settings: TuneSettings, reward: Reward) -> list[Stage]:
    """The stages of a run; one that is the whole run where none are asked for.

    Raises:
        UserError: a stage gives a weight to a term that the reward does not have, or one that it
            cannot have.
    """
    shares = shares_of(reward)
    if settings.aims_alone:
        reward = Reweighted(reward, torch.zeros_like(reward.weights))
    if not settings.stages:
        return [Stage(None, settings, reward.weights, StageSettings(), shares)]
    stages = []
    for number, rule in enumerate(settings.stages, start=1):
        changed = {
            "steps": rule.steps or settings.steps,
            "c": rule.c or settings.c,
            "c_begin": settings.c_begin if number == 1 else None,
        }
        own = settings.model_copy(update=changed)
        name = rule.name or str(number)
        weights = stage_weights(name, rule, reward)
        stages.append(Stage(name, own, weights, rule, stage_shares(name, rule, shares)))
    return stages


def stage_shares(
    name: str, rule: StageSettings, shares: Mapping[str, float]
) -> Mapping[str, float]:
    """The weights in a mean or product with a stage's own in their places.

    Raises:
        UserError: one is below 0, or all are 0.
    """
    own = {term: rule.weights.get(term, weight) for term, weight in shares.items()}
    for term, weight in own.items():
        if weight < 0:
            raise UserError(
                f"stage {name}: the weight of {term!r} is {weight:g}, expected 0 or more in a mean "
                "or product"
            )
    if own and not any(own.values()):
        raise UserError(
            f"stage {name}: every term of the mean or product has weight 0, expected at least one "
            "above 0"
        )
    return own


def stage_weights(name: str, rule: StageSettings, reward: Reward) -> Tensor:
    """(R,) the reward's weights with a stage's own in their places, but for `stage_shares`."""
    shares = shares_of(reward)
    for term in rule.weights:
        if term not in reward.names:
            raise UserError(
                f"stage {name}: weight for {term!r}, which the reward does not score: "
                f"{nearest(term, reward.names)}"
            )
    weights = zip(reward.names, reward.weights.tolist(), strict=True)
    own = [weight if term in shares else rule.weights.get(term, weight) for term, weight in weights]
    return torch.tensor(own, dtype=torch.float64)


def most_steps(settings: TuneSettings) -> int:
    """Updates of all stages, if none ends early."""
    own = [rule.steps or settings.steps for rule in settings.stages]
    return sum(own) if own else settings.steps
