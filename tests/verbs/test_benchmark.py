"""Whole runs with a tiny prior, whose every string of C, N and O is a molecule."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.algorithms.registry import SHIPPED
from sequence_tutor.config.presets import preset_names
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.benchmarks.results import Benchmarked
from sequence_tutor.molecule.benchmarks.suites import SUITES
from sequence_tutor.prior.store import load_prior
from sequence_tutor.progress import Advance
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.verbs.benchmark import benchmark, resolve
from sequence_tutor.workbench.benchmark_run import CALLS_FILE, CLIMB_FILE, digest
from sequence_tutor.workbench.finished_run import RESULT_FILE

# a value, a policy's gradient and data; `make test-long` asks for the others
FEW_OF_SHIPPED = [
    name if name in ("psi", "ppo", "raml") else pytest.param(name, marks=pytest.mark.long)
    for name in SHIPPED
]

QUICK = {
    "steps": 100,
    "batch": 8,
    "collect": 8,
    "collect_every": 1,
    "evaluate_every": 5,
    "replay": {"capacity": 16},
}


def run(prior: Path, out: Path, tune: Mapping[str, Any] | None = None, **more: Any) -> Benchmarked:
    """One task, once, unless `more` of `benchmark`'s arguments say otherwise."""
    arguments: dict[str, Any] = {"tasks": ["median1"], "seeds": 1, "calls": 60} | more
    overrides = {"tune": {**QUICK, **(tune or {})}}
    return benchmark(
        "pmo", out, prior=prior, overrides=overrides, threads=1, quiet=True, **arguments
    )


def calls_of(folder: Path) -> list[str]:
    return (folder / CALLS_FILE).read_text(encoding="utf-8").splitlines()


def test_every_call_is_made_and_kept(molecule_prior: Path, tmp_path: Path) -> None:
    found = run(molecule_prior, tmp_path / "out")
    folder = tmp_path / "out" / "median1" / "seed_0"
    lines = calls_of(folder)
    assert len(lines) == len(set(lines)) == found.runs[0]["calls"] == 60
    scores = [float(line.split("\t")[1]) for line in lines]
    assert found.runs[0]["figures"]["top1"] == max(scores)
    assert found.runs[0]["best"][0]["score"] == max(scores)
    climb = (folder / CLIMB_FILE).read_text(encoding="utf-8").splitlines()
    assert climb[0] == "call,score,inside"
    assert climb[1].rpartition(",")[0] == f"1,{scores[0]:.6g}"
    assert not (folder / STATE_FILE).exists()


def test_updates_can_end_before_calls_do(molecule_prior: Path, tmp_path: Path) -> None:
    found = run(molecule_prior, tmp_path, {"steps": 2})
    assert 0 < found.runs[0]["calls"] < 60
    assert found.total > 0


def test_what_is_done_is_not_done_again(molecule_prior: Path, tmp_path: Path) -> None:
    once = run(molecule_prior, tmp_path / "out")
    result = tmp_path / "out" / "median1" / "seed_0" / RESULT_FILE
    written = result.stat().st_mtime_ns
    again = run(molecule_prior, tmp_path / "out", seeds=2, tasks=["median1", "qed"])
    assert result.stat().st_mtime_ns == written
    assert len(again.runs) == 4
    assert once.caption.endswith("60 calls, one seed")
    assert again.runs[0] == once.runs[0]
    assert again.runs[1]["figures"] != once.runs[0]["figures"]


