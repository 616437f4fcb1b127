"""The script of the page runs as it is, in a job of two nodes of a fake SLURM."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kit import program
from sequence_tutor.storage.processes import end_marked

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SCRIPT = EXAMPLES / "ray_on_slurm.sbatch"
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")

SRUN = """#!/bin/bash
# as srun does: the command once for each node, all ended with it
for SLURM_PROCID in 0 1; do
    export SLURM_PROCID
    "$@" &
done
trap 'kill $(jobs -p); wait' TERM
wait
"""
NOTE = """#!/bin/bash
echo "$(basename "$0") ${RAY_ADDRESS-} $*" >> noted
"""
FAKE_RAY = f"""#!{sys.executable}
# listens as a head does, or notes that it joined; both until they are ended
import socket, sys, time

with open("noted", "a") as file:
    file.write("ray " + " ".join(sys.argv[1:]) + "\\n")
if "--head" in sys.argv:
    port = next(int(one.partition("=")[2]) for one in sys.argv if one.startswith("--port="))
    server = socket.create_server(("", port))
time.sleep(60)
"""
COMMAND = f'#!/bin/bash\nexec {sys.executable} -m sequence_tutor "$@"\n'


def tools(folder: Path, **programs: str) -> str:
    """A search path that begins with some programs."""
    place = folder / "tools"
    place.mkdir()
    for name, text in programs.items():
        file = place / name.replace("_", "-")
        file.write_text(text)
        file.chmod(0o755)
    return f"{place}:{Path(sys.executable).parent}:{os.environ['PATH']}"


@pytest.mark.long
def test_the_script_joins_both_nodes_and_ends_them(tmp_path: Path) -> None:
    """The steps alone, with programs in the place of Ray and of the command."""
    job = os.getpid()
    waiting = f"{NOTE}until grep -q address= noted; do sleep 0.1; done\n"  # as a run takes time
    path = tools(tmp_path, srun=SRUN, ray=FAKE_RAY, sequence_tutor=waiting)
    own = {"PATH": path, "SLURM_JOB_ID": str(job), "SLURM_CPUS_PER_TASK": "3"}
    asked = ("tune", "molecule", "--out", "runs/dock")
    command = ["bash", str(SCRIPT), *asked]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, **own}, timeout=60, check=True)
    noted = (tmp_path / "noted").read_text().splitlines()
    port = 20000 + job % 20000
    head = subprocess.run(["hostname"], capture_output=True, text=True, check=True).stdout.strip()
    options = "--include-dashboard=false --disable-usage-stats --block"
    assert f"ray start --head --port={port} --num-cpus=3 {options}" in noted
    assert f"ray start --address={head}:{port} --num-cpus=3 --block" in noted
    assert f"sequence-tutor {head}:{port} {' '.join(asked)} --executor ray" in noted


def test_an_array_of_seeds_has_a_folder_each(tmp_path: Path) -> None:
    path = tools(tmp_path, srun='#!/bin/bash\n"$@"\n', sequence_tutor=NOTE)
    for seed in ("1", "2"):
        own = {**os.environ, "PATH": path, "SLURM_ARRAY_TASK_ID": seed}
        command = ["bash", str(EXAMPLES / "gpu_array.sbatch"), "tune", "molecule"]
        subprocess.run(command, cwd=tmp_path, env=own, check=True)
    assert (tmp_path / "noted").read_text().splitlines() == [
        f"sequence-tutor  tune molecule --device cuda --seed {n} --out runs/seed_{n} --quiet"
        for n in (1, 2)
    ]


@pytest.mark.slow
def test_the_script_starts_a_cluster_uses_it_and_ends_it(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra [ray] is not installed")
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    path = tools(tmp_path, srun=SRUN, sequence_tutor=COMMAND)
    (tmp_path / "some.smi").write_text("CCO\nnone\nc1ccccc1\n")
    mark = "SEQUENCE_TUTOR_TEST_JOB", os.urandom(16).hex()
    environment = {
        **os.environ,
        "PATH": path,
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_CPUS_PER_TASK": "1",
        "RAY_raylet_start_wait_time_s": "240",
        "RAY_agent_register_timeout_ms": "200000",
        mark[0]: mark[1],
    }
    asked = ("score", "molecule", "some.smi", "--quiet")
    try:
        found = subprocess.run(
            ["bash", SCRIPT, *asked],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        left = [one for one in Path("/proc").glob("[0-9]*") if is_raylet(one, mark)]
    finally:
        end_marked(*mark)
    log = (tmp_path / f"ray-{os.getpid()}.log").read_text()
    assert (found.returncode, found.stderr) == (0, ""), log
    here = subprocess.run(program(*asked), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout == here.stdout
    assert log.count("Ray runtime started") == 2
    assert not left


def is_raylet(process: Path, mark: tuple[str, str]) -> bool:
    """Whether a process is one of the cluster's, and not about to end."""
    try:
        is_marked = "=".join(mark).encode() in (process / "environ").read_bytes()
        return is_marked and (process / "comm").read_text().strip() == "raylet"
    except OSError:
        return False
