"""Runs that an executor computes side by side, each in the folder that it has anyway."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from sequence_tutor.config.presets import Tables
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError, shown
from sequence_tutor.evaluation.model import Model
from sequence_tutor.execution.registry import SERIAL, find_executor
from sequence_tutor.progress import Advance, progress
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.threads import cores_at_hand
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.order import Order, open_order
from sequence_tutor.tuner.run_folder import POLICY_FILE
from sequence_tutor.tuner.settings_tables import with_executor
from sequence_tutor.tuner.stages import most_steps
from sequence_tutor.verbs.tune import AnyPrior, AnyReward, tune
from sequence_tutor.workbench.finished_run import RESULT_FILE

Item = TypeVar("Item")

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
    runs = [(training.out, training.steps()) for training in trainings]
    items = [(training.elsewhere(), threads) for training in trainings]
    compute_runs(_finish, items, runs, executor, threads, quiet=quiet)


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

    Args:
        function: computes one run; what is finished in its folder it leaves as it is.
        items: what it is called with, one a run; they can be sent to another machine.
        runs: folder and updates of each, for the progress.
        executor: its name.
        threads: of each run.
        quiet: show no progress.

    Raises:
        UserError: there is no such executor, or a run cannot begin.
    """
    kind = find_executor(executor)
    workers = max(1, cores_at_hand() // threads)
    with (
        progress("training side by side", sum(steps for _, steps in runs), quiet=quiet) as advance,
        kind(function, workers, LONGEST) as computing,
        _watched(runs, advance),
    ):
        computing.map(items)


def in_own_process(domain: str, overrides: Mapping[str, Any], executor: str | None) -> Tables:
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

    def order(self, reward: AnyReward | None, *, quiet: bool) -> Order:
        """Prior, reward and settings.

        Raises:
            UserError: they cannot be used.
        """
        given = Given(self.prior, self.rules, reward)
        return open_order(
            *(self.domain, self.preset, self.config, self.overrides, given),
            serves_several=True,
            trust=self.trust,
            device=self.device,
            quiet=quiet,
        )


def sendable(prior: object | None, reward: object | None) -> str | Path | None:
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


def _finish(item: tuple[Training, int]) -> None:
    """One training, in whichever process the executor calls this."""
    training, threads = item
    training.finish(threads, quiet=True)


@contextmanager
def _watched(runs: Sequence[tuple[Path, int]], advance: Advance) -> Iterator[None]:
    """Report the updates that the logs have, from time to time."""
    ended = threading.Event()

    def look() -> None:
        known, over = 0, False
        while not over:
            over = ended.wait(LOOK_EVERY)
            done = sum(_done(folder, steps) for folder, steps in runs)
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
    except UserError:  # whoever continues the run says so
        return 0
    return int(records[-1]["step"]) if records else 0
