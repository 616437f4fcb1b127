"""The options of a verb as the arguments and settings that its function takes."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from sequence_tutor.cli.arguments import device_named, thread_count
from sequence_tutor.errors import UserError

if TYPE_CHECKING:
    from sequence_tutor.config.settings import Settings


def arguments_of(verb: Any, *without: str) -> dict[str, Any]:
    """The fields of a verb and of its option groups as keyword arguments, but for some names."""
    made = {"device": device_named, "threads": thread_count}
    given: dict[str, Any] = {}
    for name in (field.name for field in fields(verb)):
        value = getattr(verb, name)
        if is_dataclass(value):
            given |= arguments_of(value, *without)
        elif name not in (*without, "json"):
            given[name] = made[name](value) if name in made else value
    return given


def settings_given(verb: object, kind: type[Settings], *names: str) -> dict[str, Any]:
    """The options of a verb that are settings of one kind, without those that were not given.

    Raises:
        UserError: a value does not fit; it names the option.
    """
    from sequence_tutor.algorithms.registry import needs_of
    from sequence_tutor.config.presets import build

    given = {name: getattr(verb, name) for name in names if getattr(verb, name) is not None}
    for name, value in given.items():
        needs = needs_of(value).get("tune", {}) if name == "algorithm" else {}
        build(kind, {**needs, name: value}, f"--{name.replace('_', '-')}")
    return given


def length_given(length: int | None) -> dict[str, int]:
    """The option --length as a settings file has it; empty where it is not given.

    Raises:
        UserError: no sequence has that length; it names the option.
    """
    from sequence_tutor.config.presets import build
    from sequence_tutor.tuner.settings_tables import TuneTables

    given = {} if length is None else {"length": length}
    build(TuneTables, given, "--length")
    return given


def with_commas(option_name: str, text: str) -> list[str]:
    """The parts of a list with commas between them, each without the space around it.

    Raises:
        UserError: there is none, as where a variable of a shell is empty.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise UserError(f"{option_name}: {text!r} was given, expected names with commas between")
    return parts


def aims_table(aims: tuple[str, ...]) -> dict[str, Any] | None:
    """Aims as the table of a settings file; None where none is given.

    Raises:
        UserError: one that is no aim.
    """
    from sequence_tutor.config.aims import asked_table

    return asked_table(aims, "--aim") or None
