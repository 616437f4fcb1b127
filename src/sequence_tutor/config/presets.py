"""Presets, users' TOML files and single settings, merged in that order and checked once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sequence_tutor.config.packages import offered
from sequence_tutor.config.settings import AnySettings, Settings, check_names, nearest
from sequence_tutor.errors import SettingsError, UserError, shown

Tables = Mapping[str, Any]
"""Nested tables as TOML has them; `Any` because values are checked only when settings are built."""

DOMAINS = "sequence_tutor.domains"
"""Group of the entry points by which packages offer domains."""

DEFAULT, COMPARE = "default", "compare"
"""Usual presets of verbs that tune one model, and of those that tune several on one problem."""

KINDS = ("kind", "cell")
"""Names in a table that select its kind."""

_WORDS = {  # pydantic's expectations -> those of a settings file
    "^be ": "",
    ",? (unable|got|not) .*": "",
    "a valid dictionary.*": "a table",
    "a valid (tuple|list).*": "a list",
    "valid boolean": "true or false",
    "a true": "true",
    "valid integer": "whole number",
    "valid string": "text",
    "a text": "text",
    "valid ": "",
    "^(greater|less)": r"a number \1",
    "^have ": "",
    " after validation.*": "",
}


def presets_of(domain: str) -> Traversable | None:
    """The folder `presets` of the package that offers a domain; None where there is none."""
    point = offered(DOMAINS).get(domain)
    found = None if point is None else find_spec(point.module)
    if point is None or found is None or not found.submodule_search_locations:
        return None  # it is no package
    folder = files(point.module) / "presets"
    return folder if folder.is_dir() else None


def preset_names(verb: str, domain: str) -> list[str]:
    """Names of the presets of a verb in a domain."""
    folder = presets_of(domain)
    names = (entry.name for entry in folder.iterdir()) if folder else ()
    return sorted(
        name.removeprefix(f"{verb}_").removesuffix(".toml")
        for name in names
        if name.startswith(f"{verb}_")
    )


def read_preset(verb: str, domain: str, name: str) -> Tables:
    """A preset that comes with a domain.

    Where a domain has no `compare`, its `default` is used; where its package has no presets of the
    verb, both are empty.

    Raises:
        UserError: there is none of that name.
    """
    known = preset_names(verb, domain)
    folder = presets_of(domain)
    if not known and name in (DEFAULT, COMPARE):
        return {}
    if name == COMPARE and name not in known:
        name = DEFAULT
    if folder is None or name not in known:
        raise UserError(f"unknown preset {shown(name)} for {verb} {domain}: {nearest(name, known)}")
    return tomllib.loads((folder / f"{verb}_{name}.toml").read_text(encoding="utf-8"))


def merged(below: Tables, above: Tables, within: str = "") -> dict[str, Any]:
    """Tables in which `above` wins, table by table; `within` is the dotted name of both.

    Raises:
        SettingsError: one of them has a table where the other has something else, which would be
            dropped silently.
    """
    result = dict(below)
    for name, value in above.items():
        under, place = result.get(name), f"{within}.{name}" if within else name
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            result[name] = merged(under, value, place)
            continue
        for one, other in ((under, value), (value, under)):
            if isinstance(one, Mapping) and not isinstance(other, Mapping) and other is not None:
                raise SettingsError(f"{place} is {shown(other)}, expected a table")
        result[name] = value
    return result


def check_shape(kind: type[Settings], tables: Tables) -> None:
    """Raise a `SettingsError` for unknown names, and for other values where tables should be."""
    try:
        check_names(kind, tables)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def build(
    kind: type[AnySettings],
    tables: Tables,
    source: str,
    context: Tables | None = None,
    *,
    within: str = "",
    beside: Container[str] = (),
) -> AnySettings:
    """Settings from tables.

    Args:
        kind: the class to build.
        tables: their values.
        source: of the values, for the error's sentence.
        context: for the checks of the settings themselves, see pydantic.
        within: dotted name of the table that holds the values; empty: they are the whole file.
        beside: names among them that stand outside of that table.

    Raises:
        UserError: the first value that does not fit, by its dotted name, with what was expected.
    """
    try:
        return kind.model_validate(dict(tables), context=context)
    except ValidationError as error:
        problem = _first_problem(error, tables, "" if _first_name(error) in beside else within)
        raise UserError(f"{source}: {problem}") from error


def _first_name(error: ValidationError) -> str:
    """The outermost name of the first problem; empty: it is of all values together."""
    return next((str(part) for part in error.errors(include_url=False)[0]["loc"]), "")


def _first_problem(error: ValidationError, tables: Tables, within: str) -> str:
    """The field, what was found and what was expected instead."""
    problems = error.errors(include_url=False)
    if within:
        problems = [{**one, "loc": (within, *one["loc"])} for one in problems]
        tables = {within: tables}
    field = _field(problems[0], tables)
    message = problems[0]["msg"]
    own = message.removeprefix("Value error, ")  # our validators write whole sentences
    if own != message:
        return own if not field or own.startswith(f"{field}.") else f"{field}: {own}"
    if problems[0]["type"] == "missing":
        return f"{field} is not given, but must be"
    if problems[0]["type"] == "union_tag_invalid":  # a table whose kind one of its names says
        context = problems[0]["ctx"]
        name, tags = context["discriminator"].strip("'"), context["expected_tags"].split(", ")
        known = " or ".join(filter(None, [", ".join(tags[:-1]), tags[-1]]))
        return f"{field}.{name} is {shown(context['tag'])}, expected {known}"
    # a value of several kinds has one problem for each of them
    expected = dict.fromkeys(
        _expected(one["msg"]) for one in problems if _field(one, tables) == field
    )
    return f"{field} is {shown(problems[0]['input'])}, expected {' or '.join(expected)}"


def _field(problem: ErrorDetails, tables: Tables) -> str:
    """Its dotted name: the parts of pydantic's path that are in the tables.

    The other parts tell which kind of value was tried; a missing name is kept.
    """
    value: Any = tables
    parts = []
    passed: Any = None  # the table whose kind has been passed
    for part in problem["loc"]:
        if value is not passed and isinstance(value, Mapping) and part in map(value.get, KINDS):
            passed = value  # `part` is the kind that was tried, even if a name is equal to it
            continue
        inside = (isinstance(value, Mapping) and part in value) or (
            isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)
        )
        if inside:
            value = value[part]
            parts.append(str(part))
    if problem["type"] == "missing":
        parts.append(str(problem["loc"][-1]))
    return ".".join(parts)


def _expected(message: str) -> str:
    """What pydantic expected, in the words of a settings file."""
    expected = message.partition("hould ")[2] or message
    for theirs, ours in _WORDS.items():
        expected = re.sub(theirs, ours, expected)
    return expected
