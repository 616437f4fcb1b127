"""Runs that an executor computes side by side, each in the folder that it has anyway."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from sequence_tutor.config.presets import Tables
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UnfinishedError, UserError, shown
from sequence_tutor.execution.registry import SERIAL, results_of, started
from sequence_tutor.progress import Advance, progress
from sequence_tutor.storage.folder_lock import lease, writing_in
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.threads import cores_at_hand
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.order import Order, open_order
from sequence_tutor.tuner.run_folder import POLICY_FILE
from sequence_tutor.tuner.settings_tables import with_executor
from sequence_tutor.verbs.tune import AnyPrior, AnyReward
from sequence_tutor.workbench.finished_run import RESULT_FILE

Item = TypeVar("Item")

SHARED = "shared"
"""In place of an executor: every process that is given the command takes part."""
LONGEST = 7 * 24 * 3600.0  # seconds for one training, after which an executor may stop it
LOOK_EVERY = 1.0  # seconds between two looks at the logs


def compute_runs(
    function: Callable[[Item], None],
    items: Sequence[Item],
    runs: Sequence[tuple[Path, int]],
    executor: str,
    threads: int,
    *,
    quiet: bool,
) -> None:
    """Let an executor compute runs; those that it loses are left as far as they came.

    With `SHARED` in its place this process computes them, but for those that another process that
    was given the same command is at.

    Args:
        function: computes one run; what is finished in its folder it leaves as it is.
        items: what it is called with, one a run; they can be sent to another machine.
        runs: folder and updates of each, for the progress.
        executor: its name.
        threads: of each run.
        quiet: show no progress.

    Raises:
        UnfinishedError: with `SHARED`, others are still at some.
        UserError: there is no such executor, or a run cannot begin.
    """
    if executor == SHARED:
        _compute_free(function, items, [folder for folder, _ in runs])
        return
    workers = max(1, cores_at_hand() // threads)
    with (
        progress("training side by side", sum(steps for _, steps in runs), quiet=quiet) as advance,
        started(executor, function, workers, LONGEST) as computing,
        watched(lambda: sum(_done(folder, steps) for folder, steps in runs), advance),
    ):
        results_of(executor, computing, items)


def _compute_free(
    function: Callable[[Item], None], items: Sequence[Item], folders: Sequence[Path]
) -> None:
    """Compute the runs that no other process computes, one after the other."""
    first = os.getpid() % len(items)  # who begins together meets rarely
    left = [(first + turn) % len(items) for turn in range(len(items))]
    for _ in range(2):  # others may have ended meanwhile
        asked, left = left, []
        for number in asked:
            folder = folders[number]
            with lease(folder.with_name(f"{folder.name}.lease")) as is_mine:
                if is_mine:
                    function(items[number])
                else:
                    left.append(number)
    if left:
        raise UnfinishedError(
            f"other processes compute {len(left)} of {len(items)} runs, such as "
            f"{folders[left[0]]}; the last of them makes the table, or the same command once they "
            "have ended"
        )


@contextmanager
def computed(out: Path, executor: str | None, compute: Callable[[], None]) -> Iterator[None]:
    """Let runs be computed, and hold the lock of their folder while results are gathered.

    Args:
        out: folder of the runs.
        executor: computes them; None: this process does, one after the other.
        compute: lets it do so.

    Raises:
        UserError: another process writes there.
        UnfinishedError: with `SHARED`, others are still at some, or gather the results.
    """
    if executor == SHARED:
        compute()
        with lease(out) as is_mine:
            if not is_mine:
                raise UnfinishedError(f"another process makes the table of {out}")
            yield
        return
    with writing_in(out):
        if executor is not None:
            compute()
        yield


@dataclass(frozen=True)
class Opening:
    """What several runs share, so that another process can open it; as the arguments of `compare`.

    Attributes:
        overrides: aims and executor are in them too.
    """

    domain: str
    prior: AnyPrior | None
    preset: str
    config: Path | None
    overrides: Mapping[str, Any]
    rules: Path | None
    trust: bool
    device: torch.device | str

    def elsewhere(self) -> Opening:
        """The same for a process in another folder."""
        config = None if self.config is None else self.config.absolute()
        rules = None if self.rules is None else self.rules.absolute()
        return replace(self, config=config, rules=rules)

    def side_by_side(self, reward: AnyReward | None, executor: str | None) -> Opening:
        """The same for runs that other processes compute, each of which scores by itself.

        Args:
            reward: an object in memory; None: the one that the settings describe.
            executor: that was asked to score.

        Raises:
            UserError: prior or reward are objects in memory, or another executor is to score.
        """
        prior = _sendable(self.prior, reward)
        overrides = _in_own_process(self.domain, self.overrides, executor)
        return replace(self, prior=prior, overrides=overrides)

    def order(self, reward: AnyReward | None, *, quiet: bool) -> Order:
        """Prior, reward and settings.

        Raises:
            UserError: they cannot be used.
        """
        given = Given(self.prior, self.rules, reward)
        return open_order(
            self.domain,
            self.preset,
            self.config,
            self.overrides,
            given,
            serves_several=True,
            trust=self.trust,
            device=self.device,
            quiet=quiet,
        )


@contextmanager
def watched(count: Callable[[], int], advance: Advance) -> Iterator[None]:
    """Report from time to time how much is done, such as the updates that logs have."""
    ended = threading.Event()

    def look() -> None:
        known, over = 0, False
        while not over:
            over = ended.wait(LOOK_EVERY)
            done = count()
            advance(done - known)
            known = done

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _done(folder: Path, steps: int) -> int:
    """The updates of a run that its log has; all of them where it is finished."""
    if (folder / POLICY_FILE).exists() or (folder / RESULT_FILE).exists():
        return steps
    try:
        records = read_log(folder / LOG_FILE)
    except UserError:  # continuing the run reports it
        return 0
    return int(records[-1]["step"]) if records else 0


def _in_own_process(domain: str, overrides: Mapping[str, Any], executor: str | None) -> Tables:
    """Settings of a run beside others: it scores in its own process.

    Raises:
        UserError: another executor is asked for.
    """
    if executor not in (None, SERIAL):
        raise UserError(
            f"executor is {shown(executor)}, but runs side by side score in their own processes; "
            "leave one of the two out"
        )
    try:
        find_domain(domain).executed_by(SERIAL)
    except UserError:  # it scores there anyway
        return overrides
    return with_executor(overrides, SERIAL)


def _sendable(prior: object | None, reward: object | None) -> str | Path | None:
    """The prior as another process finds it.

    Raises:
        UserError: prior or reward are objects in memory.
    """
    if reward is not None or not isinstance(prior, str | Path | None):
        what = "prior" if reward is None else "reward"
        raise UserError(
            f"the {what} is an object in memory, which runs side by side do not have; expected one "
            "on the disk, or runs one after the other"
        )
    return Path(prior).absolute() if prior and Path(prior).exists() else prior
