"""Every executor gives the same numbers in the same order, that of another package too."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import tomli_w

from kit import kill_once_there, program, run, sentence
from sequence_tutor import compare, evaluate, frontier, load_model, report, sample, score, tune
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.errors import UserError
from sequence_tutor.execution import Lost
from sequence_tutor.execution.pool import WorkerPool
from sequence_tutor.execution.ray_cluster import connect
from sequence_tutor.execution.registry import EXECUTORS, Serial, find_executor
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import STATE_FILE
from sequence_tutor.tuner.run_folder import POLICY_FILE

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "in_threads"
ALL = ("serial", "local", "threads")
SHORT = {"batch": 8, "collect": 8, "steps": 6, "evaluate_every": 3, "evaluate_samples": 16}
SETTINGS: dict[str, Any] = {
    "tune": {**SHORT, "collect_every": 1},
    "reward": {"workers": 2},
    "length": 6,
}
QUIET: dict[str, Any] = {"threads": 1, "quiet": True}
FUNCTIONS = """
from sequence_tutor.errors import UserError


def upper(string):
    if string == "refuse":
        raise ValueError("a fault of the string")
    if string == "mistake":
        raise NameError("a fault of the program")
    if string == "user":
        raise UserError("a fault of the user")
    return string.upper()
"""
BROKEN = """
from sequence_tutor.execution import Executor


class Short(Executor):
    def __init__(self, function, workers, timeout):
        pass

    def map(self, items):
        return []

    def close(self):
        pass


class Unfinished(Executor):
    pass


class Lazy(Short):
    def map(self, items):
        return (item for item in items)


class Empty(Short):
    def map(self, items):
        return [None for _ in items]


class Unreachable(Short):
    def __init__(self, function, workers, timeout):
        raise ConnectionError("no such host")
