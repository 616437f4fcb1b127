"""Numbers from another program: a docking script, a model in a Python environment of its own.

The program is started once. It reads lines ``{"smiles": "CCO"}`` and answers each with one line,
in order: ``{"value": 1.5}``, or the bare number, or ``null`` for no number. It must flush each
answer before it reads the next line; for Python programs this module sets PYTHONUNBUFFERED. Its
standard error is only shown if it fails.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import selectors
import shlex
import signal
import subprocess
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress

from sequence_tutor.errors import UserError
from sequence_tutor.execution.closing import Closing
from sequence_tutor.storage.processes import end_marked

LAST_WORDS = 1000  # bytes of standard error that are kept
PATIENCE = 2.0  # seconds for its own end before it is killed
PIECE = 1 << 16

MARK = "SEQUENCE_TUTOR_PROGRAM"
"""Environment variable of a program and all that it starts, whatever session they are in."""


class ExternalProgram(Closing):
    """A long-lived program that scores molecules; close it, or use it in a `with`.

    It is started at the first call.

    Example:
        with ExternalProgram("python dock.py --receptor 1abc.pdb") as dock:
            scores = dock(["CCO", "c1ccccc1"])

    Args:
        command: as on a command line, but without a shell.
        timeout: seconds for one answer.
        folder: working directory; None: the current one.

    Attributes:
        failures: molecules so far for which it gave no finite number.
        timeouts: those of them for which it took too long.

    Raises:
        UserError: the command is empty or its quotes do not match.
    """

    def __init__(self, command: str, timeout: float = 60.0, folder: str | None = None) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise UserError(f"the command {command!r} cannot be read: {error}") from error
        if not self._arguments:
            raise UserError("the command of an external program is empty, expected a program")
        self.command = command
        self.timeout = timeout
        self._folder = folder
        self.failures = 0
        self.timeouts = 0
        self._program: _Program | None = None
        self._has_answered = False

    def __call__(self, smiles: Sequence[str]) -> list[float]:
        """The program's number for each molecule, NaN where it has none.

        After a molecule that takes too long, which has none, the program is restarted.

        Raises:
            UserError: it cannot be started, ends, gives an invalid answer, or never answers.
        """
        values: list[float] = []
        try:
            while len(values) < len(smiles):
                values += self._some(smiles[len(values) :])
        except BaseException:
            self.close()  # late answers would be taken for those of the next call
            raise
        self.failures += sum(map(math.isnan, values))
        return values

    def close(self) -> None:
        """End the program."""
        if self._program:
            self._end()
        self._program = None

    def _some(self, smiles: Sequence[str]) -> list[float]:
        """The numbers of all molecules, or of those up to one that takes too long."""
        if self._program is None:
            self._program = _Program(self.command, self._arguments, self._folder)
            self._end = weakref.finalize(self, self._program.end)  # if it is never closed
        answers = self._program.ask(smiles, self.timeout)
        values = [self._number(*pair) for pair in zip(answers, smiles, strict=False)]
        if len(answers) < len(smiles):
            self._give_up(smiles[len(answers)])
            values.append(math.nan)
        return values

    def _give_up(self, smiles: str) -> None:
        self.close()
        if not self._has_answered:
            raise UserError(
                f"{self.command!r} gave no answer to {smiles!r} within {self.timeout:g} s, "
                "expected a line of JSON after each line it reads (does it write them out at once?)"
            )
        self.timeouts += 1

    def _number(self, line: bytes, smiles: str) -> float:
        """The number in an answer, NaN for null and what is not finite."""
        try:
            answer = json.loads(line)
            value = answer["value"] if isinstance(answer, dict) else answer
            if isinstance(value, bool | str | list | dict):
                raise TypeError
            number = math.nan if value is None else float(value)
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
            text = line[:200].decode(errors="replace")
            raise UserError(
                f"{self.command!r} answered {text!r} to {smiles!r}, expected a line such as "
                '{"value": 1.5}, 1.5 or null'
            ) from error
        self._has_answered = True
        return number if math.isfinite(number) else math.nan


class _Program:
    """One running process and its pipes."""

    def __init__(self, command: str, arguments: Sequence[str], folder: str | None) -> None:
        self._command = command
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
                env=os.environ | {"PYTHONUNBUFFERED": "1", MARK: self._mark},
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
        self._selector = selectors.DefaultSelector()
        self._selector.register(stdout, selectors.EVENT_READ, self._read_answers)
        self._selector.register(stderr, selectors.EVENT_READ, self._read_complaints)
        os.set_blocking(stdin.fileno(), False)

    def ask(self, smiles: Sequence[str], timeout: float) -> list[bytes]:
        """The answers in order; too few if the next one took longer than `timeout`.

        Raises:
            UserError: the program ended, or gave too many answers.
        """
        self._read_what_is_there()
        self._unsent = b"".join(json.dumps({"smiles": one}).encode() + b"\n" for one in smiles)
        self._selector.register(self._stdin, selectors.EVENT_WRITE, self._write)
        answers: list[bytes] = []
        deadline = time.monotonic() + timeout
        while len(answers) < len(smiles) and time.monotonic() < deadline:
            for key, _ in self._selector.select(deadline - time.monotonic()):
                key.data()
            *lines, self._received = self._received.split(b"\n", len(smiles) - len(answers))
            if lines:
                answers += lines
                deadline = time.monotonic() + timeout
        if len(answers) == len(smiles) and (self._received or self._unsent):
            self._refuse_more()
        return answers

    def end(self) -> None:
        """Close its input, wait a little, then kill it and all it has started."""
        with suppress(OSError):  # the pipe may be full or broken
            self._stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        end_marked(MARK, self._mark)  # processes that have left its session
        self._process.wait()
        self._selector.close()
        self._stdout.close()
        self._stderr.close()

    def _read_what_is_there(self) -> None:
        """Refuse answers without a question."""
        for key, _ in self._selector.select(0):
            key.data()
        if self._received:
            self._refuse_more()

    def _refuse_more(self) -> None:
        raise UserError(
            f"{self._command!r} gave more answers than it was asked for, expected one line for "
            "each line it reads"
        )

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
        self._received += piece
        if not piece:
            self._refuse_end()

    def _read_complaints(self) -> None:
        piece = os.read(self._stderr.fileno(), PIECE)
        self._last_words = (self._last_words + piece)[-LAST_WORDS:]
        if not piece:
            self._selector.unregister(self._stderr)

    def _refuse_end(self) -> None:
        """Raise an error with the end of its standard error; it has closed its output."""
        os.set_blocking(self._stderr.fileno(), False)
        with suppress(BlockingIOError):
            while piece := os.read(self._stderr.fileno(), PIECE):
                self._last_words = (self._last_words + piece)[-LAST_WORDS:]
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        status = self._process.returncode
        what = "closed its output" if status is None else f"ended with status {status}"
        words = " ".join(self._last_words.decode(errors="replace").split())
        raise UserError(
            f"{self._command!r} {what} before all was answered; its last words: {words or 'none'}"
        )
