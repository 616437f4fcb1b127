"""Which reward judges a model: its own, or that of one model for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sequence_tutor.evaluation.model import Model


def yardstick(models: Sequence[Model]) -> Model:
    """The model whose reward judges all: the first tuned one, if any."""
    return next((model for model in models if model.tune is not None), models[0])


def by_one_yardstick(models: Sequence[Model]) -> list[Model]:
    """The same models, all judged by the reward of `yardstick`."""
    judge = yardstick(models)
    return [_judged(model, judge) for model in models]


def _judged(model: Model, judge: Model) -> Model:
    """A model with the judge's reward; a prior also with its length and prefix."""
    if model is judge or (model.tune is not None and judged_alike(model, judge)):
        return model
    beside = judge if model.tune is None and judge.tune is not None else model
    return replace(
        model,
        reward_settings=judge.reward_settings,
        rules=judge.rules,
        stage=judge.stage,
        trust=judge.trust,
        aims=judge.aims,
        shared_reward=judge.reward if model.stored.is_same(judge.stored) else None,
        length=beside.length,
        prefix=beside.prefix,
    )


def scored_here(model: Model) -> Model:
    """The same model, scored in this process: starting workers would take longer."""
    return replace(model, reward_settings=model.domain.computed_here(model.reward_settings))


def sharing_rewards(models: Sequence[Model]) -> list[Model]:
    """The same models; those with the same reward share one reward object.

    Raises:
        UserError: rules are missing, changed or broken.
    """
    shared: list[Model] = []
    for model in models:
        alike = next((other for other in shared if judged_alike(other, model)), model)
        shared.append(replace(model, shared_reward=alike.reward))
    return shared


def judged_alike(one: Model, other: Model) -> bool:
    """Whether both have the same reward and prior."""
    return rewarded_alike(one, other) and one.stored.is_same(other.stored)


def rewarded_alike(one: Model, other: Model) -> bool:
    """Whether both were asked for the same reward, whatever their priors."""
    return (_asked(one), one.stage.weights, one.rules, one.aims) == (
        _asked(other),
        other.stage.weights,
        other.rules,
        other.aims,
    )


def _asked(model: Model) -> dict[str, Any]:
    """The settings of its reward, without those of its computation only."""
    return model.reward_settings.model_dump(exclude=set(model.domain.computing))
