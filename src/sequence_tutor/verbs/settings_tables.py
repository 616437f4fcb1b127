"""The tables of a settings file, and what lies below them.

From bottom to top: a preset, what its algorithm needs of every preset, what the preset itself says
of that algorithm, the user's file, single settings of a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from sequence_tutor.config.presets import build, merged, read_methods, read_preset, read_toml
from sequence_tutor.config.settings import Settings
from sequence_tutor.tuner.settings import TuneSettings


class TuningTables(Settings):
    """The tables of a settings file for whatever tunes."""

    length: int | None = Field(
        None, ge=1, description="tokens of a sequence; the domain's or the prior's if unset"
    )
    tune: dict[str, Any] = Field(default_factory=dict, description="see TuneSettings")
    algorithms: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="what an algorithm needs different, table by table"
    )


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
) -> AnyTables:
    """All layers in one.

    Args:
        kind: which tables there may be.
        preset: the lowest layer.
        config: the user's file, if any.
        overrides: the highest layer.
        source: what the values came from, for the error's sentence.

    Raises:
        UserError: a name or a value that does not fit.
    """
    given = merged(read_toml(config) if config else {}, overrides)
    tables = build(kind, merged(preset, given), source)
    algorithm = str(tables.tune.get("algorithm", TuneSettings().algorithm))
    own = merged(tables.model_dump(), read_methods().get(algorithm, {}))
    own = merged(own, tables.algorithms.get(algorithm, {}))
    return build(kind, merged(own, given), source)


def read_tables(
    config: Path | None, domain: str | None = None, preset: str | None = None
) -> TuneTables:
    """A settings file for `tune`, for a verb that takes only some of its tables.

    Args:
        config: the file; None: an empty one.
        domain: of the preset.
        preset: what the file's tables win over; None: nothing.

    Raises:
        UserError: a table that there is not, or something else in its place.
    """
    below = {} if domain is None or preset is None else read_preset("tune", domain, preset)
    given = read_toml(config) if config else {}
    return build(TuneTables, merged(below, given), str(config) if config else f"preset {preset}")
