"""Trainings of melodies that an executor computes side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.execution.registry import find_executor
from sequence_tutor.progress import Advance, progress
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.threads import cores_at_hand
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.order import open_order
from sequence_tutor.tuner.run_folder import POLICY_FILE
from sequence_tutor.tuner.stages import most_steps
from sequence_tutor.verbs.tune import tune

LONGEST = 7 * 24 * 3600.0  # seconds for one training, after which an executor may stop it
LOOK_EVERY = 1.0  # seconds between two looks at the logs


@dataclass(frozen=True)
class Training:
    """One call of `tune`, which can be sent to another process.

    Attributes:
        out: folder of the run.
        preset: name of a shipped preset.
        overrides: settings that win over it.
        rules: file of rules of the user's own.
    """

    out: Path
    preset: str
    overrides: Mapping[str, Any]
    rules: Path | None

    def finish(self, threads: int | None, *, quiet: bool) -> Model:
        """Tune, from wherever the folder stands."""
        return tune(
            "melody",
            self.out,
            preset=self.preset,
            overrides=self.overrides,
            rules=self.rules,
            threads=threads,
            quiet=quiet,
        )

    def elsewhere(self) -> Training:
        """The same for a process in another folder."""
        rules = None if self.rules is None else self.rules.absolute()
        return replace(self, out=self.out.absolute(), rules=rules)

    def steps(self) -> int:
        """Updates of the whole run.

        Raises:
            UserError: its settings or its rules cannot be used.
        """
        given = Given(rules=self.rules)
        order = open_order("melody", self.preset, None, self.overrides, given, quiet=True)
        return most_steps(order.spec.tune)


def train_side_by_side(
    trainings: Sequence[Training], executor: str, threads: int, *, quiet: bool
) -> None:
    """Let an executor compute trainings; those that it loses are left as far as they came.

    Raises:
        UserError: there is no such executor, or a training cannot begin.
    """
    kind = find_executor(executor)
    steps = [training.steps() for training in trainings]
    workers = max(1, cores_at_hand() // threads)
    with (
        progress("training side by side", sum(steps), quiet=quiet) as advance,
        kind(_finish, workers, LONGEST) as computing,
        _watched(trainings, steps, advance),
    ):
        computing.map([(training.elsewhere(), threads) for training in trainings])


def _finish(item: tuple[Training, int]) -> None:
    """One training, in whichever process the executor calls this."""
    training, threads = item
    training.finish(threads, quiet=True)


@contextmanager
def _watched(
    trainings: Sequence[Training], steps: Sequence[int], advance: Advance
) -> Iterator[None]:
    """Report the updates that the logs have, from time to time."""
    ended = threading.Event()

    def look() -> None:
        known, over = 0, False
        while not over:
            over = ended.wait(LOOK_EVERY)
            done = sum(map(_done, trainings, steps))
            advance(done - known)
            known = done

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _done(training: Training, steps: int) -> int:
    """The updates of a run that its log has; all of them where it is finished."""
    if (training.out / POLICY_FILE).exists():
        return steps
    try:
        records = read_log(training.out / LOG_FILE)
    except UserError:  # whoever continues the run says so
        return 0
    return int(records[-1]["step"]) if records else 0
