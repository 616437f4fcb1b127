"""The layers that the settings of a run are made of.

From bottom to top: a preset, what its algorithm needs of every preset, the preset's own table for
that algorithm, the user's file, single settings of a command. The reward is the exception: a file
that gives weights gives all of them, so that it is one reward for every verb and over every preset,
see `own_reward`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import Field, model_validator

from sequence_tutor.algorithms.registry import algorithm_names, needs_of
from sequence_tutor.config.presets import (
    Tables,
    build,
    merged,
    read_preset,
)
from sequence_tutor.config.settings import Settings, check_names, nearest
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.domain import Domain
from sequence_tutor.errors import settings_of, shown
from sequence_tutor.tuner.aim_tables import aim_layers, aimed, usual_preset
from sequence_tutor.tuner.idle_settings import ASKED, names_in
from sequence_tutor.tuner.own_reward import reward_layers
from sequence_tutor.tuner.settings import TuneSettings


class ExecutionSettings(Settings):
    """Where sequences are scored and how often a run is saved; neither changes a number."""

    executor: str | None = Field(
        None,
        description="serial, local, ray, ray://HOST:PORT, or one of an installed package; unset: "
        "local",
    )
    save_minutes: float = Field(
        10.0, gt=0, description="most minutes between two checkpoints of a run"
    )


class LogSettings(Settings):
    """Where copies of a run's log go; this changes no number."""

    to: tuple[str, ...] = Field(
        (),
        description="tensorboard, trackio, wandb, mlflow, or what installed packages offer: each "
        "receives every line of the log",
    )
    project: str = Field(
        "sequence-tutor", min_length=1, description="the project that a tracker files the run under"
    )


class TuningTables(Settings):
    """The tables of a settings file for whatever tunes."""

    length: int | None = Field(
        None, ge=1, description="tokens of a sequence; the domain's or the prior's if unset"
    )
    prior: str | None = Field(
        None, description="name or folder of the prior, where the command names none"
    )
    tune: dict[str, Any] = Field(default_factory=dict, description="see TuneSettings")
    algorithms: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="what an algorithm needs different, table by table"
    )

    @model_validator(mode="before")
    @classmethod
    def _settings_have_their_table(cls, given: Any) -> Any:  # whatever a user's file holds
        for name in given if isinstance(given, dict) else ():
            if name not in cls.model_fields and name in TuneSettings.model_fields:
                raise ValueError(f"{name} is of the table tune, expected it below a line [tune]")
        return given

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
            for name in [name for name in tables if name not in others]:
                raise ValueError(f"{place}: unknown name {shown(name)}: {nearest(name, others)}")
            check_names(TuneSettings, tables.get("tune", {}), f"{place}.tune")
        return self

    @property
    def algorithm(self) -> str:
        """The algorithm that is asked for."""
        return str(self.tune.get("algorithm", TuneSettings().algorithm))


class TuneTables(TuningTables):
    """The tables of a settings file for `tune`; the domain checks those of reward and output."""

    reward: dict[str, Any] = Field(default_factory=dict, description="the domain's reward")
    aims: dict[str, Any] = Field(
        default_factory=dict,
        description="what rows of the table should be: row -> such as '>= 90 %'",
    )
    stages: list[dict[str, Any]] = Field(
        default_factory=list, description="one after the other, see StageSettings"
    )
    execution: ExecutionSettings = Field(ExecutionSettings(), description="where it is scored")
    output: dict[str, Any] = Field(
        default_factory=dict, description="how the domain reads and writes files"
    )
    music: dict[str, Any] = Field(
        default_factory=dict, description="what melodies may be, see MusicSettings"
    )
    log: LogSettings = Field(LogSettings(), description="trackers beside the log")
    callbacks: tuple[str, ...] = Field(
        (), description="names of callbacks that installed packages offer"
    )


AnyTables = TypeVar("AnyTables", bound=TuningTables)


