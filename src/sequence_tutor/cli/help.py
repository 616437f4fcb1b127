"""What `sequence-tutor VERB --help` prints, and the completion of verbs and options in a shell."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast, get_args

from cyclopts import App
from cyclopts.argument import Argument

from sequence_tutor.cli.parsing import app_of, is_positional, name_of
from sequence_tutor.errors import UserError, shown

Shell = Literal["bash", "zsh", "fish"]
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
    return name if argument.required or name.endswith(("...", "]")) else f"[{name}]"


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


def completion(shell: str, verbs: Mapping[str, Any]) -> str:
    """The script that makes a shell complete verbs and their options.

    Args:
        shell: bash, zsh or fish.
        verbs: name -> dataclass of arguments, or a mapping of the words that follow the name.

    Raises:
        UserError: another shell.
    """
    if shell not in get_args(Shell):
        from sequence_tutor.config.settings import nearest  # pydantic is slow, and help needs none

        known = nearest(shell, get_args(Shell))
        raise UserError(f"--completion: unknown shell {shown(shell)}: {known}")
    app = _joined("sequence-tutor", verbs)
    script = app.generate_completion(shell=cast(Shell, shell))
    if shell == "zsh":  # needed where the script is evaluated, not found in the search path
        script += "\ncompdef _cyclopts_sequence-tutor sequence-tutor\n"
    return script


def _joined(name: str, verbs: Mapping[str, Any]) -> App:
    app = App(name=name, help_flags=(), version_flags=())
    for word, verb in verbs.items():
        app.command(_joined(word, verb) if isinstance(verb, Mapping) else app_of(verb, word))
    return app
