"""The tables of a settings file, and what lies below them.

From bottom to top: a preset, what its algorithm needs of every preset, what the preset itself says
of that algorithm, the user's file, single settings of a command.

The reward is the exception: a file that gives weights gives all of them, see `own_reward.py`, so
that it is one reward for every verb and over every preset.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import Field, model_validator

from sequence_tutor.algorithms.registry import algorithm_names, needs_of
from sequence_tutor.config.presets import build, merged, read_preset
from sequence_tutor.config.settings import Settings, check_names, nearest
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.domain import Domain
from sequence_tutor.errors import settings_of
from sequence_tutor.printable import shown
from sequence_tutor.tuner.idle_settings import ASKED, names_in
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.own_reward import reward_layers


class TuningTables(Settings):
    """The tables of a settings file for whatever tunes."""

    length: int | None = Field(
        None, ge=1, description="tokens of a sequence; the domain's or the prior's if unset"
    )
    tune: dict[str, Any] = Field(default_factory=dict, description="see TuneSettings")
    algorithms: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="what an algorithm needs different, table by table"
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        """Also of tables that the verb at hand or the algorithm asked for does not read."""
        check_names(TuneSettings, self.tune, "tune")
        for algorithm, tables in self.algorithms.items():
            if algorithm not in algorithm_names():
                known = nearest(algorithm, algorithm_names())
                raise ValueError(f"algorithms: unknown name {shown(algorithm)}: {known}")
            place = f"algorithms.{algorithm}"
            others = [name for name in type(self).model_fields if name != "algorithms"]
            for name in tables:
                if name not in others:
                    raise ValueError(
                        f"{place}: unknown name {shown(name)}: {nearest(name, others)}"
                    )
            check_names(TuneSettings, tables.get("tune", {}), f"{place}.tune")
        return self


class TuneTables(TuningTables):
    """The tables of a settings file for `tune`; the domain checks those of reward and output."""

    reward: dict[str, Any] = Field(default_factory=dict, description="the domain's reward")
    stages: list[dict[str, Any]] = Field(
        default_factory=list, description="one after the other, see StageSettings"
    )
    output: dict[str, Any] = Field(
        default_factory=dict, description="how the domain reads and writes files"
    )


AnyTables = TypeVar("AnyTables", bound=TuningTables)


def layered(
    kind: type[AnyTables],
    preset: Mapping[str, Any],
    config: Path | None,
    overrides: Mapping[str, Any],
    source: str,
    room: Domain | None = None,
) -> AnyTables:
    """All layers in one.

    Args:
        kind: which tables there may be.
        preset: the lowest layer.
        config: the user's file, if any.
        overrides: the highest layer.
        source: what the values came from, for the error's sentence.
        room: the domain whose reward the tables may have; None: they have none.

    Raises:
        UserError: a name or a value that does not fit.
    """
    file = read_toml(config) if config else {}
    build(kind, file, source)  # the shape of the tables, before anything wins over them
    with settings_of(source):
        given: Mapping[str, Any] = merged(file, overrides)
        build(kind, given, source)
        if room is not None:
            preset, given = reward_layers(preset, given, room)
        tables = build(kind, merged(preset, given), source)
        algorithm = str(tables.tune.get("algorithm", TuneSettings().algorithm))
        own = merged(tables.model_dump(), needs_of(algorithm))
        own = merged(own, tables.algorithms.get(algorithm, {}))
        own = merged(own, given)
    return build(kind, own, source)


def asked_for(
    config: Path | None, overrides: Mapping[str, Any], algorithm: str
) -> dict[str, frozenset[str]]:
    """What a user, not a preset, says of tuning, as the settings' checks take it.

    Args:
        config: the user's file, if any.
        overrides: single settings of a command.
        algorithm: whose own table in the file counts too.
    """
    given = merged(read_toml(config) if config else {}, overrides)
    own = given.get("algorithms", {}).get(algorithm, {}).get("tune", {})
    return {ASKED: frozenset(names_in(given.get("tune", {})) | names_in(own))}


def read_tables(config: Path | None) -> TuneTables:
    """A settings file for `tune`, for a verb that takes only some of its tables.

    Args:
        config: the file; None: an empty one.

    Raises:
        UserError: a table that there is not, or something else in its place.
    """
    return build(TuneTables, read_toml(config) if config else {}, str(config))


def read_reward(room: Domain, preset: str, config: Path | None) -> Settings:
    """The reward that `tune` would take.

    Args:
        room: the domain.
        preset: of tuning.
        config: the user's file, if any.

    Raises:
        UserError: a setting, preset or file that cannot be used.
    """
    source = str(config) if config else f"preset {preset}"
    tables = _tables(room, preset, config, source)
    return build(room.reward_settings, tables.reward, f"{source}: reward")


def read_tuning(room: Domain, preset: str, config: Path | None) -> TuneSettings:
    """The settings of tuning that `tune` would take; see `read_reward`."""
    source = str(config) if config else f"preset {preset}"
    return build(TuneSettings, _tables(room, preset, config, source).tune, source)


def _tables(room: Domain, preset: str, config: Path | None, source: str) -> TuneTables:
    below = read_preset("tune", room.name, preset)
    return layered(TuneTables, below, config, {}, source, room)
