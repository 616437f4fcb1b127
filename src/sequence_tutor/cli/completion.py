"""Completion of verbs and options in a shell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

from cyclopts import App

from sequence_tutor.cli.parsing import app_of
from sequence_tutor.errors import UserError, shown

Shell = Literal["bash", "zsh", "fish"]


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
