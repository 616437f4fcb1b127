"""What is wrong with the arguments of a verb, in one sentence.

tyro reads them; where it cannot, it draws a box of several lines. Here the same fields are read
once more, only to find the first mistake and to say what was found and what was expected.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from tyro.conf import Positional

from sequence_tutor.config.settings import nearest
from sequence_tutor.printable import shown

_IS_POSITIONAL = get_args(Positional[str])[1]
_NUMBERS = {int: "a whole number", float: "a number"}


@dataclass(frozen=True)
class Expected:
    """One field of a verb as its user writes it.

    Attributes:
        names: `--name` and its short form; empty where the place alone says what it is.
        metavar: what stands for its value in the help.
        choices: every kind a value may have: int, float, str, Path, bool, or a fixed word.
        many: whether it takes any number of values.
        required: whether there is no default.
    """

    names: tuple[str, ...]
    metavar: str
    choices: tuple[Any, ...]  # types and words, as annotations hold them
    many: bool
    required: bool

    @property
    def is_place(self) -> bool:
        """Whether its value names a file or a folder."""
        return Path in self.choices or any(kind in self.metavar for kind in ("DIR", "FILE"))

    @property
    def is_switch(self) -> bool:
        """Whether it stands alone, without a value."""
        return self.choices == (bool,)

    def accepts(self, value: str) -> bool:
        """Whether some choice can be made of a value."""
        return any(_fits(value, choice) for choice in self.choices)

    def __str__(self) -> str:
        words = (_NUMBERS.get(choice, choice) for choice in self.choices)
        return " or ".join(str(word) for word in words if not isinstance(word, type))


def first_mistake(verb: type, arguments: Sequence[str]) -> str:
    """Why tyro refused the arguments of a verb.

    Args:
        verb: a dataclass of annotated fields.
        arguments: as after the verb's name.
    """
    return next(_mistakes(verb, arguments), "the arguments cannot be read")


def empty_place(verb: type, arguments: Sequence[str]) -> str | None:
    """What is wrong with an empty name of a file or folder; None: there is none.

    An empty path is the current folder to Python, which nobody means who writes `--out "$OUT"`.
    """
    by_name = {name: one for one in options_of(verb) for name in one.names}
    before: Expected | None = None
    for argument in arguments:
        name, has_value, value = argument.partition("=")
        if _is_name(argument):
            before = by_name.get("--" + name[2:].replace("_", "-") if name[:2] == "--" else name)
        if before is not None and before.is_place and (has_value, value) == ("=", ""):
            return f"{name}: an empty name was given, expected {before.metavar}"
        if argument == "" and (before is None or before.is_place):
            where = name_of(before) if before else "an argument"
            return f"{where}: an empty name was given, expected a file or folder"
    return None


def name_of(option: Expected) -> str:
    """As the help calls it."""
    return option.names[0] if option.names else option.metavar


def options_of(verb: type) -> list[Expected]:
    """Every field of a verb, in order."""
    hints = get_type_hints(verb, include_extras=True)
    return [
        _expected(field.name, hints[field.name], required=field.default is MISSING)
        for field in fields(verb)
    ]


def _mistakes(verb: type, arguments: Sequence[str]) -> Iterator[str]:
    """Every mistake, from left to right and then what is missing."""
    expected = options_of(verb)
    by_name = {name: one for one in expected for name in one.names}
    places = [one for one in expected if not one.names]
    seen: set[str] = set()
    rest = list(arguments)
    free: list[str] = []  # values that stand at no option's place
    while rest:
        name, has_value, value = rest.pop(0).partition("=")
        if not _is_name(name):
            free.append(name + has_value + value)
            continue
        option = by_name.get("--" + name[2:].replace("_", "-") if name[:2] == "--" else name)
        if option is None:
            yield f"unknown option {shown(name)}: {nearest(name, by_name)}"
            continue
        seen.update(option.names)
        values = [value] if has_value else []
        while rest and not _is_name(rest[0]) and len(values) < _capacity(option):
            values.append(rest.pop(0))
        if not values and not option.is_switch:
            yield f"{name}: no value was given, expected {str(option) or option.metavar}"
        yield from (
            f"{name}: {shown(value)} was given, expected {option}"
            for value in values
            if not option.accepts(value)
        )
    room = sum(_capacity(place) for place in places)
    yield from (
        f"{shown(value)} was given, but no such argument is expected" for value in free[room:]
    )
    lacking = [place.metavar for place in places[len(free) :] if place.required and not place.many]
    lacking += [
        f"{one.names[0]} {one.metavar}"
        for one in expected
        if one.required and one.names and one.names[0] not in seen
    ]
    if lacking:
        yield f"{' and '.join(lacking)} must be given"


def _is_name(argument: str) -> bool:
    """Whether an argument names an option; -1 and -.5 are values."""
    return argument[:1] == "-" and argument[1:2] not in ("", ".") and not argument[1].isdigit()


def _capacity(expected: Expected) -> int:
    """Values that an option or a place takes at most."""
    return sys.maxsize if expected.many else 0 if expected.is_switch else 1


def _expected(name: str, hint: Any, *, required: bool) -> Expected:
    hint, metadata = _without_extras(hint)
    metavars = [found for one in metadata if (found := getattr(one, "metavar", None))]
    aliases = [alias for one in metadata for alias in getattr(one, "aliases", None) or ()]
    is_place = _IS_POSITIONAL in metadata
    return Expected(
        names=() if is_place else (f"--{name.replace('_', '-')}", *aliases),
        metavar=metavars[0] if metavars else name.upper(),
        choices=tuple(_choices(hint)),
        many=any(get_origin(part) is tuple for part in (hint, *get_args(hint))),
        required=required,
    )


def _without_extras(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without `Annotated`, and what was annotated."""
    if get_origin(hint) is not Annotated:
        return hint, ()
    inner, metadata = _without_extras(get_args(hint)[0])
    return inner, (*metadata, *hint.__metadata__)


def _choices(hint: Any) -> Iterator[Any]:
    """The types and fixed words that a type allows; None is not among them."""
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    elif get_origin(hint) in (Union, types.UnionType, tuple):
        for part in get_args(hint):
            if part not in (type(None), Ellipsis):
                yield from _choices(part)
    else:
        yield hint


def _fits(value: str, choice: Any) -> bool:
    if choice not in _NUMBERS:
        return isinstance(choice, type) or value == choice
    try:
        choice(value)
    except ValueError:
        return False
    return True
