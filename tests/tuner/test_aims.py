"""A run with aims: its log, its state, what it refuses, and that it says what it could not meet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from kit import KilledError, kill_fork_once_there, run, sentence, silent, toy_task
from sequence_tutor.config.aims import parse_aims
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.toy.rows import ToyRows
from sequence_tutor.tuner.aimed_rows import AimedRows
from sequence_tutor.tuner.aims_log import standing
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.tuner.settings import TuneSettings

AIMS = {"token_2": ">= 40 %", "token_0": "<= 90 %", "distinct": ">= 50 % of 50"}


def settings(**changes: object) -> TuneSettings:
    given = {
        "aims": AIMS,
        "aims_alone": True,
        "batch": 32,
        "collect": 64,
        "collect_every": 2,
        "steps": 60,
        "evaluate_every": 20,
        "evaluate_samples": 256,
        "replay": {"capacity": 1024},
        "optimiser": {"learning_rate": 0.01},
        **changes,
    }
    return TuneSettings.model_validate(given)


def tuner(folder: Path, chosen: TuneSettings, said: list[str] | None = None) -> Tuner:
    told = [] if said is None else said
    return Tuner(toy_task(), chosen, folder, told.append, rows=ToyRows(4))


def weights(made: Tuner) -> list[torch.Tensor]:
    return list(made.learner.values.parameters())


def test_the_log_tells_each_aim(tmp_path: Path) -> None:
    tuner(tmp_path, settings()).run(silent)
    first, *_, last = read_log(tmp_path / LOG_FILE)
    assert list(last["aims"]) == ["token_2 >= 40 %", "token_0 <= 90 %", "distinct >= 50 %"]
    own = last["aims"]["token_2 >= 40 %"]
    assert own["multiplier"] > 0
    assert own["low"] < own["value"] < own["high"]
    assert first["aims"]["token_2 >= 40 %"]["multiplier"] > 0  # near the prior, see `begin`
    assert first["aims"]["token_2 >= 40 %"]["goal"] > 0.4
    assert last["aims"]["token_0 <= 90 %"]["multiplier"] == 0  # slack
    assert last["reward_per_sequence"] == 0  # the reward's weights play no part


def test_the_live_line_names_the_worst() -> None:
    chosen = settings()
    entries = {
        "a": {"row": "token_2", "value": 0.31, "met": False},
        "b": {"row": "token_0", "value": 0.4, "met": True},
        "c": {"row": "distinct", "value": 0.49, "met": False},
    }
    record = {"aims": entries}
    assert standing(chosen.aims, record) == "1 of 3, worst token_2 31 of 40 %"
    for own in entries.values():
        own["met"] = True
    assert standing(chosen.aims, record) == "3 of 3"


@pytest.mark.long
def test_percent_or_fraction_is_the_same_run_bit_for_bit(tmp_path: Path) -> None:
    one = tuner(tmp_path / "one", settings())
    same = {"token_2": ">= 0.4", "token_0": "<= 0.9", "distinct": ">= 0.5 of 50"}
    other = tuner(tmp_path / "other", settings(aims=same))
    one.run(silent)
    other.run(silent)
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        assert torch.equal(mine, theirs)


def test_aims_far_from_the_prior_or_beside_a_reward_begin_without_multipliers(
    tmp_path: Path,
) -> None:
    far = {"token_2": ">= 97 %"}
    for name, changes in (("far", {"aims": far}), ("paid", {"aims_alone": False})):
        made = tuner(tmp_path / name, settings(**changes))
        assert made.aiming is not None
        assert not made.aiming.multipliers.from_prior
        assert not made.aiming.multipliers.values.any()


@pytest.mark.parametrize(
    "algorithm",
    ["psi", *(pytest.param(name, marks=pytest.mark.long) for name in ("g", "ppo", "raml"))],
)
def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path, algorithm: str) -> None:
    more: dict[str, object] = {"algorithm": algorithm}
    if algorithm in ("ppo", "raml"):
        more |= {"batch": 64, "replay": {"capacity": 1024, "fresh": 1.0}}
    if algorithm == "ppo":
        more |= {"value_weight": 0.05}
    whole = tuner(tmp_path / "whole", settings(**more))
    whole.run(silent)

    def kill(_n: int = 1, /, **_live: float | str) -> None:
        if killed.step == 33:
            raise KilledError

    killed = tuner(tmp_path / "killed", settings(**more))
    with pytest.raises(KilledError):
        killed.run(kill)
    resumed = tuner(tmp_path / "killed", settings(**more))
    assert resumed.step == 20
    resumed.run(silent)
    for mine, theirs in zip(weights(resumed), weights(whole), strict=True):
        assert torch.equal(mine, theirs)
    assert resumed.aiming is not None
    assert whole.aiming is not None
    for name, value in whole.aiming.state().items():
        assert torch.equal(resumed.aiming.state()[name], value)


@pytest.mark.long
def test_a_killed_process_goes_on_to_the_same_end(tmp_path: Path) -> None:
    config = tmp_path / "small.toml"
    config.write_text(
        "[tune]\nsteps = 120\nbatch = 32\ncollect = 64\ncollect_every = 2\nevaluate_every = 20\n"
        'evaluate_samples = 256\n[aims]\ntoken_2 = ">= 40 %"\ndistinct = ">= 50 % of 50"\n'
    )
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    given = ["tune", "toy", "--config", config, "--threads", 1, "--quiet", "--out"]
    assert run(*given, whole) == 0
    kill_fork_once_there(killed / STATE_FILE, lambda: run(*given, killed))
    assert run(*given, killed) == 0
    one, other = (read_log(folder / LOG_FILE)[-1] for folder in (whole, killed))
    assert one["aims"] == other["aims"]


def test_an_aim_beside_a_weighted_reward_and_stages(tmp_path: Path) -> None:
    stages = [{"c": 4.0, "steps": 30}, {"c": 2.0, "steps": 30, "weights": {"pair": 0.0}}]
    made = tuner(tmp_path, settings(aims_alone=False, stages=stages))
    made.run(silent)
    last = read_log(tmp_path / LOG_FILE)[-1]
    assert last["reward_per_sequence"] != 0
    assert last["aims"]["token_2 >= 40 %"]["multiplier"] > 0


@pytest.mark.long
def test_a_temperature_is_the_multiplier_of_entropy_and_of_divergence(tmp_path: Path) -> None:
    def ended(name: str, aims: dict[str, str]) -> dict[str, float]:
        chosen = settings(
            aims=aims, aims_alone=False, c=0.5, steps=300, evaluate_every=300, batch=64
        )
        tuner(tmp_path / name, chosen).run(silent)
        return read_log(tmp_path / name / LOG_FILE)[-1]

    free = ended("free", {"token_0": "<= 99.9 %"})
    near = ended("near", {"kl_to_prior_per_token": "<= 0.2"})
    wide = ended("wide", {"entropy_per_token": ">= 0.75"})
    assert free["kl_to_prior_per_token"] > 0.3
    assert near["kl_to_prior_per_token"] == pytest.approx(0.2, abs=0.04)
    assert free["entropy_per_token"] < 0.65
    assert wide["entropy_per_token"] == pytest.approx(0.75, abs=0.06)


@pytest.mark.long
def test_an_aim_that_nothing_meets_is_named_with_what_it_fights(tmp_path: Path) -> None:
    said: list[str] = []
    hopeless = {"token_2": ">= 80 %", "token_0": ">= 60 %"}
    chosen = settings(aims=hopeless, steps=400, evaluate_every=100)
    tuner(tmp_path, chosen, said).run(silent)
    (message,) = [one for one in said if "aims out of reach" in one or "aims missed" in one][-1:]
    assert "token_2 >= 80 %" in message
    assert "against token_" in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": "rl-only"}, "aims are given but algorithm is 'rl-only'"),
        ({"target_kl": 0.2}, "aim at kl_to_prior_per_token <= 0.2 instead"),
        ({"discount": 0.9}, "discount is 0.9 beside aims, expected 1"),
        ({"exploration": {"kind": "boltzmann"}}, "exploration.kind is 'boltzmann' beside aims"),
    ],
)
def test_what_cannot_stand_beside_aims_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings(**changes)


@pytest.mark.parametrize(
    ("aim", "message"),
    [
        ("tokn_2 >= 40 %", "unknown row 'tokn_2': did you mean 'token_2'?"),
        ("token_2 >= 140 %", "token_2 is never outside 0 % .. 100 %, so nothing meets it"),
        (
            "token_2 <= 70",
            "token_2 is never outside 0 .. 1, so everything meets at most that; perc",
        ),
        ("token_2 >= -3 %", "token_2 is never outside 0 % .. 100 %, so everything meets at least"),
        ("token_2 60 % .. 70", "token_2 is never outside 0 .. 1, so everything meets at most that"),
        ("token_2 >= 60 % within 5", "within 5: token_2 is never outside 0 % .. 100 %, so everyth"),
        ("token_2 40 %", "expected a row and what it should be"),
        ("kl_to_prior_per_token >= 1", "expected at most"),
        ("distinct <= 50 %", "expected at least"),
    ],
)
def test_a_bad_aim_is_refused_before_any_work(
    aim: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("tune", "toy", "--aim", aim, "--out", tmp_path / "run") == 2
    assert message in sentence(capsys)
    assert not (tmp_path / "run").exists()


def test_a_value_at_the_end_of_the_range_may_be_aimed_at() -> None:
    aims = parse_aims({"token_2": "= 100 %", "token_0": "<= 100 %", "token_1": ">= 0 within 0.5"})
    assert AimedRows(aims, ToyRows(3)).names == {"token_0", "token_1", "token_2"}


def test_a_run_without_aims_is_recorded_as_before() -> None:
    assert "aims" not in json.loads(TuneSettings().model_dump_json())
    again = TuneSettings.model_validate(settings().model_dump(mode="json"))
    assert again == settings()


def test_a_run_whose_aims_are_met_and_at_rest_ends_early(tmp_path: Path) -> None:
    chosen = settings(aims={"token_0": "<= 90 %"}, steps=200, evaluate_every=10)
    made = tuner(tmp_path, chosen)
    made.run(silent)
    assert made.step == 90  # the goals are the aims from 60 on; 70 to 90 is a tenth of the run
    again = tuner(tmp_path, chosen)
    again.run(silent)
    assert again.step == 90
