"""Which models are judged alike, and one reward between those that are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sequence_tutor.evaluation.model import Model


def scored_here(model: Model) -> Model:
    """The same, judged in this process: to start others takes longer than what they would do."""
    return replace(model, reward_settings=model.domain.computed_here(model.reward_settings))


def sharing_rewards(models: Sequence[Model]) -> list[Model]:
    """The same models, those that are judged alike with one reward between them.

    Raises:
        UserError: rules are missing, changed or broken.
    """
    shared: list[Model] = []
    for model in models:
        alike = next((other for other in shared if judged_alike(other, model)), model)
        shared.append(replace(model, shared_reward=alike.reward))
    return shared


def judged_alike(one: Model, other: Model) -> bool:
    """Whether the same sequence earns the same with both."""
    return rewarded_alike(one, other) and one.stored.is_same(other.stored)


def rewarded_alike(one: Model, other: Model) -> bool:
    """Whether both were asked for the same reward, whatever prior they came from."""
    return (_asked(one), one.stage.weights, one.rules) == (
        _asked(other),
        other.stage.weights,
        other.rules,
    )


def _asked(model: Model) -> dict[str, Any]:
    """The settings of its reward, without those that say only how it is computed."""
    return model.reward_settings.model_dump(exclude=set(model.domain.computing))