@pytest.mark.parametrize(
    "preset",
    [
        pytest.param(name, marks=() if name == "critic" else pytest.mark.long)
        for name in preset_names("benchmark", "molecule")
    ],
)
def test_killed_in_the_middle_it_ends_the_same(
    preset: str, molecule_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(molecule_prior, tmp_path / "whole", preset=preset)
    go_on = Tuner.run

    def killed(self: Tuner, advance: Advance) -> TunedPolicy:
        def advance_until(n: int = 1, /, **values: float | str) -> None:
            if self.step == 7:  # the last checkpoint is of step 5
                raise KeyboardInterrupt
            advance(n, **values)

        return go_on(self, advance_until)

    with monkeypatch.context() as patch:
        patch.setattr(Tuner, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            run(molecule_prior, tmp_path / "killed", preset=preset)
    run(molecule_prior, tmp_path / "killed", preset=preset)
    place = Path("median1") / "seed_0"
    assert calls_of(tmp_path / "killed" / place) == calls_of(tmp_path / "whole" / place)


def test_runs_side_by_side_are_the_same(molecule_prior: Path, tmp_path: Path) -> None:
    more: dict[str, Any] = {"seeds": 2, "seed": 1, "calls": 20}
    one = run(molecule_prior, tmp_path / "one", **more)
    other = run(molecule_prior, tmp_path / "other", executor="serial", **more)
    assert [found["settings"]["seed"] for found in one.runs] == [1, 2]
    for first, second in zip(one.runs, other.runs, strict=True):
        assert first["figures"] == second["figures"]
        assert first["best"] == second["best"]


def test_a_damaged_result_is_named(molecule_prior: Path, tmp_path: Path) -> None:
    result = tmp_path / "median1" / "seed_0" / RESULT_FILE
    result.parent.mkdir(parents=True)
    for text in ("{", "[]", "[" * 100_000):
        result.write_text(text)
        with pytest.raises(UserError, match=r"result\.json: damaged .* delete it"):
            run(molecule_prior, tmp_path)


def test_another_run_is_in_the_folder(molecule_prior: Path, tmp_path: Path) -> None:
    run(molecule_prior, tmp_path / "out")
    with pytest.raises(UserError, match="another --out"):
        run(molecule_prior, tmp_path / "out", {"c": 0.5})
    with pytest.raises(UserError, match="another --out"):
        run(molecule_prior, tmp_path / "out", calls=61)


def test_a_prior_is_known_by_its_weights(molecule_prior: Path) -> None:
    stored, same = load_prior(molecule_prior), load_prior(molecule_prior)
    assert digest(stored) == digest(same)
    with torch.no_grad():
        same.network.head.bias[0] += 1
    assert digest(stored) != digest(same)


@pytest.mark.parametrize("algorithm", FEW_OF_SHIPPED)
def test_every_algorithm(molecule_prior: Path, tmp_path: Path, algorithm: str) -> None:
    found = run(molecule_prior, tmp_path, {"algorithm": algorithm}, calls=30)
    assert found.runs[0]["calls"] == 30


@pytest.mark.parametrize("preset", preset_names("benchmark", "molecule"))
@pytest.mark.parametrize("algorithm", SHIPPED)
def test_every_preset_holds_for_every_algorithm(preset: str, algorithm: str) -> None:
    length, settings = resolve(preset, None, {"tune": {"algorithm": algorithm}})
    assert length is None  # as long as the prior's molecules
    assert settings.algorithm == algorithm


@pytest.mark.parametrize(
    ("suite", "more", "message"),
    [
        ("pmx", {}, "did you mean 'pmo'"),
        ("guacamol", {"tasks": ["qed"]}, "unknown task 'qed' of guacamol"),
        ("pmo", {"seeds": 0}, "--seeds 0"),
        ("pmo", {"seed": -1}, "--seed -1"),
        ("pmo", {"overrides": {"tune": {"cc": 1}}}, "did you mean 'c'"),
        ("pmo", {"overrides": {"reward": {}}}, "unknown name 'reward'"),
        ("pmo", {"preset": "pmi"}, "did you mean 'pmo'"),
    ],
)
def test_mistakes(tmp_path: Path, suite: str, more: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        benchmark(suite, tmp_path, quiet=True, **more)


def test_the_tables(molecule_prior: Path, tmp_path: Path) -> None:
    found = run(molecule_prior, tmp_path, seeds=2, tasks=["median1", "qed"])
    numbers = json.loads(json.dumps(found.to_json()))
    assert numbers["sum"] == pytest.approx(
        sum(numbers["tasks"]["median1"]) / 2 + sum(numbers["tasks"]["qed"]) / 2
    )
    lines = found.table().markdown().splitlines()
    assert lines[0].startswith(
        "| task | psi | inside the fence | diverse hits inside | REINVENT * |"
    )
    assert lines[2].startswith("| median1 | 0.")
    assert " ± " in lines[2]
    assert lines[4].split("|")[5].strip() == "1.297"  # REINVENT: .356 + .941
    assert "60 calls, the mean of 2 seeds" in lines[-1]
    assert SUITES["pmo"].caption in lines[-1]
