"""The base of all settings: ranges are checked, and unknown names refused with the nearest one."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from sequence_tutor.errors import UserError, shown

MOST, LEAST = 1e12, 1e-12
"""The largest and the smallest number but 0: quotients and squares of them are finite."""

MOST_WHOLE = 2**53  # the largest whole number that is exact in floating point

_LONGEST_NAME = 100

_FEWEST_LETTERS, _ALIKE = 4, 0.75
"""Of the beginning of a name, and how alike it has to be: short ones begin too many names."""

_SPELT = str.maketrans("_\u2010\u2011\u2012\u2013\u2014\u2212\u266d\u266f", "-------b#")


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error sentence about an unknown name.

    ``nearest("tonik", ["key", "tonic"])`` gives ``"did you mean 'tonic'?"``, and so does the
    beginning of a name, ``nearest("celecoxb", ["celecoxib_rediscovery"])``; where no name is
    similar, all known names are listed.
    """
    plain = {_plain(one): one for one in reversed(list(known))}  # of equals the first
    asked = _plain(name[:_LONGEST_NAME])
    begun = {one[: len(asked)]: one for one in plain if len(asked) >= _FEWEST_LETTERS}
    close = get_close_matches(asked, plain, n=1)
    close += [begun[one] for one in get_close_matches(asked, begun, n=1, cutoff=_ALIKE)]
    if close:
        return f"did you mean {plain[close[0]]!r}?"
    if not plain:
        return "expected none"
    return f"expected one of {', '.join(reversed(plain.values()))}"


def check_choice(names: Sequence[str], known: Collection[str], what: str) -> None:
    """Refuse a name that is unknown, or given twice.

    Args:
        names: as given by the user.
        known: all that there are.
        what: they are names of, in the error.

    Raises:
        UserError: naming the first.
    """
    for name in names:
        if name not in known:
            raise UserError(f"unknown {what} {name!r}: {nearest(name, known)}")
        if names.count(name) > 1:
            raise UserError(f"{what} {name!r} is given twice, expected each once")


def _plain(name: str) -> str:
    """A name without differences of capitals, dashes and accidentals."""
    return unicodedata.normalize("NFKC", name).casefold().translate(_SPELT)


class Settings(BaseModel):
    """A frozen, hashable set of named values that maps one-to-one to a TOML table."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, given: Any) -> Any:  # any value of a user's file
        if isinstance(given, dict):
            for name, value in given.items():
                if name not in cls.model_fields:
                    known = nearest(str(name), cls.model_fields)
                    raise ValueError(f"unknown name {shown(name)}: {known}")
                check_number(str(name), value)
        return given


@contextmanager
def refused_by_value() -> Iterator[None]:
    """Make a `UserError` a `ValueError`, which is how a validator of settings refuses a value."""
    try:
        yield
    except UserError as error:
        raise ValueError(str(error)) from error


def check_number(name: str, value: object) -> None:
    """Refuse numbers, also in tables and lists, with which sums, squares or quotients overflow.

    Raises:
        ValueError: the value is, or contains, such a number; other values pass.
    """
    if isinstance(value, Mapping):
        for inner, one in value.items():
            check_number(f"{name}.{inner}", one)
    elif isinstance(value, list | tuple):
        for one in value:
            check_number(name, one)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return
    elif isinstance(value, int) and abs(value) > MOST_WHOLE:
        raise ValueError(f"{name} is {shown(value)}, expected at most {MOST_WHOLE:,} in size")
    elif isinstance(value, float) and MOST < abs(value) < math.inf:
        raise ValueError(f"{name} is {value:g}, expected at most {MOST:g} in size")
    elif isinstance(value, float) and 0 < abs(value) < LEAST:
        raise ValueError(f"{name} is {value:g}, expected 0, or at least {LEAST:g} in size")


def check_least(least: int, **numbers: int) -> None:
    """Refuse a number below the least one that makes sense.

    Args:
        least: the least of each.
        numbers: by their names in the error.

    Raises:
        UserError: naming the first that is below.
    """
    for name, number in numbers.items():
        if number < least:
            raise UserError(f"{name} is {number}, expected at least {least}")


def check_names(kind: type[Settings], tables: object, place: str = "") -> None:
    """Refuse names that settings do not have, before their values are checked.

    Args:
        kind: the settings.
        tables: their values, or those of a part of them.
        place: dotted name of the tables; empty: they are the whole file.

    Raises:
        ValueError: an unknown name, or another value where a table should be.
    """
    if not isinstance(tables, Mapping):
        raise ValueError(f"{place} is {shown(tables)}, expected a table")
    for name, value in tables.items():
        if name not in kind.model_fields:
            known = nearest(str(name), kind.model_fields)
            where = f"{place}: " if place else ""
            raise ValueError(f"{where}unknown name {shown(name)}: {known}")
        inner = kind.model_fields[name].annotation
        if isinstance(inner, type) and issubclass(inner, Settings):
            check_names(inner, value, f"{place}.{name}" if place else name)


def first_difference(name: str, there: object, here: object) -> str | None:
    """The first value by its dotted name that differs, such as `tune.steps 20, not 25`.

    Both are a value, settings or tables of them under one name; None where they are equal.
    """
    if isinstance(there, Settings) and isinstance(here, Settings):
        there, here = there.model_dump(), here.model_dump()
    if isinstance(there, Mapping) and isinstance(here, Mapping):
        found = (
            first_difference(f"{name}.{key}", there.get(key), here.get(key))
            for key in {**there, **here}
        )
        return next(filter(None, found), None)
    return None if there == here else f"{name} {shown(there)}, not {shown(here)}"


AnySettings = TypeVar("AnySettings", bound=Settings)


def of_kind(kind: type[AnySettings], settings: Settings) -> AnySettings:
    """Settings that must be of one class, such as a domain's own."""
    if not isinstance(settings, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(settings).__name__}")
    return settings
