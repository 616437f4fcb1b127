"""What `sequence-tutor VERB --help` prints: usage, the verb's docstring, its options by group."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

from cyclopts.argument import Argument

from sequence_tutor.cli.parsing import app_of, is_positional, name_of

_COLUMN, _WIDEST = 28, 100  # column in which the text of an option begins; longest line


def help_of(verb: type, name: str) -> str:
    """The help of a verb; its docstring says what it does and gives an example."""
    every = app_of(verb).assemble_argument_collection()
    positional = [one for one in every if is_positional(one)]
    needed = [one for one in every if one.required and not is_positional(one)]
    usage = [f"usage: sequence-tutor {name}", *map(_position, positional), *map(name_of, needed)]
    lines = [f"{' '.join(usage)} [OPTIONS]", "", inspect.getdoc(verb) or ""]
    lines += [""] * bool(positional) + [line for one in positional for line in _entry(one)]
    for group in every.groups:
        members = every.filter_by(group=group)
        named = [one for one in members if not one.children and not is_positional(one)]
        if named:
            lines += ["", f"{group.name}:", *(line for one in named for line in _entry(one))]
    return "\n".join(lines)


def _position(argument: Argument) -> str:
    name = name_of(argument)
    return name if argument.required or name.endswith("...") else f"[{name}]"


def _entry(argument: Argument) -> Iterator[str]:
    """Names on the left, help on the right, or below where the names are long."""
    short = "" if is_positional(argument) else "".join(f"{n}, " for n in argument.names[1:])
    names = f"  {short}{name_of(argument)}"
    text = f"{argument.parameter.help}{_end(argument.required, argument.field_info.default)}"
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    lines = textwrap.wrap(text, max(width - _COLUMN, 20), break_on_hyphens=False)
    if len(names) > _COLUMN - 2:
        yield names
        names = ""
    yield f"{names:<{_COLUMN}}{lines[0]}"
    yield from (" " * _COLUMN + line for line in lines[1:])


def _end(required: bool, default: Any) -> str:
    """The end of an option's help: its default, where there is one worth naming."""
    if required:
        return " (required)"
    return "" if default in (None, "", ()) or default is False else f" (default: {default})"
