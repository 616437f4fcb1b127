"""Aims in the layers of settings: whose count, and whether the reward's weights count beside them.

Where the preset `default` of a domain has aims, its preset `weights` takes its place for whoever
weighs and aims at nothing. Aims that a user gives are all that is aimed at, in place of a preset's;
with `extends = "default"` among them they are added to the preset's. They stand alone, without the
preset's weights, unless the user gives weights, terms or c beside them; and a user's weights
without aims leave out the preset's aims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sequence_tutor.algorithms.registry import algorithm_names, find_algorithm, needs_of
from sequence_tutor.config.presets import DEFAULT, Tables, preset_names
from sequence_tutor.errors import SettingsError, shown

AIMS = "aims"
"""The table; also the preset with which a user's aims are tuned where `default` has weights."""

WEIGHTS = "weights"
"""The preset with weights of a domain whose `default` has aims."""

EXTENDS = "extends"
"""Under `[aims]`: whether they are added to those of the preset."""


def usual_preset(
    verb: str, domain: str, preset: str, asked: Sequence[Tables], *, weighs: bool = False
) -> str:
    """The preset that `default` stands for; another one is itself.

    Args:
        verb: whose presets.
        domain: whose.
        preset: as it is asked for; `aims` is an older name of a `default` that has aims.
        asked: tables of the user, the highest first; nothing is known of their shape.
        weighs: whether something beside them has to be paid, such as rules of the user's own.
    """
    known = preset_names(verb, domain)
    if preset == AIMS and AIMS not in known and WEIGHTS in known:
        return DEFAULT
    if preset != DEFAULT:
        return preset
    if any(_table(tables, AIMS) for tables in asked):
        return AIMS if AIMS in known else preset
    if WEIGHTS in known and (weighs or any(map(_pays, asked)) or _holds_no_aims(asked)):
        return WEIGHTS
    return preset


def _pays(given: Tables) -> bool:
    """Whether a user's tables, of any shape, say how much is paid for what."""
    stages = given.get("stages")
    tables = [given, *_table(given, "algorithms").values()]
    tables += [{"reward": one, "tune": one} for one in stages] if isinstance(stages, list) else []
    shaped = [{name: _table(one, name) for name in ("reward", "tune")} for one in tables]
    return any(_weighs(one) or one["reward"].get("rules") for one in shaped)


def _holds_no_aims(asked: Sequence[Tables]) -> bool:
    """Whether a run could have no aims: for its algorithm, or for what else is asked of it."""
    tables = [_table(given, "tune") for given in asked]
    name = next((one["algorithm"] for one in tables if "algorithm" in one), None)
    if name in algorithm_names():
        if not find_algorithm(name).takes_aims:
            return True
        own = [_table(_table(given, "algorithms"), name) for given in asked]
        tables += [_table(one, "tune") for one in (*own, needs_of(name))]
    return any(map(_is_beyond_aims, tables))


def _is_beyond_aims(tune: Tables) -> bool:
    """Whether aims are refused beside some settings of tuning."""
    explores, critic = _table(tune, "exploration"), _table(tune, "critic")
    return bool(
        any(tune.get(name) for name in ("c_begin", "c_anneal", "target_kl", "lag"))
        or tune.get("discount", 1) != 1
        or explores.get("kind", "policy") != "policy"
        or explores.get("given")
        or critic.get("candidates")
    )


def _table(tables: object, name: str) -> Mapping[str, Any]:
    """A table of tables that has not been checked yet; empty where there is none."""
    found = tables.get(name) if isinstance(tables, Mapping) else None
    return found if isinstance(found, Mapping) else {}


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
