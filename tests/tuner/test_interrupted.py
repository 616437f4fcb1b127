"""Signals, broken scorers and lags: the run that goes on ends as one that was never stopped."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from kit import silent
from sequence_tutor.errors import UserError
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import load_checkpoint
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.tuner.settings import TuneSettings

STEPS = 48


def quick(**changes: object) -> TuneSettings:
    given = {
        "c": 1.0,
        "steps": STEPS,
        "batch": 8,
        "collect": 8,
        "collect_every": 4,
        "evaluate_every": 12,
        "evaluate_samples": 16,
        "replay": {"capacity": 40, "warm_start": 8},
        **changes,
    }
    return TuneSettings.model_validate(given)


class Slow:
    """Pays 1 for every token 1, and counts. Satisfies `Reward`, `Prepares` and `Remembers`."""

    names = ("ones",)
    weights = torch.ones(1, dtype=torch.float64)
    is_slow = True

    def __init__(self, stop_at: int = -1, how: BaseException | int = signal.SIGTERM) -> None:
        self.stop_at, self.how, self.prepared = stop_at, how, 0
        self.paid = torch.zeros(1, dtype=torch.int64)
        self.threads: set[str] = set()

    def prepare(self, batch: SequenceBatch) -> None:
        self.prepared += 1
        self.threads.add(threading.current_thread().name)
        if self.prepared == self.stop_at:
            if isinstance(self.how, BaseException):
                raise self.how
            signal.raise_signal(self.how)

    def __call__(self, batch: SequenceBatch) -> torch.Tensor:
        self.paid += len(batch)
        return ((batch.tokens == 1) & batch.mask).double()[:, :, None]

    def remember(self, batch: SequenceBatch) -> None:
        pass

    def state(self) -> dict[str, torch.Tensor]:
        return {"paid": self.paid.clone()}

    def restore(self, state: dict[str, torch.Tensor]) -> None:
        self.paid = state["paid"].clone()


def tuner(folder: Path, settings: TuneSettings, reward: Slow | None = None) -> Tuner:
    toy = make_toy(0, length=4, width=16)
    return Tuner(Task(toy.prior, reward or Slow(), 4), settings, folder)


def assert_same(one: Path, other: Path) -> None:
    states = [load_checkpoint(folder / STATE_FILE)[0] for folder in (one, other)]
    assert states[0].keys() == states[1].keys()
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name
    logs = [read_log(folder / LOG_FILE) for folder in (one, other)]
    for record in (*logs[0], *logs[1]):
        del record["seconds"]
    assert logs[0] == logs[1]


@pytest.fixture(autouse=True)
def _terminating() -> object:
    """SIGTERM raises, as the command line makes it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        pytest.param({"lag": 6}, marks=pytest.mark.long),
        {"lag": 6, "rollouts": 3},
        pytest.param({"target_kl": 0.2}, marks=pytest.mark.long),
        pytest.param({"optimiser": {"average": 5}}, marks=pytest.mark.long),
        pytest.param({"stages": [{"steps": 15}, {"c": 0.5, "steps": 14}]}, marks=pytest.mark.long),
    ],
    ids=["plain", "lag", "rollouts", "target_kl", "average", "stages"],
)
def test_a_signal_saves_and_the_run_ends_the_same(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    settings = quick(**changes)
    tuner(tmp_path / "whole", settings).run(silent)
    for step in (4, 12, 22):
        folder = tmp_path / str(step)
        stopped = tuner(folder, settings)

        def stop(_n: int = 1, /, **_live: float | str) -> None:
            if stopped.step == step:  # noqa: B023  # called within this turn
                signal.raise_signal(signal.SIGTERM)

        with pytest.raises(KeyboardInterrupt):
            stopped.run(stop)
        assert load_checkpoint(folder / STATE_FILE)[1]["step"] == step
        tuner(folder, settings).run(silent)
        assert_same(folder, tmp_path / "whole")


@pytest.mark.parametrize(
    ("how", "lag"),
    [
        (signal.SIGINT, 6),
        (UserError("the program ended"), 0),
        pytest.param(signal.SIGINT, 0, marks=pytest.mark.long),
        pytest.param(UserError("the program ended"), 6, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_a_scorer_may_be_interrupted_or_break(
    tmp_path: Path, how: BaseException | int, lag: int
) -> None:
    settings = quick(lag=lag)
    tuner(tmp_path / "whole", settings).run(silent)
    for place in (1, 3, 6):
        folder = tmp_path / str(place)
        broken = tuner(folder, settings, Slow(place, how))
        with pytest.raises((KeyboardInterrupt, UserError)):
            broken.run(silent)
        assert (folder / STATE_FILE).exists() == (place > 2)  # at first there is nothing to save
        tuner(folder, settings).run(silent)
        assert_same(folder, tmp_path / "whole")


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    def stop(_n: int = 1, /, **_live: float | str) -> None:
        if stopped.step == 5:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGTERM)

    stopped = tuner(tmp_path, quick())
    with pytest.raises(KeyboardInterrupt):
        stopped.run(stop)
    assert not (tmp_path / STATE_FILE).exists()
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler  # put back


def test_saves_every_few_minutes(tmp_path: Path) -> None:
    toy = make_toy(0, length=4, width=16)
    saved: list[int] = []

    def note(_n: int = 1, /, **_live: float | str) -> None:
        if (tmp_path / STATE_FILE).exists():
            saved.append(load_checkpoint(tmp_path / STATE_FILE)[1]["step"])

    task = Task(toy.prior, Slow(), 4)
    Tuner(task, quick(steps=4, evaluate_every=4), tmp_path, save_minutes=1e-9).run(note)
    assert saved == [1, 2, 3]  # before the next update


def test_no_lag_is_recorded_as_before_there_was_any() -> None:
    assert "lag" not in quick().model_dump()
    assert quick(lag=3).model_dump()["lag"] == 3
    assert TuneSettings.model_validate(quick(lag=3).model_dump()) == quick(lag=3)


def test_a_lag_is_kept_to_whatever_the_speed(tmp_path: Path) -> None:
    """The policy learns from the collection of step k first at step k + lag."""
    reward = Slow()
    lagged = tuner(tmp_path, quick(lag=6, steps=20), reward)
    entered: list[tuple[int, int]] = []
    finish = lagged.supply.collector.finish

    def noting(sampled: object) -> object:
        entered.append((sampled.step, lagged.step))  # type: ignore[attr-defined]
        return finish(sampled)  # type: ignore[arg-type]

    lagged.supply.collector.finish = noting  # type: ignore[method-assign, assignment]
    lagged.run(silent)
    # the warm start at once; none that would come after the last update
    assert entered == [(0, 0), (0, 6), (4, 10), (8, 14), (12, 18)]
    assert threading.current_thread().name not in reward.threads


@pytest.mark.long
def test_scoring_and_learning_overlap(tmp_path: Path) -> None:
    class Sleeping(Slow):
        def prepare(self, batch: SequenceBatch) -> None:
            time.sleep(0.2)

    seconds = []
    for lag in (0, 4):
        toy = make_toy(0, length=4, width=16)
        settings = quick(lag=lag, steps=24, evaluate_every=24)
        slow = Tuner(Task(toy.prior, Sleeping(), 4), settings, tmp_path / str(lag))
        begun = time.monotonic()

        def learning(_n: int = 1, /, **_live: float | str) -> None:
            time.sleep(0.05)  # an update of a larger network

        slow.run(learning)
        seconds.append(time.monotonic() - begun)
    # 24 updates of .05 s; six collections of .2 s and the warm start, beside them or between them
    assert seconds[0] - seconds[1] > 0.6


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"algorithm": "ppo", "replay": {"fresh": 1.0}, "batch": 8},
            "lag is 2, expected 0: ppo learns from what the policy itself has just sampled",
        ),
        ({"target_kl": 0.1}, "aims and target_kl follow what was sampled just now"),
        ({"aims": {"reward_per_sequence": ">= 1"}}, "aims and target_kl follow what was sampled"),
    ],
)
def test_who_cannot_have_a_lag_is_told_so(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        quick(lag=2, **changes)
