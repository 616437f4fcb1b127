"""One settings file is one reward: the weights that it gives replace those of the preset.

A file with a table ``[reward.weights]`` says all that is scored, the tables ``[reward.terms.NAME]``
that it has beside it included; a file without one changes the preset's reward. With ``extends =
"default"`` under ``[reward]`` a file adds to the reward of that preset, value by value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from sequence_tutor.config.presets import Tables, preset_names, read_preset
from sequence_tutor.config.settings import nearest
from sequence_tutor.domain import Domain
from sequence_tutor.errors import SettingsError
from sequence_tutor.tuner.aim_tables import usual_preset

EXTENDS = "extends"
"""Under `[reward]`: the name of the preset that a file adds to."""

SAID = ("weights", "terms")
"""Tables of a reward that say what is scored; the first of a file is all of it."""


@runtime_checkable
class NamesOthers(Protocol):
    """Settings of a reward that would score more than their tables name."""

    def others_off(self, reward: Tables) -> Tables:
        """A reward's tables, where what they do not name has weight 0. A class method."""


def reward_layers(preset: Tables, given: Tables, domain: Domain) -> tuple[Tables, Tables]:
    """What is below a file and the file itself, so that laid over each other they are one reward.

    Args:
        preset: tables of `tune`; also what it says of single algorithms.
        given: tables of the file.
        domain: the domain.

    Raises:
        SettingsError: the file extends a preset that there is not.
    """
    reward: Tables = given.get("reward", {})
    if EXTENDS in reward:
        other = read_preset("tune", domain.name, _known(reward[EXTENDS], domain.name))
        if not any(name in other.get("reward", {}) for name in SAID):  # what there is without any
            built_in = domain.reward_settings().model_dump(mode="json", include=set(SAID))
            other = {**other, "reward": {**built_in, **other.get("reward", {})}}
        own = {name: value for name, value in reward.items() if name != EXTENDS}
        return _under(_with_rewards_of(preset, other), own), {**given, "reward": own}
    if not reward.get("weights"):
        return _under(preset, reward), given
    kind: object = domain.reward_settings
    if isinstance(kind, NamesOthers):
        given = {**given, "reward": kind.others_off(reward)}
    algorithms = {name: _silenced(tables) for name, tables in preset.get("algorithms", {}).items()}
    return {**_silenced(preset), "algorithms": algorithms}, given


def _known(name: object, domain: str) -> str:
    """The name of a preset, or a SettingsError."""
    known = preset_names("tune", domain)
    if isinstance(name, str) and name in known:
        return usual_preset("tune", domain, name, (), weighs=True)
    expected = nearest(str(name), known) if known else f"{domain} has none"
    raise SettingsError(f"reward.{EXTENDS} is {name!r}, expected a preset of tune: {expected}")


def _with_rewards_of(preset: Tables, other: Tables) -> dict[str, Any]:
    """A preset with the rewards of another, also those of single algorithms."""
    ours, theirs = preset.get("algorithms", {}), other.get("algorithms", {})
    algorithms = {
        name: {**_without(ours.get(name, {}), "reward"), **_only(theirs.get(name, {}), "reward")}
        for name in {**ours, **theirs}
    }
    return {**_without(preset, "reward"), **_only(other, "reward"), "algorithms": algorithms}


def _under(preset: Tables, reward: Tables) -> Tables:
    """A preset without the tables of terms that a file replaces by some of another kind."""
    if not isinstance(reward.get("terms"), Mapping) or "terms" not in preset.get("reward", {}):
        return preset
    terms = _other_kinds_out(preset["reward"]["terms"], reward["terms"])
    return {**preset, "reward": {**preset["reward"], "terms": terms}}


def _other_kinds_out(below: Tables, above: Tables) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in below.items():
        own = above.get(name)
        if not (isinstance(value, Mapping) and isinstance(own, Mapping)):
            kept[name] = value
        elif "kind" not in own or own["kind"] == value.get("kind"):
            kept[name] = _other_kinds_out(value, own)
    return kept


def _silenced(tables: Tables) -> dict[str, Any]:
    """Tables that do not say what is scored."""
    silent = {"reward": _without(tables["reward"], *SAID)} if "reward" in tables else {}
    return {**tables, **silent}


def _without(tables: Tables, *names: str) -> dict[str, Any]:
    return {name: value for name, value in tables.items() if name not in names}


def _only(tables: Tables, name: str) -> dict[str, Any]:
    return {name: tables[name]} if name in tables else {}
