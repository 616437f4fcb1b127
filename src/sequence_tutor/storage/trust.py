"""Code that a folder's records name is executed only if the user allowed it.

The records of a run (run.json, prior.json) may name code: a file of rules, a prior that is a Python
file, the command of a program, types in a model's file. In a folder from someone else this is
someone else's code. Before code that a record names is executed, `allow` checks it:

- code that this user's own commands wrote into a record is remembered and allowed;
- code that the user names in the same call (`--rules FILE`, `--prior PLACE`) is not checked;
- other code is refused until the user allows it with `--trust` (in Python `trust=True`), which is
  remembered too.

Remembered is a SHA-256 of the kind of code, its location and its content: of a file its bytes, of a
program its command, its working folder and the bytes of every file among its arguments, of a model
its types and its bytes. A folder that is copied or moved still works; changed or unknown code is
refused.

Each digest is the name of a file STATE/trusted/DIGEST in the user's state folder, which contains a
line about what it allows. Deleting the file revokes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from sequence_tutor.errors import NotAllowedError, printable, shortened
from sequence_tutor.storage.files import file_digest, write_text

STATE_VARIABLE = "SEQUENCE_TUTOR_STATE"
"""Environment variable with the absolute path of another state folder."""

LONGEST_SHOWN = 200
"""Characters of a command in a sentence."""


@dataclass(frozen=True)
class Code:
    """Code that a record names."""

    what: str  # for messages, such as "the rules /home/me/rules.py"
    digest: str  # SHA-256 of kind, location and content
    option: str = ""  # the command-line option that names it instead; empty: there is none


def python_code(kind: str, path: Path, content: bytes) -> Code:
    """A Python file with its content; `kind` is "rules" or "prior"."""
    place = os.path.abspath(path)  # noqa: PTH100  # Path.absolute keeps `..`
    digest = _digest(kind, place, _sha256(content))
    return Code(f"the {kind} {_shown(place)}", digest, f"--{kind} FILE.py")


def program_code(command: str, folder: Path) -> Code:
    """A command that is started in a folder; files that its words name belong to it."""
    try:
        words = shlex.split(command)
    except ValueError:  # it will be refused where it would be started
        words = [command]
    content = {}
    for word in words:
        with suppress(OSError, ValueError):  # no name of a file
            path = (folder / named_in(word)[1]).absolute()
            if path.is_file():
                content[str(path)] = file_digest(path)
    what = f"the program {_shown(command)} in {_shown(str(folder))}"
    return Code(what, _digest("program", command, str(folder), content))


def named_in(word: str) -> tuple[str, str]:
    """A word of a command as the option before a file, "--receptor=" or "", and the file's name."""
    option, sign, name = word.partition("=")
    return (option + sign, name) if sign and option.startswith("-") else ("", word)


def trusted_types(model: Path, types: Sequence[str]) -> Code:
    """Types in a user's model that its library does not trust by itself."""
    content = ""
    with suppress(OSError, ValueError):
        content = file_digest(model)
    what = f"the types {_shown(', '.join(types))} of the model {_shown(str(model))}"
    return Code(what, _digest("types", str(model), sorted(types), content))


def fetched_model(name: str) -> Code:
    """A model downloaded from the Hugging Face hub; none of its own code is executed."""
    return Code(f"a download of the Hugging Face model {_shown(name)}", _digest("model", name))


def programs_of(tables: object) -> list[Code]:
    """Every program in tables of settings: the values named `command`, and trusted types of models.

    A `folder` in the same table is where it is started; without one, the current folder. A model
    without trusted types is data.
    """
    found: list[Code] = []
    inside: Iterable[object] = tables if isinstance(tables, list | tuple) else ()
    if isinstance(tables, Mapping):
        command, folder = tables.get("command"), tables.get("folder")
        if isinstance(command, str):
            start = Path(folder if isinstance(folder, str) else ".").absolute()
            found.append(program_code(command, start))
        model, types = tables.get("model"), tables.get("trusted")
        if isinstance(model, str) and isinstance(types, list | tuple) and types:
            found.append(trusted_types(Path(model).absolute(), list(map(str, types))))
        inside = tables.values()
    return [*found, *chain.from_iterable(map(programs_of, inside))]


def allow(codes: Sequence[Code], source: Path | str, *, trust: bool = False) -> None:
    """Refuse code that the records in `source` name and the user has not allowed.

    With `trust` the user allows it now, which is remembered.

    Raises:
        NotAllowedError: it says what would be executed and how to allow it.
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
    """Allow code from now on; nothing is remembered if the state folder is not writable."""
    folder = state_folder()
    if folder is None:
        return
    with suppress(OSError):
        for code in codes:
            if not is_remembered(code):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_text(folder / "trusted" / code.digest, f"{code.what}\n")


def is_remembered(code: Code) -> bool:
    """Whether the user has allowed it, or wrote it into a record with a command."""
    folder = state_folder()
    return folder is not None and (folder / "trusted" / code.digest).is_file()


def state_folder() -> Path | None:
    """The folder of this user's state; None: there is none.

    A relative path is ignored: it would be another folder in every directory.
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
    """A text from a record, shortened, on one line."""
    kept = printable(shortened(text, LONGEST_SHOWN))
    return repr(kept) if " " in kept else kept
