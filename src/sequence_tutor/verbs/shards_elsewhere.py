"""Shards of a folder that an executor computes: on the cores of this machine, or of a cluster."""

from __future__ import annotations

import time
from pathlib import Path

from sequence_tutor.execution.registry import find_executor, results_of, started
from sequence_tutor.progress import progress
from sequence_tutor.storage.folder_lock import HEARTBEAT, SILENCE
from sequence_tutor.storage.shards import Shards
from sequence_tutor.threads import cores_at_hand, set_threads
from sequence_tutor.verbs.shard_kinds import Compute, computing
from sequence_tutor.verbs.side_by_side import LONGEST, watched

AGAIN_SECONDS = 2.0  # between two looks for what others were at
PATIENCE = SILENCE + HEARTBEAT  # seconds without a new shard


class ShardWorker:
    """Computes shards by their numbers; it can be sent to machines that see the folder.

    Args:
        folder: of the work, whose code the user has allowed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._compute: Compute | None = None

    def __call__(self, number: int) -> None:
        """Compute a shard, unless it is there or another process is at it.

        Raises:
            UserError: this machine does not see the folder, or what the work needs.
        """
        shards = Shards.opened(self._folder)
        for free in shards.free_of([number]):
            if self._compute is None:
                set_threads(1)  # what a shard holds must not depend on the machine
                self._compute = computing(shards.what, self._folder, trust=True)
            self._compute(free, shards.path(free))


def compute_elsewhere(shards: Shards, executor: str, *, trust: bool, quiet: bool) -> None:
    """Let an executor compute what is left; shards that it loses are left.

    The lease of a machine that died is silent for a minute before another may take its shard.

    Args:
        shards: of a folder that all its machines see under the same path.
        executor: its name.
        trust: run the code that the work names.
        quiet: show no progress.

    Raises:
        UserError: there is no such executor, or a shard cannot be computed.
    """
    find_executor(executor)
    computing(shards.what, shards.folder, trust=trust)  # what is wrong or not allowed is said here
    before = _left(shards)

    def done() -> int:
        return len(before) - len(_left(shards))

    with (
        progress("shards", len(before), quiet=quiet) as advance,
        started(executor, ShardWorker(shards.folder), cores_at_hand(), LONGEST) as workers,
        watched(done, advance),
    ):
        left, until = before, time.monotonic() + PATIENCE
        while left and time.monotonic() < until:
            results_of(executor, workers, left)
            now = _left(shards)
            if len(now) < len(left):
                until = time.monotonic() + PATIENCE
            left = now
            if left:
                time.sleep(AGAIN_SECONDS)


def _left(shards: Shards) -> list[int]:
    """The shards whose files are not there."""
    return [number for number in range(shards.count) if not shards.path(number).exists()]
