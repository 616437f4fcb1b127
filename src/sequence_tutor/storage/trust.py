"""Trust: what a folder's records name is run only where its user has said so.

The records of a run (run.json, prior.json) may name code: a file of rules, a prior that is a Python
file, the command of a program. In a folder from somebody else that is somebody else's code. Whoever
is about to run what a record names asks here first:

- what this user's own commands have written into a record is remembered, so it runs again;
- what the user names in the same call (`--rules FILE`, `--prior PLACE`) is the user's own and is
  not asked about;
- anything else is refused in one sentence, until the user allows it with `--trust` (in Python
  `trust=True`), which is remembered too.

What is remembered is a SHA-256 of the kind of code, of where it is, and of its content: of a file
its bytes, of a program its command, the folder it is started in and the bytes of every file among
its arguments. A folder that is copied or moved works on; an edited or a strange one is asked about.

Each digest is the name of a file in the user's own state folder, STATE/trusted/DIGEST, which says
in one line what it allows. To forget it, delete the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sequence_tutor.errors import NotAllowedError, printable, shortened
from sequence_tutor.storage.files import write_text

STATE_VARIABLE = "SEQUENCE_TUTOR_STATE"
"""Environment variable with the absolute path of the state folder, where it is to be another."""

LONGEST_SHOWN = 200
"""Characters of a command in a sentence."""


@dataclass(frozen=True)
class Code:
    """Something that a record names and that would be run.

    Attributes:
        what: for the sentence, such as "the rules /home/me/rules.py".
        digest: SHA-256 of what it is, where it is and what it holds.
        option: of the command line, with which the user can name it instead; empty: there is none.
    """

    what: str
    digest: str
    option: str = ""


def python_code(kind: str, path: Path, content: bytes) -> Code:
    """A Python file.

    Args:
        kind: "rules" or "prior".
        path: where it is.
        content: its bytes.
    """
    place = os.path.abspath(path)  # noqa: PTH100  # Path.absolute keeps `..`
    digest = _digest(kind, place, _sha256(content))
    return Code(f"the {kind} {_shown(place)}", digest, f"--{kind} FILE.py")


def program_code(command: str, folder: Path) -> Code:
    """A command that is started in a folder; files among its arguments belong to it."""
    try:
        words = shlex.split(command)
    except ValueError:  # it will be refused where it would be started
        words = [command]
    content = {}
    for word in words:
        with suppress(OSError, ValueError):  # no name of a file
            path = (folder / word).absolute()
            if path.is_file():
                with path.open("rb") as file:
                    content[str(path)] = hashlib.file_digest(file, "sha256").hexdigest()
    what = f"the program {_shown(command)} in {_shown(str(folder))}"
    return Code(what, _digest("program", command, str(folder), content))


def fetched_model(name: str) -> Code:
    """A model that would be fetched from the Hugging Face hub; none of its own code is run."""
    return Code(f"a download of the Hugging Face model {_shown(name)}", _digest("model", name))


def programs_of(tables: object) -> list[Code]:
    """Every program in tables of settings: whatever a table calls `command`.

    A `folder` beside it is where it is started; without one, the current folder.
    """
    return list(_programs(tables))


def _programs(tables: object) -> Iterator[Code]:
    if isinstance(tables, Mapping):
        command, folder = tables.get("command"), tables.get("folder")
        if isinstance(command, str):
            yield program_code(command, Path(folder if isinstance(folder, str) else ".").absolute())
        for value in tables.values():
            yield from _programs(value)
    elif isinstance(tables, list | tuple):
        for value in tables:
            yield from _programs(value)


def allow(codes: Sequence[Code], source: Path | str, *, trust: bool = False) -> None:
    """Refuse to go on where a record names code that nobody has allowed.

    Args:
        codes: what would be run.
        source: the folder or the file that names it.
        trust: whether the user allows it now, which is remembered.

    Raises:
        NotAllowedError: it names what would be run and how to allow it.
    """
    strange = [code for code in codes if not is_remembered(code)]
    if trust:
        remember(strange)
    elif strange:
        named = " and ".join(code.what for code in strange)
        options = "".join(f", or name it with {code.option}" for code in strange[:1] if code.option)
        raise NotAllowedError(
            f"{source}: would run {named}, which comes from this folder's records and was not "
            "allowed before; look at it, then allow it with --trust (in Python: trust=True)"
            f"{options}"
        )


def remember(codes: Sequence[Code]) -> None:
    """Allow code from now on; where the state folder cannot be written, nothing is remembered."""
    folder = state_folder()
    if folder is None:
        return
    with suppress(OSError):
        for code in codes:
            if not is_remembered(code):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_text(folder / "trusted" / code.digest, f"{code.what}\n")


def is_remembered(code: Code) -> bool:
    """Whether the user has allowed it, or has written it into a record with a command."""
    folder = state_folder()
    return folder is not None and (folder / "trusted" / code.digest).is_file()


def state_folder() -> Path | None:
    """Where this user's state is kept; None: nowhere.

    A relative path is no answer: it would be another folder in every directory, and one of a
    stranger's among them.
    """
    given = os.environ.get(STATE_VARIABLE)
    if given is not None:
        return Path(given) if Path(given).is_absolute() else None
    home = os.environ.get("XDG_STATE_HOME", "")
    if Path(home).is_absolute():
        return Path(home) / "sequence-tutor"
    try:
        return Path.home() / ".local" / "state" / "sequence-tutor"
    except RuntimeError:  # no home
        return None


def _digest(*parts: Any) -> str:  # anything JSON can hold
    return _sha256(json.dumps(parts, sort_keys=True).encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _shown(text: str) -> str:
    """A text of somebody's record, cut where it is long, on one line."""
    kept = printable(shortened(text, LONGEST_SHOWN))
    return repr(kept) if " " in kept else kept
