"""Verbs on a real Ray cluster: the numbers of one process, and one sentence when it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from kit import program, run
from sequence_tutor import compare, score, tune
from sequence_tutor.errors import UserError
from sequence_tutor.execution.ray_executor import RayExecutor
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import STATE_FILE
from sequence_tutor.tuner.run_folder import POLICY_FILE
from sequence_tutor.verbs.work import sample_shards

pytest.importorskip("ray", reason="the extra [ray] is not installed")
pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
pytestmark = pytest.mark.slow

DOCK = """
import json, pathlib, sys

factor = float(pathlib.Path(sys.argv[1]).read_text())
with open(LOG, "a") as log:
    log.write(f"{pathlib.Path.cwd()} ")
for line in sys.stdin:
    smiles = json.loads(line)["smiles"]
    print(json.dumps({"affinity": factor * len(smiles)}))
"""
MINE = """
def bulk(smiles):
    return [None if one == "C" else float(len(one)) for one in smiles]
"""
SETTINGS: dict[str, Any] = {
    "tune": {
        "batch": 8,
        "collect": 8,
        "steps": 6,
        "evaluate_every": 3,
        "evaluate_samples": 16,
        "collect_every": 1,
    },
    "reward": {"workers": 2},
    "length": 32,
}


def tuned(out: Path, executor: str, **changes: Any) -> tuple[bytes, list[dict[str, Any]]]:
    """What a run has learned and found, and its log without times."""
    overrides = {**SETTINGS, **changes}
    tune("molecule", out, executor=executor, overrides=overrides, threads=1, quiet=True)
    log = [{k: v for k, v in one.items() if "second" not in k} for one in read_log(out / LOG_FILE)]
    return (out / POLICY_FILE).read_bytes() + (out / "found.csv").read_bytes(), log


@pytest.mark.usefixtures("nodes")
def test_a_run_learns_the_same(tmp_path: Path) -> None:
    assert tuned(tmp_path / "ray", "ray") == tuned(tmp_path / "serial", "serial")


@pytest.mark.usefixtures("nodes")
def test_programs_and_functions_reach_the_nodes_with_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    log = here / "ran_in.log"
    (here / "dock.py").write_text(f"LOG = {str(log)!r}\n{DOCK}")
    (here / "pocket.txt").write_text("7")
    (here / "mine.py").write_text(MINE)
    command = f"{sys.executable} dock.py {here / 'pocket.txt'}"
    term = {"kind": "program", "command": command, "timeout": 20.0}
    reward = {
        "workers": 2,
        "weights": {"affinity": 1.0, "bulk": 0.5},
        "terms": {
            "affinity": {**term, "number": "affinity"},
            "bulk": {"kind": "function", "expensive": True},
        },
    }
    config = tmp_path / "dock.toml"
    config.write_text(tomli_w.dumps({"reward": reward}))
    molecules = here / "some.smi"
    molecules.write_text("CCO\nC\nnone\nc1ccccc1\nCCCN\n")
    found = {
        name: list(
            score("molecule", molecules, config=config, rules="mine.py", executor=name, quiet=True)
        )
        for name in ("ray", "local")
    }
    assert repr(found["ray"]) == repr(found["local"])
    assert [one["terms"]["affinity"] for one in found["ray"][:1]] == [7.0 * 3]
    folders = log.read_text().split()
    assert {Path(one) == here for one in folders} == {True, False}  # local; on a node
    (here / "pocket.txt").write_text("9")  # another content is another file on the nodes
    changed = list(
        score("molecule", molecules, config=config, rules="mine.py", executor="ray", quiet=True)
    )
    assert changed[0]["terms"]["affinity"] == 9.0 * 3


@pytest.mark.usefixtures("nodes")
def test_a_function_that_always_fails_is_named(tmp_path: Path) -> None:
    from sequence_tutor.molecule.scoring.elsewhere import OnNodes
    from sequence_tutor.molecule.terms.batch import UserFunction
    from sequence_tutor.reward.user_terms import load_user_terms

    file = tmp_path / "broken.py"
    file.write_text("def broken(smiles):\n    return [int(one) for one in smiles]\n")
    function = UserFunction(load_user_terms(file)[0])
    asks = OnNodes(RayExecutor).function(function)
    told: list[str] = []
    with pytest.raises(UserError, match=r"'broken' of .*broken.py failed for each of 8 molecules"):
        asks.ask(["C" * n for n in range(1, 9)], lambda one, _: told.append(one))
    assert len(told) == 8
    assert asks.ask(["7"], lambda *_: None) == [{"value": 7.0}]
    asks.close()


@pytest.mark.usefixtures("nodes")
def test_a_signal_saves_the_run(tmp_path: Path) -> None:
    config, out = tmp_path / "long.toml", tmp_path / "run"
    config.write_text(tomli_w.dumps({**SETTINGS, "tune": {**SETTINGS["tune"], "steps": 10_000}}))
    given = ("--config", config, "--threads", 1, "--quiet", "--executor", "ray")
    command = program("tune", "molecule", "--out", out, *given)
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not len(read_log(out / LOG_FILE)) > 1:
        assert running.poll() is None
        time.sleep(0.2)
    running.terminate()
    said = running.communicate(timeout=60)[1]
    assert running.returncode == 143
    assert said == "sequence-tutor: terminated; the same command continues\n"
    assert (out / STATE_FILE).exists()


MELODY_RULE = """
def high(melodies):
    return (melodies.tokens > 20).double() / 3
