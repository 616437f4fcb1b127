"""Arguments of a verb, parsed by cyclopts; each of its errors becomes one sentence.

cyclopts rather than click: a verb stays a dataclass, an option may take several values
(`--data a.mid b.mid`), and every refusal is an exception that holds what was found.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from cyclopts import App, CycloptsError, Parameter, Token
from cyclopts.argument import Argument, ArgumentCollection
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from sequence_tutor.errors import UserError, shown

Verb = TypeVar("Verb")

_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "FILE"}
_NUMBERS = {int: "a whole number", float: "a number"}
_PATHS = ("DIR", "FILE", "RUN", "PATH", "STUDY", "PLACE")


class _MissingError(CycloptsError):
    """Names all required arguments that are missing, not only the first."""


def option(
    text: str,
    metavar: str | None = None,
    *,
    name: str | None = None,
    short: str | None = None,
    group: str | None = None,
) -> Parameter:
    """Describe an option, or a field that is given by its position.

    Args:
        text: the help.
        metavar: stands for the value.
        name: if it is not the field's.
        short: another name.
        group: heading of the help under which it is listed.
    """
    named: Any = {"group": group} if group else {}  # None would hide the group of the dataclass
    paths = metavar is not None and any(word in metavar for word in _PATHS)
    return Parameter(
        help=text,
        metavar=metavar,
        name=name,
        alias=short,
        converter=_path if paths else _given,
        **named,
    )


def app_of(verb: type, name: str = "") -> App:
    """The parser of a verb, a frozen dataclass whose fields before `KW_ONLY` are positional."""
    return App(
        name=name,
        default_command=verb,
        help_flags=(),
        version_flags=(),
        config=_all_are_given,
        group_arguments="options",  # positional ones are listed above all options
        group_parameters="options",
        default_parameter=Parameter(
            negative=(), consume_multiple=1, allow_repeating=True, json_dict=False, json_list=False
        ),
    )


def read(verb: type[Verb], name: str, arguments: Sequence[str]) -> Verb:
    """A verb from the arguments after its name.

    Raises:
        UserError: they cannot be parsed.
    """
    try:
        _, bound, _ = app_of(verb, name).parse_args(
            list(arguments), print_error=False, exit_on_error=False
        )
    except CycloptsError as error:
        raise UserError(
            f"{_sentence(verb, error)}; sequence-tutor {name} --help says more"
        ) from error
    return verb(*bound.args, **bound.kwargs)


def is_positional(argument: Argument) -> bool:
    """Whether it is given by its position."""
    return argument.index is not None


def name_of(argument: Argument) -> str:
    """Its name in the help, with the metavar of its value."""
    words = (_METAVARS.get(choice, choice) for choice in _choices(argument.hint))
    metavar = argument.parameter.metavar or "|".join(str(word) for word in words)
    if is_positional(argument):
        return metavar
    return argument.name if argument.hint is bool else f"{argument.name} {metavar}"


def _sentence(verb: type, error: CycloptsError) -> str:
    """What was found and what was expected."""
    unknown = next((word for word in error.unused_tokens or () if _is_name(word)), None)
    if isinstance(error, UnknownOptionError):
        unknown = error.token.keyword or error.token.value
    if unknown is not None and isinstance(error, _MissingError | UnknownOptionError):
        from sequence_tutor.config.settings import nearest  # pydantic is slow, and help needs none

        every = app_of(verb).assemble_argument_collection()
        options = (one for one in every if not one.children and not is_positional(one))
        known = [name for one in options for name in one.names]
        name = unknown.partition("=")[0]
        return f"unknown option {shown(name)}: {nearest(name, known)}"
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        value = shown(error.unused_tokens[0])
        return f"{value} was given, but no such argument is expected"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        argument = error.argument
        expected = _expected(argument.hint) or argument.parameter.metavar
        return f"{error.keyword or argument.name}: no value was given, expected {expected}"
    if isinstance(error, CoercionError) and error.argument is not None:
        typed = error.token.keyword if error.token else None
        where = name_of(error.argument) if is_positional(error.argument) else error.argument.name
        return f"{typed or where}: {error.msg}"
    return " ".join(str(error).split()) or "the arguments cannot be read"


def _all_are_given(_app: App, _commands: object, arguments: ArgumentCollection) -> None:
    """Refuse missing arguments, all in one sentence."""
    missing = [
        name_of(one)
        for one in arguments
        if one.required and not one.children and not one.has_tokens
    ]
    if missing:
        raise _MissingError(msg=f"{' and '.join(missing)} must be given")


def _given(kind: Any, tokens: Sequence[Token]) -> Any:
    """The value of an option: the last one given, or all where the option takes several."""
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], token) for token in tokens)
    return _value(kind, tokens[-1])


def _path(kind: Any, tokens: Sequence[Token]) -> Any:
    """The value of an option that names a file or folder, which may not be empty.

    An empty path is the current folder to Python, which is not what `--out "$OUT"` means.
    """
    for token in tokens:
        if token.value == "":
            raise CoercionError(
                msg="an empty name was given, expected a file or folder", token=token
            )
    return _given(kind, tokens)


def _value(kind: Any, token: Token) -> Any:
    for choice in _choices(kind):
        if choice in (str, Path):
            return choice(token.value)
        if choice == token.value:
            return choice
        if choice in _NUMBERS:
            try:
                return choice(token.value)
            except ValueError:
                continue
    expected = _expected(kind) or "no value"
    raise CoercionError(msg=f"{shown(token.value)} was given, expected {expected}", token=token)


def _expected(kind: Any) -> str:
    """The numbers and fixed words that a type allows; empty: anything, or nothing."""
    words = (_NUMBERS.get(choice, choice) for choice in _choices(kind))
    return " or ".join(str(word) for word in words if not isinstance(word, type))


def _choices(kind: Any) -> Iterator[Any]:
    """The types and fixed words that a type allows; None is not among them."""
    if get_origin(kind) is Literal:
        yield from get_args(kind)
    elif get_origin(kind) in (Union, types.UnionType, tuple):
        for part in get_args(kind):
            if part not in (types.NoneType, Ellipsis):
                yield from _choices(part)
    else:
        yield kind


def _is_name(argument: str) -> bool:
    """Whether an argument names an option; -1 and -.5 are values."""
    return argument[:1] == "-" and argument[1:2] not in ("", ".") and not argument[1].isdigit()
