"""Methods under one budget: exact counts, one problem, nothing done twice."""

from __future__ import annotations

import gc
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from kit import kill_fork_once_there
from sequence_tutor.cli import main
from sequence_tutor.errors import UnfinishedError, UserError
from sequence_tutor.replay.sequences import SequenceReplay
from sequence_tutor.storage.folder_lock import lease
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.learner import Update
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.verbs.compare import Comparison, compare
from sequence_tutor.workbench import methods
from sequence_tutor.workbench.finished_run import RESULT_FILE
from sequence_tutor.workbench.methods import read_forms

pytestmark = pytest.mark.usefixtures("few_particles")

SMALL = {"tune": {"evaluate_samples": 32}}
METHODS = list(read_forms())
# soft and hard values, a policy's gradient, data, a balance of paths, and without learning
KINDS = ["psi", "q", "ppo", "raml", "tb", "best-of-n", "sir"]


def small(
    out: Path, methods: list[str], *, seeds: int = 1, budget: int = 300, **given: object
) -> Comparison:
    tables = {"tune": {**SMALL["tune"], **given}}
    return compare(
        "toy",
        out,
        methods,
        budget=budget,
        seeds=seeds,
        samples=200,
        overrides=tables,
        threads=1,
        quiet=True,
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison")
    with pytest.MonkeyPatch.context() as patch:  # as `few_particles`, which serves one test
        patch.setattr("sequence_tutor.evaluation.evaluate.PARTICLES", 32)
        small(folder, KINDS)
    return folder


def test_methods_of_all_kinds_have_the_same_budget_and_figures(out: Path) -> None:
    assert_same_budget_and_figures(out, KINDS)


@pytest.mark.long
def test_every_method_has_the_same_budget_and_figures(tmp_path: Path) -> None:
    small(tmp_path, METHODS)
    assert_same_budget_and_figures(tmp_path, METHODS)


def assert_same_budget_and_figures(out: Path, names: list[str]) -> None:
    rows = json.loads((out / "compare.json").read_text())["methods"]
    assert [row["name"] for row in rows] == names
    for row in rows:
        assert row.keys() == {
            *("name", "seed", "statistics", "objective_per_sequence", "gap_per_token"),
            *("scored_sequences", "seconds"),
        }
        assert row["scored_sequences"] == 300  # in collections of 128 or 512: cut to fit
        # toy: log Z is known, so no gap is negative but by chance
        assert row["gap_per_token"] > -0.1
        assert row["seconds"] > 0
    tuned = [row for row in rows if row["name"] not in ("best-of-n", "sir")]
    assert all(row["statistics"]["kl_to_optimum_per_sequence"]["value"] > 0 for row in tuned)


def test_table_and_curves_are_written(out: Path) -> None:
    table = (out / "table.md").read_text()
    assert all(f"\n| {name} |" in table for name in KINDS)
    assert "KL to the optimum" in table
    for name in ("curves.png", "curves_by_time.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")


def test_finished_runs_are_never_repeated(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = json.loads((out / "compare.json").read_text())

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a finished run was begun again")

    monkeypatch.setattr(methods, "carry_out", refuse)
    monkeypatch.setattr(methods, "sample_pool", refuse)
    again = small(out, KINDS)
    assert again.to_json() == before
    shown = again._repr_html_()  # in a notebook
    assert [method for method in KINDS if f">{method}</th>" in shown] == KINDS


@pytest.mark.long
def test_a_half_finished_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = small(tmp_path / "whole", ["psi"], budget=2000)
    learn = Tuner._learn
    updates = 0

    def die(self: Tuner) -> Update:
        nonlocal updates
        updates += 1
        if updates == 8:
            raise KeyboardInterrupt
        return learn(self)

    monkeypatch.setattr(Tuner, "_learn", die)
    with pytest.raises(KeyboardInterrupt):
        small(tmp_path / "killed", ["psi"], budget=2000)
    assert updates == 8
    resumed = small(tmp_path / "killed", ["psi"], budget=2000)
    assert updates == 8 + 16 - 6  # from the checkpoint after 6 of 16 updates
    assert resumed.runs[0].statistics == whole.runs[0].statistics
    assert len(read_log(tmp_path / "killed" / "psi" / "seed_0" / "training.jsonl")) == 9


@pytest.mark.long
def test_processes_share_the_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What another process is at is passed over; the last process makes the table."""
    out, methods = tmp_path / "shared", ["sir", "best-of-n"]
    given: dict[str, Any] = {"budget": 300, "seeds": 2, "samples": 200, "quiet": True}
    with lease(out / "sir" / "seed_1.lease") as is_mine:
        assert is_mine
        with pytest.raises(UnfinishedError, match="other processes compute 1 of 4 runs, such as"):
            compare("toy", out, methods, side_by_side="shared", **given)
    assert sorted(str(path.relative_to(out)) for path in out.glob("*/seed_*/result.json")) == [
        "best-of-n/seed_0/result.json",
        "best-of-n/seed_1/result.json",
        "sir/seed_0/result.json",
    ]
    asked = ["compare", "toy", "--methods", ",".join(methods), "--budget", "300", "--seeds", "2"]
    asked += ["--samples", "200", "--side-by-side", "shared", "--out", str(out)]
    with lease(out) as is_mine:
        assert is_mine
        assert main(asked) == 0
    assert "another process makes the table" in capsys.readouterr().out
    shared = compare("toy", out, methods, side_by_side="shared", **given).to_json()["methods"]
    alone = compare("toy", tmp_path / "alone", methods, threads=1, **given).to_json()["methods"]
    assert [{**one, "seconds": 0} for one in shared] == [{**one, "seconds": 0} for one in alone]
    assert not list(out.glob("*/*.lease"))


@pytest.mark.long
def test_killed_it_goes_on_by_the_same_command(tmp_path: Path) -> None:
    """Killed in its second run: the first stays as it is, the second ends as if never killed."""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    config = tmp_path / "small.toml"
    config.write_text("[tune]\nevaluate_samples = 64\n")
    asked = (
        f"compare toy --methods psi,tb,sir --budget 5000 --seeds 1 --samples 100 --config {config}"
    )
    command = [*asked.split(), "--threads", "1", "--quiet", "--out"]
    first, second = killed / "psi" / "seed_0", killed / "tb" / "seed_0"
    kill_fork_once_there(second / STATE_FILE, lambda: main([*command, str(killed)]))
    assert not (second / RESULT_FILE).exists()
    assert not (killed / "compare.json").exists()
    finished = {path: path.stat().st_mtime_ns for path in first.iterdir()}
    begun = (second / "training.jsonl").read_text().splitlines()

    for folder in (killed, whole):
        assert main([*command, str(folder)]) == 0
    assert {path: path.stat().st_mtime_ns for path in first.iterdir()} == finished
    assert (second / "training.jsonl").read_text().splitlines()[: len(begun)] == begun
    rows = [json.loads((folder / "compare.json").read_text()) for folder in (killed, whole)]
    for row in (*rows[0]["methods"], *rows[1]["methods"]):
        del row["seconds"]
    assert rows[0] == rows[1]


def test_each_run_has_a_heading_and_one_seed_no_interval_over_seeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(seeds: int) -> str:
        found = compare(
            "toy",
            tmp_path,
            ["sir", "best-of-n"],
            budget=200,
            seeds=seeds,
            samples=50,
            overrides=SMALL,
            threads=1,
        )
        return found.caption

    assert " 1 seed, " in (one := asked(1))
    assert "interval over the samples;" in one
    assert capsys.readouterr().err == "sir, seed 0 (1 of 2)\nbest-of-n, seed 0 (2 of 2)\n"
    assert " 2 seeds, " in (two := asked(2))
    assert "interval over seeds;" in two
    # those of seed 0 are over
    assert capsys.readouterr().err == "sir, seed 1 (3 of 4)\nbest-of-n, seed 1 (4 of 4)\n"


@pytest.mark.long
def test_nothing_of_a_run_stays_in_memory(tmp_path: Path) -> None:
    def held() -> int:
        gc.collect()
        return sum(type(one) in (Tuner, SequenceReplay) for one in gc.get_objects())

    before = held()
    small(tmp_path, ["psi", "tb"], budget=128, seeds=2)
    assert held() == before
    assert not list(tmp_path.rglob("training.safetensors"))


@pytest.mark.slow
def test_no_worker_of_a_run_outlives_it(molecule_prior: Path, tmp_path: Path) -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    if not children.is_file():
        pytest.skip("only Linux tells of child processes in a file")

    def others() -> int:
        gc.collect()
        return len(children.read_text().split())

    before = others()
    small = {"tune": {**SMALL["tune"], "batch": 8, "collect": 8}, "reward": {"workers": 1}}
    compare(
        "molecule",
        tmp_path,
        ["psi"],
        budget=16,
        seeds=1,
        samples=16,
        prior=molecule_prior,
        overrides=small,
        threads=1,
        quiet=True,
    )
    assert others() == before


def test_other_settings_in_the_same_folder_are_refused(out: Path) -> None:
    with pytest.raises(UserError, match="psi/seed_0: holds a run with other settings"):
        small(out, ["psi"], c=2.0)


def test_a_damaged_result_is_named_and_not_taken_for_one(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "copy")
    path = tmp_path / "copy" / "psi" / "seed_0" / RESULT_FILE
    whole = path.read_text()
    other = whole.replace('"mean_length": ', '"mean_length": 1')
    assert other != whole
    for damaged in (whole[:-30], "[]", "{}", other):
        path.write_text(damaged)
        with pytest.raises(UserError, match=r"result\.json: damaged .*delete it"):
            small(tmp_path / "copy", ["psi"])


@pytest.mark.parametrize(
    ("methods", "given", "complaint"),
    [
        (["psy"], {}, "unknown method 'psy': did you mean 'psi'?"),
        (["psi", "psi"], {}, "method 'psi' is given twice"),
        ([], {}, "no method was given"),
        (["psi"], {"discount": 0.5}, "discount is 0.5, expected 1"),
        (["psi"], {"prior_temperature": 2.0}, "prior_temperature is 2.0, expected 1"),
        (["psi", "q"], {"target_kl": 0.1}, "target_kl is 0.1 but algorithm is 'q'"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_any_work(
    methods: list[str], given: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        small(tmp_path / "none", methods, **given)
    assert complaint in str(error.value)
    assert not (tmp_path / "none").exists()


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "small.toml"
    config.write_text("[tune]\nevaluate_samples = 16\n")
    given = f"compare toy --methods sir,psi --budget 200 --seeds 1 --samples 50 --config {config}"
    ends = ["--out", str(tmp_path / "out"), "--json", str(tmp_path / "found.json")]
    assert main([*given.split(), *ends, "--threads", "1", "--quiet"]) == 0
    assert "sir" in capsys.readouterr().out
    rows = json.loads((tmp_path / "found.json").read_text())["methods"]
    assert [row["scored_sequences"] for row in rows] == [200, 200]
    assert main(["compare", "toy", "--budget", "0", "--out", str(tmp_path / "x")]) == 2
    assert "budget is 0, expected at least 1" in capsys.readouterr().err


@pytest.mark.slow
def test_runs_side_by_side_give_what_one_after_the_other_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # other processes do not know of `few_particles`
    few = ["psi", "ppo", "best-of-n"]
    beside = compare(
        "toy",
        tmp_path / "beside",
        few,
        budget=300,
        seeds=2,
        samples=200,
        overrides=SMALL,
        side_by_side="local",
        quiet=True,
    )
    after = small(tmp_path / "after", few, seeds=2)
    assert timeless(beside) == timeless(after)


def timeless(found: Comparison) -> list[dict[str, Any]]:
    return [{**one, "seconds": 0} for one in found.to_json()["methods"]]


def test_objects_in_memory_are_not_sent_to_other_processes(tmp_path: Path) -> None:
    for given, what in (({"reward": len}, "reward"), ({"prior": object()}, "prior")):
        with pytest.raises(UserError, match=f"the {what} is an object in memory"):
            compare("toy", tmp_path, ["psi"], side_by_side="local", quiet=True, **given)
    with pytest.raises(UserError, match="executor is 'local', but runs side by side score in"):
        compare("toy", tmp_path, ["psi"], side_by_side="ray", executor="local", quiet=True)
    assert not list(tmp_path.iterdir())
