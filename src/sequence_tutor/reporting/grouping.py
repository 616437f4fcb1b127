"""Groups of statistics: what can be heard or seen first, what only theory asks for last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sequence_tutor.domain import Domain
from sequence_tutor.estimates import Estimate
from sequence_tutor.evaluation.figures import FIGURES
from sequence_tutor.evaluation.statistics import OPTIMALITY

Group = Literal["like", "reward", "part", "near", "theory"]
"""What the sequences are like; the reward, and one of its parts; variety and distance from the
prior; distance from the optimum."""

TITLES: Mapping[tuple[Group, ...], str] = {
    ("like",): "What the {} are like",
    ("reward", "part"): "What they are paid",
    ("near",): "Variety, and distance from the prior",
    ("theory",): "Distance from the optimum",
}
"""Groups in the order and under the titles of the page; braces stand for the sequences' noun."""

WHOLE = "reward_per_sequence"
"""The statistic that the parts of the reward add up to."""

_THEORY = {*OPTIMALITY, "kl_to_optimum_per_sequence", "kl_to_own_optimum_per_sequence", "seconds"}


def group_of(name: str, domain: Domain) -> Group:
    """The group of a statistic."""
    if name == WHOLE:
        return "reward"
    if name.startswith("reward_"):
        return "part"
    if name in _THEORY or name.startswith("log_z_"):
        return "theory"
    if name.startswith("kl_to_"):
        return "near"
    return "like" if name in domain.figures or name not in FIGURES else "near"


def is_all_of_it(name: str, columns: Sequence[Mapping[str, Estimate]]) -> bool:
    """Whether a part of the reward is all of it in every column that has it."""
    if not name.startswith("reward_") or name in (WHOLE, "reward_inside"):
        return False
    both = [(own[name].value, own[WHOLE].value) for own in columns if {name, WHOLE} <= own.keys()]
    return bool(both) and all(part == whole for part, whole in both)
