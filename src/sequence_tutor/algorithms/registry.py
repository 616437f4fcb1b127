"""All algorithms by name: those of this package, and those of other installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any

from sequence_tutor.algorithms.action_values import GLearning, PsiLearning, QLearning, RLOnly
from sequence_tutor.algorithms.algorithm import Algorithm
from sequence_tutor.algorithms.bahdanau import BahdanauActorCritic
from sequence_tutor.algorithms.group_baselines import GRPO, RLOO
from sequence_tutor.algorithms.mixer import Mixer
from sequence_tutor.algorithms.origins import FoxG, RawlikPsi
from sequence_tutor.algorithms.policy_gradients import DAP, PPO, ActorCritic, Reinforce, ReinforceKL
from sequence_tutor.algorithms.raml import DPG, GDC, RAML
from sequence_tutor.algorithms.raml_edits import RAMLEditDistance, RAMLEdits
from sequence_tutor.algorithms.transfer import Transfer
from sequence_tutor.config.packages import loaded_class, made, offered
from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, shown

SHIPPED: Mapping[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (
        PsiLearning(),
        GLearning(),
        QLearning(),
        RLOnly(),
        Reinforce(),
        ReinforceKL(),
        ActorCritic(),
        PPO(),
        DAP(),
        RAML(),
        RLOO(),
        GRPO(),
        DPG(),
        GDC(),
        RawlikPsi(),
        FoxG(),
        Mixer(),
        BahdanauActorCritic(),
        RAMLEdits(),
        RAMLEditDistance(),
        Transfer(),
    )
}
"""The algorithms of this package."""


def algorithm_names() -> list[str]:
    """The names of all algorithms, those of this package first."""
    return list(dict.fromkeys((*SHIPPED, *_offered())))


def find_algorithm(name: str) -> Algorithm:
    """The algorithm of that name.

    Raises:
        UserError: no installed package has it, or what has its name is not an algorithm.
    """
    if name in SHIPPED:
        return SHIPPED[name]
    offered = _offered()
    if name not in offered:
        raise UserError(f"algorithm is {shown(name)}: {nearest(name, algorithm_names())}")
    return _loaded(offered[name])


def needs_of(name: str) -> Mapping[str, Any]:
    """Tables with which an algorithm overrides every preset; none for an unknown name."""
    known = name in SHIPPED or name in _offered()
    return {"tune": find_algorithm(name).needs} if known else {}


def _offered() -> Mapping[str, EntryPoint]:
    """Algorithms of other installed packages, not yet loaded."""
    return offered("sequence_tutor.algorithms")


@cache
def _loaded(point: EntryPoint) -> Algorithm:
    asked = f"algorithm is {point.name!r}"
    found: type[Algorithm] = loaded_class(point, Algorithm, asked)
    name = getattr(found, "name", None)
    if name != point.name:
        raise UserError(
            f"{asked}: {point.value} is called {shown(name)}, expected a class that is "
            "called as it is offered"
        )
    return made(found, asked)
