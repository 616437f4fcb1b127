"""c is found from the measured divergence, and a run that looks for it resumes bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from kit import KilledError, silent, toy_task
from sequence_tutor.cli import main
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.target_kl import TargetKL, missed_target


def settings(**changes: object) -> TuneSettings:
    given = {
        "c": 1.0,
        "target_kl": 0.2,
        "batch": 64,
        "collect": 64,
        "collect_every": 1,
        "steps": 400,
        "evaluate_every": 100,
        "evaluate_samples": 1024,
        "replay": {"capacity": 2048},
        "optimiser": {"learning_rate": 0.01},
        **changes,
    }
    return TuneSettings.model_validate(given)


@pytest.mark.parametrize(
    ("kl", "expected"),
    [
        (0.2, 2.0),  # on target
        (0.21, 2.0 * 1.005),  # 5 % too far: a tenth of it
        (0.9, 2.0 * 1.02),  # at most 2 %
        (0.0, 2.0 * 0.98),
    ],
)
def test_c_follows_the_relative_error(kl: float, expected: float) -> None:
    control = TargetKL(0.2, 2.0)
    control.follow(kl)
    assert control.c == pytest.approx(expected)


def test_a_search_has_ends() -> None:
    control = TargetKL(5.0, 2.0)
    for _ in range(1000):
        control.follow(0.1)
    assert control.c == pytest.approx(0.002)
    for _ in range(2000):
        control.follow(100.0)
    assert control.c == pytest.approx(2000.0)


def test_a_target_that_is_out_of_reach_is_said_with_the_nearest() -> None:
    records = [
        {"step": step, "kl_to_prior_per_token": kl, "c": c}
        for step, kl, c in ((0, 0.0, 1.0), (10, 1.5, 0.5), (20, 1.2, 0.001))
    ]
    assert missed_target(records, 1.1) is None
    said = missed_target(records, 5.0)
    assert said is not None
    assert said.startswith(
        "target_kl missed: 1.2 nats per token from the prior at c = 0.001, 5 were asked for; the "
        "nearest was 1.5 at step 10, c = 0.5;"
    )


def test_a_run_that_misses_its_target_says_so_at_its_end(tmp_path: Path) -> None:
    said: list[str] = []
    missing = settings(target_kl=5.0, steps=20, evaluate_every=10, evaluate_samples=64)
    Tuner(toy_task(), missing, tmp_path, said.append).run(silent)
    first, _, last = read_log(tmp_path / LOG_FILE)
    (warning,) = said
    assert warning.startswith("step 20: target_kl missed: ")
    assert warning.endswith(last["warnings"][-1])
    assert first["warnings"] == []


@pytest.mark.parametrize("begin", [pytest.param(0.3, marks=pytest.mark.long), 6.0])
def test_the_divergence_asked_for_is_reached_from_both_sides(begin: float, tmp_path: Path) -> None:
    tuner = Tuner(toy_task(), settings(c_begin=begin), tmp_path)
    tuner.run(silent)
    first, *_, last = read_log(tmp_path / LOG_FILE)
    assert first["c"] == begin
    assert last["kl_to_prior_per_token"] == pytest.approx(0.2, abs=0.03)
    assert last["c"] == tuner.c != begin


@pytest.mark.long
def test_a_resumed_run_finds_the_same_c(tmp_path: Path) -> None:
    chosen = settings(steps=120, evaluate_every=40, evaluate_samples=64)
    whole = Tuner(toy_task(), chosen, tmp_path / "whole")
    whole.run(silent)

    def kill(_n: int = 1, /, **_live: float | str) -> None:
        if tuner.step == 60:
            raise KilledError

    tuner = Tuner(toy_task(), chosen, tmp_path / "killed")
    with pytest.raises(KilledError):
        tuner.run(kill)
    resumed = Tuner(toy_task(), chosen, tmp_path / "killed")
    assert resumed.step == 40
    assert resumed.c != chosen.c
    resumed.run(silent)
    assert resumed.c == whole.c
    for one, other in zip(
        resumed.learner.values.parameters(), whole.learner.values.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_a_warm_start_moves_no_c(tmp_path: Path) -> None:
    warm = settings(steps=1, replay={"capacity": 2048, "warm_start": 640})
    tuner = Tuner(toy_task(), warm, tmp_path)
    tuner.run(silent)
    # ten collections of the untouched policy before the first update, and the one that it follows,
    # which is as near the prior: 2 % down, once
    assert tuner.c == pytest.approx(0.98)


@pytest.mark.parametrize("algorithm", ["q", "rl-only"])
def test_algorithms_that_cannot_are_refused(algorithm: str) -> None:
    with pytest.raises(ValidationError, match=f"target_kl is 0.2 but algorithm is '{algorithm}'"):
        settings(algorithm=algorithm)
    with pytest.raises(ValidationError, match="a run without stages"):
        settings(stages=[{"c": 1.0}])


def test_refused_on_the_command_line_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    given = ["tune", "toy", "--algorithm", "q", "--target-kl", "0.2", "--out", str(out)]
    assert main(given) == 2
    assert "target_kl is 0.2 but algorithm is 'q'" in capsys.readouterr().err
    assert not out.exists()
