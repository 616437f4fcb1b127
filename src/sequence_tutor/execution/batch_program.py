"""Numbers from a program that is started for each batch, as REINVENT 4 starts its own.

The program reads SMILES from its standard input, one a line, until that ends, and writes one JSON
object: ``{"version": 1, "payload": {"predictions": [1.5, 2.5]}}``, with a list for each number that
it has; this is the convention of REINVENT 4's scoring component `ExternalProcess`
(https://github.com/MolecularAI/REINVENT4). A wrapper that was written for it runs unchanged.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError
from sequence_tutor.execution.answers import VALUE, Answer, number_of
from sequence_tutor.execution.closing import Closing
from sequence_tutor.execution.program_process import LAST_WORDS, MARK, split_command
from sequence_tutor.execution.protocol import Lost
from sequence_tutor.execution.watcher import Watcher
from sequence_tutor.storage.processes import end_marked

PREDICTIONS = "predictions"
"""The name of a program's number where it gives a single one."""


class BatchProgram(Closing):
    """A program that is started anew for each batch of molecules.

    If it fails, it is asked for each half of the batch; a single molecule for which it fails is
    `Lost`.

    Args:
        command: as on a command line, but without a shell.
        timeout: seconds for one molecule; a batch has so many for each.
        folder: working directory; None: the current one.
        processes: a batch is divided among so many, side by side.
        failures: it is broken once it has failed so often in a row.
        names: of the numbers that are wanted; `value` is what the program calls `predictions`.

    Attributes:
        restarts: how often it failed.

    Raises:
        UserError: the command is empty or its quotes do not match.
    """

    def __init__(
        self,
        command: str,
        timeout: float = 60.0,
        folder: str | None = None,
        processes: int = 1,
        failures: int = 10,
        names: Sequence[str] = (VALUE,),
    ) -> None:
        self._arguments = split_command(command)
        self.command, self._timeout, self._folder = command, timeout, folder
        self._count, self._most_failures, self.names = processes, failures, tuple(names)
        self.restarts = self._in_a_row = 0
        self._is_stopping = False
        self._watcher: Watcher | None = None
        self._running: dict[str, subprocess.Popen[bytes]] = {}  # by the mark of each

    def __call__(self, smiles: Sequence[str]) -> list[float]:
        """The first of its numbers for each molecule, NaN where there is none."""
        return [number_of(answer, self.names[0]) for answer in self.ask(smiles)]

    def ask(
        self, smiles: Sequence[str], told: Callable[[str, Answer], None] = lambda *_: None
    ) -> list[Answer]:
        """What the program says of each molecule.

        Args:
            smiles: the molecules.
            told: called with each and its answer as soon as it is there.

        Raises:
            UserError: it cannot be started, fails too often, or gives an invalid answer.
        """
        if not smiles:
            return []
        self._watcher = self._watcher or Watcher()
        size = -(-len(smiles) // self._count)
        parts = [smiles[begin : begin + size] for begin in range(0, len(smiles), size)]
        with ThreadPoolExecutor(len(parts)) as threads:
            try:
                answers: list[Answer] = []
                for part in threads.map(self._answers, parts):
                    for answer in part:
                        told(smiles[len(answers)], answer)
                        answers.append(answer)
                return answers
            except BaseException:
                self._is_stopping = True  # threads that are at work end with their program
                self.close()
                raise
            finally:
                threads.shutdown()
                self._is_stopping = False

    def close(self) -> None:
        """End what is running."""
        for mark, process in list(self._running.items()):
            _kill(process, mark)
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def _answers(self, smiles: Sequence[str]) -> list[Answer]:
        found = self._run(smiles)
        if not isinstance(found, Lost):
            self._in_a_row = 0
            return found
        if len(smiles) == 1:
            return [found]
        middle = len(smiles) // 2
        return self._answers(smiles[:middle]) + self._answers(smiles[middle:])

    def _run(self, smiles: Sequence[str]) -> list[Answer] | Lost:
        """The answers to a batch, or why there are none."""
        mark = secrets.token_hex(16)
        watched = self._watcher.environment if self._watcher else {}
        try:
            process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # as in `program_process`
                env=os.environ | {MARK: mark} | watched,
                cwd=self._folder,
            )
        except OSError as error:
            raise UserError(f"{self.command!r} cannot be started: {error.strerror}") from error
        self._running[mark] = process
        if self._is_stopping:  # it was started while `ask` ended the others
            _kill(process, mark)
        late = False
        try:
            given = "\n".join(smiles).encode(errors="surrogatepass")
            out, complaints = process.communicate(given, self._timeout * len(smiles))
        except subprocess.TimeoutExpired:
            late = True
            _kill(process, mark)
            out, complaints = process.communicate()
        finally:
            _kill(process, mark)
            del self._running[mark]
        if process.returncode == 0 and not late:
            return self._read(out, complaints, smiles)
        self._count_failure(process.returncode, late, complaints)
        return Lost.TIMED_OUT if late else Lost.DIED

    def _count_failure(self, status: int, late: bool, complaints: bytes) -> None:
        self.restarts += 1
        self._in_a_row += 1
        if self._in_a_row >= self._most_failures or self._is_stopping:
            how = "took too long" if late else f"ended with status {status}"
            raise UserError(
                f"{self.command!r} {how}, {self._in_a_row} times in a row; its last words: "
                f"{_words(complaints)}"
            )

    def _read(self, out: bytes, complaints: bytes, smiles: Sequence[str]) -> list[Answer]:
        lists = self._lists(out, complaints, smiles)
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]

    def _lists(
        self, out: bytes, complaints: bytes, smiles: Sequence[str]
    ) -> Mapping[str, Sequence[Any]]:
        """The lists of the answer that are as long as the batch, under the names of the terms."""
        payload = _payload(out)
        if payload is None:
            raise UserError(
                f"{self.command!r} wrote {_words(out)!r}, expected JSON such as "
                '{"version": 1, "payload": {"predictions": [1.5]}}; its last words: '
                f"{_words(complaints)}"
            )
        lists = {VALUE if name == PREDICTIONS else name: one for name, one in payload.items()}
        for name in self.names:
            given = lists.get(name)
            called = PREDICTIONS if name == VALUE else name
            if not isinstance(given, list):
                raise UserError(
                    f"{self.command!r} gave no list {called!r}: {nearest(called, payload)}"
                )
            if len(given) != len(smiles):
                raise UserError(
                    f"{self.command!r} gave {len(given)} {called} for {len(smiles)} molecules"
                )
            for one in given:
                if isinstance(one, bool | str | list | dict):
                    raise UserError(
                        f"{self.command!r} gave {one!r} among its {called}, expected numbers, or "
                        "null for none"
                    )
        of_all = {n: one for n, one in lists.items() if isinstance(one, list)}
        return {name: one for name, one in of_all.items() if len(one) == len(smiles)}


def _payload(out: bytes) -> dict[str, Any] | None:
    """The object of lists in what a program wrote: all of it, or its last line that is JSON."""
    for text in (out, *reversed(out.splitlines())):
        with suppress(ValueError, RecursionError):
            found = json.loads(text)
            if isinstance(found, dict) and isinstance(found.get("payload"), dict):
                return dict(found["payload"])
    return None


def _kill(process: subprocess.Popen[bytes], mark: str) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    end_marked(MARK, mark)


def _words(text: bytes) -> str:
    return " ".join(text[-LAST_WORDS:].decode(errors="replace").split()) or "none"
