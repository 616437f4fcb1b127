"""Numbers from another program: a docking script, a model in a Python environment of its own.

The program is started once, or several times side by side. It reads lines
``{"smiles": "CCO", "id": 7}`` and answers each with one line of JSON: ``{"value": 1.5}``, the bare
number, ``null`` for no number, or several numbers by their names. Answers are in the order of the
questions, unless they repeat the ``id``. Each must be written out before the next line is waited
for; for Python programs this module sets PYTHONUNBUFFERED. Lines that are no JSON are no answers;
the last of them, and of standard error, are shown if the program fails.

A process that ends or is late is replaced. The question it was at is asked once more, alone; if
that fails too, it is `Lost`.
"""

from __future__ import annotations

import json
import math
import selectors
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError
from sequence_tutor.execution.answers import VALUE, Answer, Questions, number_of
from sequence_tutor.execution.closing import Closing
from sequence_tutor.execution.program_process import PATIENCE, ProgramProcess, split_command
from sequence_tutor.execution.protocol import Lost
from sequence_tutor.execution.watcher import Watcher

LONGEST_QUEUE = 64  # questions that one process has at a time
QUEUE_SECONDS = 0.05  # of work that it has at a time: slow ones get one question
BROKEN_AT_ONCE = 2  # failures in a row of a program that never answered