"""


@pytest.mark.usefixtures("nodes")
def test_rules_of_melodies_and_copies_of_the_policy_use_the_nodes(tmp_path: Path) -> None:
    """The run is the same without an executor and with Ray."""
    rules = tmp_path / "high.py"
    rules.write_text(MELODY_RULE)
    lagged = {"lag": 2, "rollouts": 2, "evaluate_samples": 16, "steps": 6, "evaluate_every": 3}
    tables = {"tune": {**SETTINGS["tune"], **lagged, "collect": 10}}
    given: dict[str, Any] = {"rules": rules, "overrides": tables, "threads": 1, "quiet": True}
    for executor in (None, "ray"):
        tune("melody", tmp_path / str(executor), executor=executor, **given)
    found = [(tmp_path / name / POLICY_FILE).read_bytes() for name in ("None", "ray")]
    assert found[0] == found[1]


def test_shards_go_on_when_a_node_dies(nodes: Any, tmp_path: Path) -> None:
    run_folder = tmp_path / "toy"
    tune("toy", run_folder, overrides={"tune": {"steps": 2}}, threads=1, quiet=True)
    whole, beside = tmp_path / "whole", tmp_path / "beside"
    asked = str(run_folder), 20_000, 20
    sample_shards(*asked, whole, quiet=True)
    lost = next(one for one in nodes.list_all_nodes() if one is not nodes.head_node)
    killed: list[int] = []

    def kill() -> None:
        while not (beside / "shards").exists():
            time.sleep(0.02)
        nodes.remove_node(lost, allow_graceful=False)
        killed.append(len(list(beside.glob("shards/*/*.parquet"))))

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    assert sample_shards(*asked, beside, executor="ray", quiet=True) is not None
    killer.join(10)
    assert killed[0] < 20
    for path in whole.glob("shards/*/*"):
        assert (beside / path.relative_to(whole)).read_bytes() == path.read_bytes()


def compared(out: Path, **how: Any) -> list[dict[str, Any]]:
    tables = {"tune": {"evaluate_samples": 32}}
    given: dict[str, Any] = {"budget": 6000, "seeds": 2, "samples": 200, "overrides": tables}
    found = compare("toy", out, ["psi", "ppo", "best-of-n"], quiet=True, **given, **how)
    return [{**one, "seconds": 0} for one in found.to_json()["methods"]]


def test_a_grid_goes_on_when_a_node_dies(nodes: Any, tmp_path: Path) -> None:
    out = tmp_path / "beside"
    lost = next(one for one in nodes.list_all_nodes() if one is not nodes.head_node)
    killed: list[bool] = []

    def kill() -> None:
        while len(list(out.glob("*/seed_*/training.jsonl"))) < 2:
            time.sleep(0.05)
        nodes.remove_node(lost, allow_graceful=False)
        killed.append(not (out / "compare.json").exists())

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    beside = compared(out, side_by_side="ray")
    killer.join(10)
    assert killed == [True]  # in the middle
    assert beside == compared(tmp_path / "after", threads=1)


def test_a_head_that_ends_ends_the_run_with_a_sentence(
    clusters: Callable[..., Any], tmp_path: Path
) -> None:
    config = tmp_path / "long.toml"
    steps = {**SETTINGS["tune"], "steps": 60}
    config.write_text(tomli_w.dumps({**SETTINGS, "tune": steps}))
    out = tmp_path / "run"
    given = ("--config", config, "--threads", 1, "--quiet")
    command = program("tune", "molecule", "--out", out, "--executor", "ray", *given)
    own = clusters()
    environment = {**os.environ, "RAY_ADDRESS": own.address}
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        while not len(read_log(out / LOG_FILE)) > 1:
            assert running.poll() is None
            time.sleep(0.2)
        address = own.address
        own.head_node.kill_all_processes(check_alive=False, allow_graceful=False)
        complaints = running.communicate(timeout=120)[1].strip().splitlines()
    finally:
        running.kill()
        own.shutdown()
    assert running.returncode == 2
    assert len(complaints) == 1
    assert f"the Ray cluster at {address} does not answer any more" in complaints[0]
    assert not (out / POLICY_FILE).exists()
    assert run("tune", "molecule", "--out", out, "--executor", "serial", *given) == 0
    whole = tmp_path / "whole"
    assert run("tune", "molecule", "--out", whole, "--executor", "serial", *given) == 0
    for name in (POLICY_FILE, "found.csv"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()


def scored(file: Path, executor: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, as each has one connection."""
    command = program("score", "molecule", file, "--executor", executor, "--quiet")
    return subprocess.run(command, capture_output=True, text=True, check=False)


# Ray does not close the log files of its client server
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_by_its_address(clusters: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "some.smi"
    file.write_text("CCO\nnone\nc1ccccc1\n")
    nobody = scored(file, "ray://127.0.0.1:9")
    assert nobody.returncode == 2
    assert nobody.stderr.startswith(
        "sequence-tutor: the Ray cluster at ray://127.0.0.1:9 cannot be reached"
    )
    assert len(nobody.stderr.strip().splitlines()) == 1
    with socket.socket() as free:
        free.bind(("", 0))
        port = free.getsockname()[1]
    own = clusters(ray_client_server_port=port)
    try:
        found = scored(file, f"ray://127.0.0.1:{port}")
    finally:
        own.shutdown()
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == scored(file, "serial").stdout