"""


def offer(site: Path, name: str, points: dict[str, str]) -> None:
    """What `pip install` leaves of a package that offers executors."""
    folder = site / f"{name}-0.1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    lines = [f"{one} = {value}\n" for one, value in points.items()]
    (folder / "entry_points.txt").write_text(f"[{EXECUTORS}]\n{''.join(lines)}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The example, installed, beside functions that workers can import."""
    folder = tmp_path / "site"
    project = read_toml(EXAMPLE / "pyproject.toml")["project"]
    offer(folder, "sequence_tutor_in_threads", project["entry-points"][EXECUTORS])
    shutil.copy(EXAMPLE / "in_threads.py", folder)
    (folder / "functions_of_items.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in ("in_threads", "functions_of_items"):
        sys.modules.pop(name, None)


def weights(folder: Path) -> bytes:
    """What a run has learned and the molecules that it has found."""
    return (folder / POLICY_FILE).read_bytes() + (folder / "found.csv").read_bytes()


def logged(folder: Path) -> list[dict[str, Any]]:
    """The log, without times."""
    records = read_log(folder / LOG_FILE)
    return [{k: v for k, v in one.items() if "second" not in k} for one in records]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("name", ALL)
def test_results_are_in_order_and_the_lost_are_named(name: str) -> None:
    upper = importlib.import_module("functions_of_items").upper
    items = [f"item {number}" for number in range(300)]
    items[7] = items[100] = "refuse"
    expected = [Lost.FAILED if one == "refuse" else one.upper() for one in items]
    with find_executor(name)(upper, 2, 30.0) as executor:
        assert executor.map(items) == expected
        assert executor.map([]) == []
        assert executor.map(items[::-1]) == expected[::-1]
        with pytest.raises(UserError, match="a fault of the user"):
            executor.map(["a", "user", "b"])
        with pytest.raises((NameError, RuntimeError), match="a fault of the program"):
            executor.map(["a", "mistake", "b"])
        assert executor.map(["a", "b"]) == ["A", "B"]
    for left in (["a"], []) if name != "threads" else ():
        with pytest.raises(ValueError, match="the executor is closed"):
            executor.map(left)
    executor.close()


def test_names() -> None:
    assert find_executor("serial") is Serial
    assert find_executor("local") is WorkerPool
    with pytest.raises(UserError, match="executor is 'lokal': did you mean 'local'"):
        find_executor("lokal")
    with pytest.raises(UserError, match="executor is 'threads': expected one of serial, local"):
        find_executor("threads")


def test_without_ray_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ("ray", "ray://head:10001"):
        with pytest.raises(UserError, match=r"needs Ray.*pip install 'sequence-tutor\[ray\]'"):
            find_executor(name)(len, 1, 1.0)


def test_a_cluster_that_the_environment_names_is_asked_where_it_is_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The address that a head has among its nodes says nothing to a machine outside."""
    ray, reached = ModuleType("ray"), list[str]()
    inside = SimpleNamespace(gcs_address="10.213.77.1:6379")
    parts = {
        "is_initialized": lambda: False,
        "init": lambda address, **_: reached.append(address),
        "get_runtime_context": lambda: inside,
    }
    vars(ray).update(parts)
    monkeypatch.setitem(sys.modules, "ray", ray)
    with socket.create_server(("127.0.0.1", 0)) as head:
        place = f"127.0.0.1:{head.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", f"ray://{place}")
        assert connect(None).address == place
    assert reached == [f"ray://{place}"]


def test_a_broken_promise_is_one_sentence(site: Path) -> None:
    (site / "broken_executors.py").write_text(BROKEN)
    names = ("Short", "Unfinished", "Lazy", "Empty", "Unreachable")
    points = {name.lower(): f"broken_executors:{name}" for name in names}
    offer(site, "broken", {**points, "no_class": "json:loads", "local": "json:loads"})
    points = {"gone": "not_there:Executor", "nothing": "broken_executors:Nothing"}
    offer(site, "broken_too", points)
    for name, said in {
        "unfinished": "broken_executors:Unfinished lacks .*map",
        "no_class": "json:loads is .* expected a class that derives from sequence_tutor.execution",
        "gone": "not_there:Executor cannot be loaded .ModuleNotFoundError: No module named",
        "nothing": "broken_executors:Nothing cannot be loaded .AttributeError",
    }.items():
        with pytest.raises(UserError, match=f"executor is '{name}': {said}"):
            find_executor(name)
    assert find_executor("local") is WorkerPool  # ours are not replaced
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    from sequence_tutor.molecule.scoring.scorer import Scorer
    from sequence_tutor.molecule.terms import Qed, TermSet

    for name, said in {
        "short": "gave 0 results for 2 items",
        "lazy": "gave a generator, expected a list of results",
        "empty": "gave a NoneType for an item, expected what its function gives, or a Lost",
        "unreachable": r": .* at line \d+ of .*: ConnectionError: no such host",
    }.items():
        with (
            pytest.raises(UserError, match=f"executor '{name}' ?{said}"),
            Scorer(TermSet({"qed": Qed()}), workers=1, executor=name) as scorer,
        ):
            scorer.score(["C", "N"])


def kill_one_worker(stop: threading.Event, killed: list[int]) -> None:
    """Kill the first worker that this process starts, once it has had time to begin."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while not stop.wait(0.02) and not killed:
        for pid in map(int, children.read_text().split()):
            with suppress(OSError):
                if b"execution.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    stop.wait(0.5)
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                    break


@pytest.mark.usefixtures("site")
def test_a_run_learns_the_same_also_when_a_worker_dies(
    molecule_prior: Path, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"prior": molecule_prior, "overrides": SETTINGS, **QUIET}
    for name in ("serial", "threads"):
        tune("molecule", tmp_path / name, executor=name, **given)
    stop, killed = threading.Event(), list[int]()
    killer = threading.Thread(target=kill_one_worker, args=(stop, killed))
    killer.start()
    tune("molecule", tmp_path / "local", executor="local", **given)
    stop.set()
    killer.join()
    assert killed
    for name in ("local", "threads"):
        assert weights(tmp_path / name) == weights(tmp_path / "serial")
        assert logged(tmp_path / name) == logged(tmp_path / "serial")


@pytest.mark.long
@pytest.mark.usefixtures("site")
def test_a_run_goes_on_with_another_executor_and_is_evaluated_and_reported(
    molecule_prior: Path, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    config = tmp_path / "threads.toml"
    config.write_text(tomli_w.dumps({**SETTINGS, "execution": {"executor": "threads"}}))
    options = ("--prior", molecule_prior, "--config", config, "--threads", 1, "--quiet")
    command = program("tune", "molecule", "--out", parts, "--executor", "local", *options)
    kill_once_there(parts / STATE_FILE, command)
    assert not (parts / POLICY_FILE).exists()
    given: dict[str, Any] = {"prior": molecule_prior, "config": config, **QUIET}
    tune("molecule", parts, **given)
    tune("molecule", whole, executor="serial", **given)
    assert weights(parts) == weights(whole)
    assert "execut" not in (parts / "run.json").read_text(encoding="utf-8")

    model = load_model(whole, prior=molecule_prior)
    found = [
        evaluate([model], samples=16, particles=8, executor=name).to_json()["models"]
        for name in ("serial", "threads")
    ]
    assert repr(found[0]) == repr(found[1])
    for name in ("serial", "threads"):
        sample(model, 4, tmp_path / f"sample-{name}", executor=name, repeats=True, quiet=True)
    drawn = [(tmp_path / f"sample-{name}" / "draws.jsonl").read_bytes() for name in ALL[::2]]
    assert drawn[0] == drawn[1]
    page = report(parts, tmp_path / "page.html", samples=16, prior=molecule_prior, quiet=True)
    assert "psi" in page.read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.usefixtures("site", "few_particles")
def test_methods_are_compared_and_a_frontier_is_drawn(molecule_prior: Path, tmp_path: Path) -> None:
    given: dict[str, Any] = {"prior": molecule_prior, "overrides": SETTINGS, **QUIET}
    found = []
    for name in ("serial", "threads"):
        budget: dict[str, Any] = {"budget": 32, "seeds": 1, "samples": 16, "executor": name}
        compared = compare("molecule", tmp_path / name, ["psi", "sir"], **budget, **given)
        assert [one.name for one in compared.runs] == ["psi", "sir"]
        runs = [{**one, "seconds": 0} for one in compared.to_json()["methods"]]
        found.append(repr(runs))
    assert found[0] == found[1]
    small: dict[str, Any] = {"samples": 16, "pool": 64, "executor": "threads"}
    points = frontier("molecule", tmp_path / "frontier", [2.0, 4.0], **small, **given).points
    assert [one.c for one in points if one.kind == "tuned"] == [4.0, 2.0]


@pytest.mark.usefixtures("site")
def test_nothing_is_left_of_an_executor_that_nobody_closes() -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    from sequence_tutor.molecule.scoring.scorer import Scorer
    from sequence_tutor.molecule.terms import Qed, TermSet

    before = set(threading.enumerate())
    scorer = Scorer(TermSet({"qed": Qed()}), workers=2, executor="threads")
    assert len(scorer.score(["C", "N"]).records) == 2
    assert set(threading.enumerate()) - before
    del scorer
    assert not set(threading.enumerate()) - before


@pytest.mark.usefixtures("site")
def test_files_are_scored_the_same(tmp_path: Path) -> None:
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    file = tmp_path / "some.smi"
    file.write_text("CCO\nno molecule\nc1ccccc1\n")
    serial, threads = (
        score("molecule", file, executor=name, quiet=True) for name in ("serial", "threads")
    )
    assert repr(list(serial)) == repr(list(threads))
    assert [one["valid"] for one in serial] == [True, False, True]


def test_where_it_plays_no_part_it_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for verb in (("tune", "melody"), ("compare", "toy"), ("frontier", "toy")):
        assert run(*verb, "--out", out, "--executor", "local", "--quiet") == 2
        assert "scored in this process, where no executor plays a part" in sentence(capsys)
        assert not list(out.rglob("run.json"))
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    assert run("benchmark", "molecule", "moses", "--executor", "local") == 2
    assert "--executor: moses tunes nothing, expected it with pmo" in sentence(capsys)
    assert run("tune", "molecule", "--out", out, "--executor", "lokal", "--quiet") == 2
    assert "executor is 'lokal': did you mean 'local'?" in sentence(capsys)
