"""Aims in the layers of settings: whose count, and whether the reward's weights count beside them.

Aims that a user gives are all that is aimed at, in place of a preset's; with `extends = "default"`
among them they are added to the preset's. They stand alone, without the preset's weights, unless
the user gives weights, terms or c beside them; and a user's weights without aims leave out the
preset's aims.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sequence_tutor.config.presets import Tables
from sequence_tutor.errors import SettingsError, shown

AIMS = "aims"
"""The table; also the preset with which a user's aims are tuned where a domain has it."""

EXTENDS = "extends"
"""Under `[aims]`: whether they are added to those of the preset."""


def aim_layers(preset: Tables, given: Tables) -> tuple[Tables, Tables]:
    """A preset and what a user gives, so that laid over each other they hold the right aims.

    Raises:
        SettingsError: `extends` is something else than "default".
    """
    aims = given.get(AIMS, {})
    if not isinstance(aims, Mapping):
        return preset, given  # its shape is judged elsewhere
    extends = aims.get(EXTENDS)
    if extends not in (None, "default"):
        raise SettingsError(f"{AIMS}.{EXTENDS} is {shown(extends)}, expected 'default'")
    own = {name: value for name, value in aims.items() if name != EXTENDS}
    if (own and extends is None) or (not own and _weighs(given)):
        preset = {name: value for name, value in preset.items() if name != AIMS}
    return preset, {**given, AIMS: own} if AIMS in given else given


def aimed(aims: Mapping[str, Any], tune: Tables, given: Tables) -> dict[str, Any]:
    """The aims as settings of tuning.

    Args:
        aims: row -> what it should be.
        tune: all tables of `tune` in one.
        given: what a user gives.
    """
    if not aims:
        return {}
    alone = tune.get("aims_alone", not _weighs(given))
    return {"aims": dict(aims), "aims_alone": alone}


def _weighs(given: Tables) -> bool:
    """Whether a user says how much the reward weighs."""
    reward, tune = given.get("reward", {}), given.get("tune", {})
    return bool(reward.get("weights") or reward.get("terms") or EXTENDS in reward or "c" in tune)
