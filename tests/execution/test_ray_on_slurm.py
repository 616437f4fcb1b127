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

pytest.importorskip("ray", reason="the extra [ray] is not installed")
pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "ray_on_slurm.sbatch"

SRUN = """#!/bin/bash
# as srun does: the command once for each node, all ended with it
for SLURM_PROCID in 0 1; do
    export SLURM_PROCID
    "$@" &
done
trap 'kill $(jobs -p); wait' TERM
wait
"""
COMMAND = f'#!/bin/bash\nexec {sys.executable} -m sequence_tutor "$@"\n'


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_script_starts_a_cluster_uses_it_and_ends_it(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (("srun", SRUN), ("sequence-tutor", COMMAND)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    (tmp_path / "some.smi").write_text("CCO\nnone\nc1ccccc1\n")
    mark = "SEQUENCE_TUTOR_TEST_JOB", os.urandom(16).hex()
    environment = {
        **os.environ,
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
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
