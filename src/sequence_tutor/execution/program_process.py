"""One running program and its pipes; `external.ExternalProgram` keeps several."""

from __future__ import annotations

import json
import os
import secrets
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.storage.processes import end_marked

LAST_WORDS = 1000  # bytes of what it wrote beside its answers that are kept
PATIENCE = 2.0  # seconds for its own end before it is killed
PIECE = 1 << 16

MARK = "SEQUENCE_TUTOR_PROGRAM"
"""Environment variable of a program and all that it starts, whatever session they are in."""


class ProgramProcess:
    """A program that reads lines and answers with lines of JSON.

    Args:
        command: as the user wrote it, for messages.
        arguments: the same, split.
        folder: working directory; None: the current one.
        selector: watches its pipes; the key's data is a function that reads or writes.
        watched: environment by which it ends with this process, see `watcher`.

    Attributes:
        waiting: number of each question without an answer, the oldest first.
        deadline: until when the next answer is due.
        answers: values that were read and not taken yet, and the lines that they came in.
        has_ended: whether it closed its output.

    Raises:
        UserError: it cannot be started.
    """

    def __init__(
        self,
        command: str,
        arguments: Sequence[str],
        folder: str | None,
        selector: selectors.BaseSelector,
        watched: Mapping[str, str],
    ) -> None:
        self.waiting: list[int] = []
        self.deadline = 0.0
        self.answers: list[tuple[Any, bytes]] = []
        self.has_ended = False
        self._mark = secrets.token_hex(16)
        try:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                # a keyboard interrupt goes to this process only; all of the session is killed
                start_new_session=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1", MARK: self._mark, **watched},
                cwd=folder,
            )
        except OSError as error:
            raise UserError(f"{command!r} cannot be started: {error.strerror}") from error
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None  # each was asked for
        assert stdout is not None
        assert stderr is not None
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._unsent, self._received, self._last_words = b"", b"", b""
        self._selector = selector
        selector.register(stdout, selectors.EVENT_READ, self._read_answers)
        selector.register(stderr, selectors.EVENT_READ, self._read_complaints)
        os.set_blocking(stdin.fileno(), False)

    def ask(self, questions: Iterable[tuple[int, bytes]], timeout: float) -> None:
        """Send lines; their answers are waited for in this order."""
        if not self.waiting:
            self.deadline = time.monotonic() + timeout
        for number, line in questions:
            self.waiting.append(number)
            if not self._unsent:
                self._selector.register(self._stdin, selectors.EVENT_WRITE, self._write)
            self._unsent += line

    def close_input(self) -> None:
        """Tell it that nothing more will come."""
        self._unregister(self._stdin)
        with suppress(OSError):  # the pipe may be full or broken
            self._stdin.close()

    def end(self, patience: float = 0.0) -> None:
        """Wait so many seconds for its own end, then kill it and all that it has started."""
        self.close_input()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        end_marked(MARK, self._mark)  # processes that have left its session
        self._process.wait()
        for stream in (self._stdout, self._stderr):
            self._unregister(stream)
            stream.close()

    def last_words(self) -> str:
        """The end of what it wrote to its standard error, and of its lines that are no JSON."""
        os.set_blocking(self._stderr.fileno(), False)
        with suppress(OSError):
            while piece := os.read(self._stderr.fileno(), PIECE):
                self._note(piece)
        return " ".join(self._last_words.decode(errors="replace").split()) or "none"

    def how_it_ended(self) -> str:
        """Its exit status in words, once it has closed its output."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        status = self._process.returncode
        return "closed its output" if status is None else f"ended with status {status}"

    def _write(self) -> None:
        try:
            sent = os.write(self._stdin.fileno(), self._unsent[:PIECE])
        except BrokenPipeError:
            sent = len(self._unsent)  # it has ended, which reading its answers will show
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._selector.unregister(self._stdin)

    def _read_answers(self) -> None:
        piece = os.read(self._stdout.fileno(), PIECE)
        if not piece:
            self.has_ended = True
            self._selector.unregister(self._stdout)
            return
        *lines, self._received = (self._received + piece).split(b"\n")
        for line in lines:
            try:
                self.answers.append((json.loads(line), line))
            except (ValueError, RecursionError):  # a greeting, a warning: no answer
                self._note(line + b"\n")

    def _read_complaints(self) -> None:
        piece = os.read(self._stderr.fileno(), PIECE)
        self._note(piece)
        if not piece:
            self._selector.unregister(self._stderr)

    def _note(self, words: bytes) -> None:
        self._last_words = (self._last_words + words)[-LAST_WORDS:]

    def _unregister(self, stream: Any) -> None:  # a raw stream of subprocess
        with suppress(KeyError, ValueError):  # it was not watched any more, or is closed
            self._selector.unregister(stream)


def split_command(command: str) -> list[str]:
    """The words of a command.

    Raises:
        UserError: it is empty or its quotes do not match.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UserError(f"the command {command!r} cannot be read: {error}") from error
    if not words:
        raise UserError("the command of an external program is empty, expected a program")
    return words
