"""Completion of verbs and options in a shell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

from cyclopts import App

from sequence_tutor.cli.parsing import app_of
from sequence_tutor.errors import UserError, shown

PROGRAM = "sequence-tutor"
Shell = Literal["bash", "zsh", "fish"]


def completion(shell: str, verbs: Mapping[str, Any]) -> str:
    """A script that a shell reads, after which it completes verbs and their options.

    Args:
        shell: bash, zsh or fish.
        verbs: a dataclass of arguments each, or, of a word that others follow, such a mapping.

    Raises:
        UserError: another shell.
    """
    if shell not in get_args(Shell):
        from sequence_tutor.config.settings import nearest  # pydantic is slow, and help needs none

        known = nearest(shell, get_args(Shell))
        raise UserError(f"--completion: unknown shell {shown(shell)}: {known}")
    script = _joined(PROGRAM, verbs).generate_completion(shell=cast(Shell, shell))
    if shell == "zsh":  # which a file in its search path needs not, but `eval` does
        script += f"\ncompdef _cyclopts_{PROGRAM} {PROGRAM}\n"
    return script


def _joined(name: str, verbs: Mapping[str, Any]) -> App:
    app = App(name=name, help_flags=(), version_flags=())
    for word, verb in verbs.items():
        app.command(_joined(word, verb) if isinstance(verb, Mapping) else app_of(verb, word))
    return app