class ExternalProgram(Closing):
    """A long-lived program that scores molecules; close it, or use it in a `with`.

    Its processes are started at the first call.

    Example:
        with ExternalProgram("python dock.py --receptor 1abc.pdb", processes=4) as dock:
            affinities = dock(["CCO", "c1ccccc1"])

    Args:
        command: as on a command line, but without a shell.
        timeout: seconds for one answer.
        folder: working directory; None: the current one.
        processes: of the program, side by side.
        failures: it is broken once its processes have ended or been late so often in a row.
        names: of the numbers that are wanted of each answer.

    Attributes:
        restarts: processes that were replaced.

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
        self.command, self.timeout, self._folder = command, timeout, folder
        self._count, self._most_failures, self.names = processes, failures, tuple(names)
        self.restarts = 0
        self._asked = self._in_a_row = 0
        self._seconds = QUEUE_SECONDS  # for one answer: a running mean
        self._has_answered = False
        self._selector = selectors.DefaultSelector()
        self._processes: list[ProgramProcess] = []
        self._watcher: Watcher | None = None
        weakref.finalize(self, _end_all, self._processes)  # if it is never closed

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
        work = Questions(smiles, self._asked, told)
        self._asked += len(smiles)
        try:
            self._select(0)  # answers without a question are refused
            self._attend(work)
            while work.unfinished:
                self._hand_out(work)
                due = min(one.deadline for one in self._processes if one.waiting)
                self._select(max(0.0, due - time.monotonic()))
                self._attend(work)
        except BaseException:
            self.close()  # late answers would be taken for those of the next call
            raise
        return work.answers

    def close(self) -> None:
        """End its processes."""
        _end_all(self._processes)
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def _select(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            key.data()

    def _attend(self, work: Questions) -> None:
        """Take what was answered, and replace processes that ended or are late."""
        for process in list(self._processes):
            self._take_answers(process, work)
            is_late = process.waiting and time.monotonic() >= process.deadline
            if process.has_ended or is_late:
                self._replace(process, work)

    def _hand_out(self, work: Questions) -> None:
        wanted = min(self._count, len(self._processes) + work.left)
        while len(self._processes) < wanted:
            self._watcher = self._watcher or Watcher()
            command = self.command, self._arguments, self._folder
            watched = self._watcher.environment
            self._processes.append(ProgramProcess(*command, self._selector, watched))
        most = max(1, min(LONGEST_QUEUE, int(QUEUE_SECONDS / self._seconds)))
        fair = min(most, math.ceil(work.left / self._count))
        for process in self._processes:
            if len(process.waiting) <= fair // 2 and not work.is_alone(process.waiting):
                taken = work.take(fair - len(process.waiting), alone=not process.waiting)
                process.ask(((one, work.line(one)) for one in taken), self.timeout)

    def _take_answers(self, process: ProgramProcess, work: Questions) -> None:
        """What a process answered; its oldest question is answered first, unless it says which."""
        if not process.answers:
            return
        begun = process.deadline - self.timeout
        count = len(process.answers)
        for value, line in process.answers:
            if not process.waiting:
                raise UserError(
                    f"{self.command!r} gave more answers than it was asked for, expected one line "
                    "for each line it reads"
                )
            place = 0
            if isinstance(value, dict) and "id" in value:
                place = self._place_of(value.pop("id"), process, line)
            number = process.waiting.pop(place)
            work.finish(number, self._checked(value, line, work.smiles(number)))
        process.answers.clear()
        now = time.monotonic()
        self._seconds = 0.8 * self._seconds + 0.2 * max(1e-6, (now - begun) / count)
        process.deadline = now + self.timeout
        self._in_a_row = 0

    def _place_of(self, given: object, process: ProgramProcess, line: bytes) -> int:
        for place, number in enumerate(process.waiting):
            if number == given:
                return place
        raise UserError(
            f"{self.command!r} answered {_shown(line)}, whose id is none of the questions that it "
            f"has: {', '.join(map(str, process.waiting[:5]))}"
        )

    def _checked(self, value: object, line: bytes, smiles: str) -> Answer:
        """An answer with its numbers by name.

        Raises:
            UserError: it is none.
        """
        if value is None or (isinstance(value, dict) and "error" in value):
            return {}
        answer: Mapping[str, Any] = value if isinstance(value, dict) else {VALUE: value}
        for name in self.names:
            number = answer.get(name)
            if isinstance(number, bool | str | list | dict):
                raise self._misfit(line, smiles, "")
            if name not in answer and not self._has_answered:
                raise self._misfit(line, smiles, f" without {name!r} ({nearest(name, answer)})")
        self._has_answered = True
        return answer

    def _misfit(self, line: bytes, smiles: str, what: str) -> UserError:
        number = json.dumps(dict.fromkeys(self.names, 1.5))
        short = ", 1.5" if self.names == (VALUE,) else ""
        return UserError(
            f"{self.command!r} answered {_shown(line)} to {smiles!r}{what}, expected a line such "
            f"as {number}{short} or null"
        )

    def _replace(self, process: ProgramProcess, work: Questions) -> None:
        """End a process that failed, and ask its questions again."""
        self._processes.remove(process)
        self.restarts += 1
        why = Lost.DIED if process.has_ended else Lost.TIMED_OUT
        how = process.how_it_ended() if process.has_ended else ""
        words = process.last_words()
        process.end()
        if not process.waiting:  # it ended while it had nothing to do
            return
        blamed, *others = process.waiting
        self._in_a_row += 1
        most = self._most_failures
        if not self._has_answered:
            most = min(most, BROKEN_AT_ONCE if process.has_ended else 1)
        if self._in_a_row >= most:
            raise UserError(self._complaint(work.smiles(blamed), how, words))
        work.put_back(others)
        work.lose(blamed, why)

    def _complaint(self, smiles: str, how: str, words: str) -> str:
        often = f", {self._in_a_row} times in a row" if self._in_a_row > 1 else ""
        if how:
            said = f"{how} before all was answered, the last time at {smiles!r}{often}"
            return f"{self.command!r} {said}; its last words: {words}"
        hint = "" if self._has_answered else " (does it write them out at once?)"
        return (
            f"{self.command!r} gave no answer to {smiles!r} within {self.timeout:g} s{often}, "
            f"expected a line of JSON after each line it reads{hint}; its last words: {words}"
        )


def _shown(line: bytes) -> str:
    return repr(line[:200].decode(errors="replace"))


def _end_all(processes: list[ProgramProcess]) -> None:
    """End processes: at once those at work, soon those that wait for more."""
    for process in processes:
        process.close_input()
    until = time.monotonic() + PATIENCE
    while processes:
        process = processes.pop()
        process.end(0.0 if process.waiting else max(0.0, until - time.monotonic()))