@dataclass(frozen=True)
class Layers:
    """What the settings of a run are made of; every file is read once.

    Attributes:
        preset: the lowest layer.
        file: the user's file; empty: there is none.
        overrides: the highest layer, single settings of a command.
        source: what the values come from, for the errors' sentences.
        serves_several: the file is that of several runs and may hold settings that play no part
            in this one.
    """

    preset: Tables
    file: Tables
    overrides: Tables
    source: str
    serves_several: bool = False

    @property
    def prior(self) -> str | None:
        """The prior that the settings name; None: the one that the domain begins with."""
        layers = (self.overrides, self.file, self.preset)
        return next((str(tables["prior"]) for tables in layers if tables.get("prior")), None)

    def over(self, above: Tables, below: Tables) -> Layers:
        """The same layers with tables over the overrides, and others right below them."""
        return replace(self, overrides=merged(merged(below, self.overrides), above))

    def tables(self, kind: type[AnyTables], domain: Domain | None = None) -> AnyTables:
        """All layers in one.

        Args:
            kind: which tables there may be.
            domain: whose reward the tables may have; None: they have none.

        Raises:
            UserError: a name or a value that does not fit.
        """
        build(kind, self.file, self.source)  # their shape, before anything wins over them
        with settings_of(self.source):
            preset, given = self.preset, self._given()
            build(kind, given, self.source)
            if domain is not None:
                preset, given = reward_layers(preset, given, domain)
            preset, given = aim_layers(preset, given)
            tables = build(kind, merged(preset, given), self.source)
            algorithm = tables.algorithm
            own = merged(tables.model_dump(), needs_of(algorithm))
            own = merged(own, tables.algorithms.get(algorithm, {}))
            own = merged(own, given)
            if domain is not None and own.get("music"):
                limited = {name: own.get(name, {}) for name in ("reward", "output")}
                own = {**own, **domain.limited_tables(own["music"], limited)}
        return build(kind, own, self.source)

    def tuning(self, tables: TuningTables) -> TuneSettings:
        """The settings of tuning from `tables`; what a user asked for must play a part.

        Raises:
            UserError: a value that does not fit.
        """
        theirs = self.overrides if self.serves_several else self._given()
        own = theirs.get("algorithms", {}).get(tables.algorithm, {}).get("tune", {})
        asked = frozenset(names_in(theirs.get("tune", {})) | names_in(own))
        more: dict[str, Any] = {}
        if isinstance(tables, TuneTables):
            more |= {"stages": tables.stages} if tables.stages else {}
            more |= aimed(tables.aims, tables.tune, theirs)
        given = {**tables.tune, **more}
        return build(
            TuneSettings, given, self.source, {ASKED: asked}, within="tune", beside=more.keys()
        )

    def reward(self, tables: TuneTables, domain: Domain) -> Settings:
        """The settings of the reward from `tables`.

        Raises:
            UserError: a value that does not fit.
        """
        return build(domain.reward_settings, tables.reward, f"{self.source}: reward")

    def _given(self) -> Tables:
        """What a user, not a preset, says."""
        return merged(self.file, self.overrides)


def with_executor(overrides: Tables | None, executor: str | None) -> Tables:
    """Overrides with the executor that a command names."""
    asked = {} if executor is None else {"execution": {"executor": executor}}
    return merged(overrides or {}, asked)


def read_layers(
    domain: str,
    preset: str,
    config: Path | None,
    overrides: Tables | None = None,
    *,
    verb: str = "tune",
    serves_several: bool = False,
    weighs: bool = False,
) -> Layers:
    """The layers of a command, see `Layers`: a preset of the verb, the user's file, if any.

    Args:
        domain: whose presets.
        preset: name of one; for what `default` stands see `usual_preset`.
        config: the user's file.
        overrides: single settings of the command.
        verb: that the preset is for.
        serves_several: see `Layers`.
        weighs: whether there is more that has to be paid for, such as rules of the user's own.

    Raises:
        UserError: there is no such preset or file.
    """
    file = read_toml(config) if config else {}
    preset = usual_preset(verb, domain, preset, (overrides or {}, file), weighs=weighs)
    given = " and the options given" if overrides else ""  # no shipped preset is wrong by itself
    source = str(config) if config else f"preset {preset}{given}"
    below = read_preset(verb, domain, preset)
    return Layers(below, file, overrides or {}, source, serves_several)


def read_reward(domain: Domain, preset: str, config: Path | None) -> Settings:
    """The reward that `tune` would take with this preset and the user's file, if any.

    Raises:
        UserError: a setting, preset or file that cannot be used.
    """
    layers = read_layers(domain.name, preset, config, weighs=True)
    return layers.reward(layers.tables(TuneTables, domain), domain)


def read_tables(config: Path | None) -> TuneTables:
    """A settings file for `tune`, or an empty one, for a verb that takes only some of its tables.

    Raises:
        UserError: an unknown table, or a value of another type in its place.
    """
    return build(TuneTables, read_toml(config) if config else {}, str(config))
