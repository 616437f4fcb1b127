"""A user's program or function that is asked on other machines: it takes its files along.

A file is stored on a node under the digest of what is sent with it, so a path that is only on the
machine of the run is of no consequence, nor is a file of the same name that a node has.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.execution.answers import Answer
from sequence_tutor.execution.batch_program import BatchProgram
from sequence_tutor.execution.external import ExternalProgram
from sequence_tutor.execution.program_process import split_command
from sequence_tutor.storage.files import replacing
from sequence_tutor.storage.trust import named_in

NAMED_ELSEWHERE = "named_elsewhere"  # folder for files that are not in the working folder


class ShippedFiles:
    """Files that can be sent to another machine.

    Args:
        contents: path, relative to the folder in which they will lie -> content and mode.

    Attributes:
        digest: SHA-256 of all of it.
    """

    def __init__(self, contents: Mapping[str, tuple[bytes, int]]) -> None:
        self._contents = dict(contents)
        parts = [
            f"{name}\n{mode}\n{hashlib.sha256(content).hexdigest()}"
            for name, (content, mode) in sorted(self._contents.items())
        ]
        self.digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def unpack(self) -> Path:
        """The folder on this machine that holds them, written if it is not there.

        Raises:
            UserError: the folder for them is another user's.
        """
        base = Path(tempfile.gettempdir()) / f"sequence-tutor-{os.getuid()}"
        base.mkdir(mode=0o700, exist_ok=True)
        if base.is_symlink() or base.stat().st_uid != os.getuid():
            raise UserError(f"{base} belongs to another user, expected a folder of this one's")
        folder = base / self.digest
        for name, (content, mode) in self._contents.items():
            path = folder / name
            if not (path.is_file() and path.read_bytes() == content):
                path.parent.mkdir(parents=True, exist_ok=True)
                with replacing(path) as beside:
                    beside.write_bytes(content)
                    beside.chmod(mode)
        folder.mkdir(exist_ok=True)
        return folder


class ShippedProgram:
    """A program that is started where it is first asked, one process a worker.

    Its working folder there holds the files that the command names, also as --receptor=FILE. The
    command's first word is sent only if it is a relative path, such as ./dock.sh: interpreters are
    those of the node.

    Args:
        command: as on a command line.
        folder: its working directory on this machine.
        timeout: seconds for one molecule.
        failures: see `ExternalProgram`.
        names: of the numbers that are wanted.
        is_batch: whether it is started for each batch, see `BatchProgram`.

    Raises:
        UserError: the command is empty or its quotes do not match.
    """

    def __init__(
        self,
        command: str,
        folder: Path,
        timeout: float,
        failures: int,
        names: Sequence[str],
        *,
        is_batch: bool,
    ) -> None:
        self._timeout, self._failures, self._names = timeout, failures, tuple(names)
        self._is_batch = is_batch
        words, contents = _with_files(split_command(command), folder)
        self._command, self._files = shlex.join(words), ShippedFiles(contents)
        self._program: ExternalProgram | BatchProgram | None = None

    def __call__(self, molecules: Sequence[str]) -> list[Answer]:
        """The answers to some molecules, in the process that calls this.

        Raises:
            UserError: it cannot be started, fails too often, or gives an invalid answer.
        """
        if self._program is None:
            kind = BatchProgram if self._is_batch else ExternalProgram
            folder = str(self._files.unpack())
            limits = self._timeout, folder, 1, self._failures
            self._program = kind(self._command, *limits, self._names)
        return self._program.ask(molecules)


def _with_files(
    words: Sequence[str], folder: Path
) -> tuple[list[str], dict[str, tuple[bytes, int]]]:
    """The words of a command with the paths that their files have on a node, and these files."""
    found, contents = [], dict[str, tuple[bytes, int]]()
    for number, word in enumerate(words):
        option, named = named_in(word)
        path = folder / named
        is_inside = not Path(named).is_absolute() and ".." not in Path(named).parts
        is_sent = (number > 0 or (is_inside and "/" in named)) and _is_file(path)
        name = named if is_inside else f"{NAMED_ELSEWHERE}/{number}/{path.name}"
        if is_sent:
            contents[str(Path(name))] = path.read_bytes(), stat.S_IMODE(path.stat().st_mode)
        found.append(option + name if is_sent else word)
    return found, contents


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name of a file
        return False
