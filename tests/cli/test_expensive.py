"""A slow program in the loop: nothing is computed twice, whatever ends the run."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tomli_w

from kit import program, run
from sequence_tutor.storage.checkpoints import load_checkpoint
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.tuner.loop import STATE_FILE
from sequence_tutor.tuner.run_folder import POLICY_FILE

DOCK = """
import json, pathlib, sys, time

end = pathlib.Path(__file__ + ".end")
for line in sys.stdin:
    smiles = json.loads(line)["smiles"]
    time.sleep(0.02)
    if smiles == "C":
        sys.exit("this one kills it")
    if end.exists():
        end.unlink()
        sys.exit("something else kills it")
    with open(__file__ + ".log", "a") as log:
        log.write(smiles + "\\n")
    print(json.dumps({"affinity": -float(len(smiles)), "strain": smiles.count("C")}))
"""


def settings(folder: Path, **changes: object) -> Path:
    dock = folder / "dock.py"
    dock.write_text(DOCK)
    common = {"kind": "program", "command": f"{sys.executable} {dock}", **changes}
    terms = {name: {**common, "number": name} for name in ("affinity", "strain")}
    tune = {"batch": 8, "collect": 16, "steps": 8, "collect_every": 2}
    tune |= {"evaluate_every": 4, "evaluate_samples": 64}
    reward = {"workers": 0, "weights": {"affinity": -1.0, "strain": 1.0}, "terms": terms}
    path = folder / "dock.toml"
    path.write_text(tomli_w.dumps({"tune": tune, "reward": reward, "length": 32}))
    return path


def command(config: Path, out: Path) -> list[object]:
    return ["tune", "molecule", "--config", config, "--threads", 1, "--quiet", "--out", out]


def asked(folder: Path) -> list[str]:
    return (folder / "dock.py.log").read_text().split()


def collected(out: Path) -> set[str]:
    lines = (out / "found.csv").read_text().splitlines()
    return {line.split(",")[1] for line in lines[1:]}


@pytest.mark.slow
def test_evaluations_of_what_is_expensive_ask_for_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run(*command(settings(tmp_path, expensive=True, processes=2), out)) == 0
    calls = asked(tmp_path)
    assert len(calls) == len(set(calls))
    trial = 2  # molecules, on which the reward is tried before the run begins
    assert len(set(calls) - collected(out)) <= trial
    records = read_log(out / LOG_FILE)
    assert [one["step"] for one in records] == [0, 4, 8]
    assert records[0]["scored_sequences"] == 16  # the first collection is what is evaluated
    # evaluating the run again asks for what it has not met, and once
    assert run("evaluate", out, "--samples", 32, "--quiet") == 0
    assert run("evaluate", out, "--samples", 32, "--quiet") == 0
    calls = asked(tmp_path)
    assert len(calls) == len(set(calls))


@pytest.mark.slow
def test_no_molecule_is_scored_twice_whatever_ends_the_run(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    assert run(*command(settings(whole), whole / "run")) == 0

    ended = tmp_path / "ended"
    ended.mkdir()
    config, out, rng = settings(ended), ended / "run", random.Random(0)
    kinds = (signal.SIGKILL, None, signal.SIGTERM, signal.SIGINT)  # None: the program ends
    for number in [kinds[turn % 4] for turn in range(10)]:
        before = len(asked(ended)) if (ended / "dock.py.log").exists() else 0
        if number is None:
            (ended / "dock.py.end").touch()
            number = signal.SIGKILL  # and then the run
        process = subprocess.Popen(program(*command(config, out)))
        more = before + rng.randrange(1, 20)
        while process.poll() is None:
            if (ended / "dock.py.log").exists() and len(asked(ended)) >= more:
                process.send_signal(number)
                break
            time.sleep(0.01)
        status = process.wait()
        if number != signal.SIGKILL:
            assert status in (0, 128 + number)
        time.sleep(0.2)  # a program whose parent was killed reads the end of its input
        if (out / POLICY_FILE).exists():
            break
    assert run(*command(config, out)) == 0
    # only a molecule whose answer nobody had read yet: one for each time that the run was ended
    assert len(asked(ended)) - len(set(asked(ended))) <= 10
    states = [load_checkpoint(one / "run" / STATE_FILE)[0] for one in (whole, ended)]
    assert all(states[0][name].equal(states[1][name]) for name in states[0])
    logs = [read_log(one / "run" / LOG_FILE) for one in (whole, ended)]
    for record in (*logs[0], *logs[1]):
        del record["seconds"]
    assert logs[0] == logs[1]
    tables = [(one / "run" / "found.csv").read_text() for one in (whole, ended)]
    assert tables[0] == tables[1]
