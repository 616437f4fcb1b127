"""Presets, users' TOML files and single settings, merged in that order and checked once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from sequence_tutor.config.settings import Settings, nearest
from sequence_tutor.errors import UserError

AnySettings = TypeVar("AnySettings", bound=Settings)
Tables = Mapping[str, Any]
"""Nested tables as TOML has them; `Any` because values are checked only when settings are built."""


def preset_names(verb: str, domain: str) -> list[str]:
    """Names of the presets of a verb in a domain."""
    folder = files("sequence_tutor") / "config" / "presets" / domain
    if not folder.is_dir():
        return []
    names = (entry.name for entry in folder.iterdir())
    return sorted(
        name.removeprefix(f"{verb}_").removesuffix(".toml")
        for name in names
        if name.startswith(f"{verb}_")
    )


def read_preset(verb: str, domain: str, name: str) -> Tables:
    """A shipped preset.

    Raises:
        UserError: there is none of that name.
    """
    known = preset_names(verb, domain)
    if name not in known:
        raise UserError(f"unknown preset {name!r} for {verb} {domain}: {nearest(name, known)}")
    path = files("sequence_tutor") / "config" / "presets" / domain / f"{verb}_{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def read_toml(path: Path) -> Tables:
    """A user's settings file.

    Raises:
        UserError: missing, or not TOML.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such settings file")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a TOML file ({error})") from error


def merged(below: Tables, above: Tables) -> dict[str, Any]:
    """Tables in which `above` wins, table by table."""
    result = dict(below)
    for name, value in above.items():
        under = result.get(name)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            result[name] = merged(under, value)
        else:
            result[name] = value
    return result


def build(kind: type[AnySettings], tables: Tables, source: str) -> AnySettings:
    """Settings from tables.

    Args:
        kind: what to build.
        tables: their values.
        source: what the values came from, for the error's sentence.

    Raises:
        UserError: the first value that does not fit, by its dotted name.
    """
    try:
        return kind(**tables)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{source}: {f'{where}: ' if where else ''}{what}") from error
