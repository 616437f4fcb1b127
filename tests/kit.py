"""What tests of many rooms share: progress that nobody watches, generators, commands, kills."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sequence_tutor.cli import main
from sequence_tutor.domain.rows import Counts
from sequence_tutor.melody.rows import TABLE_1, MelodyRows
from sequence_tutor.melody.scales import Key
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy.problem import make_toy


class KilledError(Exception):
    """Ends a run inside this process as a kill would."""


def silent(_n: int = 1, /, **_live: float | str) -> None:
    """Progress of steps that nobody watches."""


def uncounted(_done: int, _total: int) -> None:
    """Progress of files that nobody watches."""


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def toy_task() -> Task:
    """Sequences of up to four of four tokens, and a network of 16 that wrote them."""
    toy = make_toy(0, length=4, width=16)
    return Task(toy.prior, toy.reward, 4)


def run(*arguments: object) -> int:
    """The exit status of a command, as a shell sees it, run in this process."""
    return main([str(argument) for argument in arguments])


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """What went to standard error, which must be one line."""
    error = capsys.readouterr().err.rstrip("\n")
    assert "\n" not in error
    assert error.startswith("sequence-tutor: ")
    return error


def program(*arguments: object) -> list[str]:
    """The command of a process of its own."""
    return [sys.executable, "-m", "sequence_tutor", *map(str, arguments)]


def kill_once_there(file: Path, command: Sequence[str]) -> None:
    """Start a program and kill it as soon as it has written the file."""
    process = subprocess.Popen(command)
    _wait_for(file, lambda: process.poll() is None)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def kill_fork_once_there(file: Path, work: Callable[[], object]) -> None:
    """The same for a fork of this process, which need not import everything once more."""
    process = get_context("fork").Process(target=work)
    with warnings.catch_warnings():
        # of forks beside threads, from Python 3.12 on: those of pytest-xdist do no harm
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    _wait_for(file, process.is_alive)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _wait_for(file: Path, alive: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not file.exists() and alive() and time.monotonic() < deadline:
        time.sleep(0.005)


def melody_counts(batch: SequenceBatch, key: Key | None = None) -> dict[str, Tensor]:
    """What the rows of Table 1 count, (B,) each; NaN where a melody has no such number."""
    counts = MelodyRows(key or Key()).count(batch)
    leaps = counts["leaps_resolved"]
    named = {name: _as_counted(name, one) for name, one in counts.items() if name in TABLE_1}
    return {**named, "leaps_doubled": leaps.denominators - leaps.numerators}


def _as_counted(name: str, counts: Counts) -> Tensor:
    """A correlation, a property, or steps."""
    if name.startswith("autocorrelation"):
        return counts.numerators.where(counts.denominators > 0, torch.nan)
    return counts.numerators.bool() if TABLE_1[name].kind == "share" else counts.numerators


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
