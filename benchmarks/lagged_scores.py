"""How long a loop takes whose scores sleep, beside what its parts take alone.

    python benchmarks/lagged_scores.py

Tunes the shipped prior of molecules with a program that sleeps for each molecule, in `--processes`
processes, with a lag and without. Prints seconds of the whole loop, from its log:

- learning: without any sleep, which is sampling, learning and RDKit;
- scoring: molecules asked, times the sleep, divided by the processes (computed);
- lagged and waiting: measured with the sleep, with `tune.lag` and without;
- ratio: lagged, divided by the longer of learning and scoring.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from sequence_tutor import tune
from sequence_tutor.storage.run_log import read_log

PROGRAM = """
import json, sys, time

for line in sys.stdin:
    smiles = json.loads(line)["smiles"]
    time.sleep(float(sys.argv[1]))
    print(len(smiles))
"""


def loop(folder: Path, sleep: float, lag: int, given: argparse.Namespace) -> tuple[float, int]:
    """Seconds of a run, and molecules that its program was asked."""
    program = folder / "sleep.py"
    program.write_text(PROGRAM, encoding="utf-8")
    term = {
        "kind": "program",
        "command": f"{sys.executable} {program} {sleep}",
        "processes": given.processes,
        "expensive": True,
    }
    changes: dict[str, Any] = {
        "tune": {
            "steps": given.steps,
            "lag": lag,
            "evaluate_every": given.steps,
            "evaluate_samples": 16,
        },
        "reward": {"terms": {"slow": term}, "weights": {"slow": 0.01}},
    }
    out = folder / f"run-{sleep}-{lag}"
    tune("molecule", out, overrides=changes, threads=1, quiet=True)
    records = read_log(out / "training.jsonl")
    lines = [one.read_text(encoding="utf-8").splitlines() for one in (out / "scores").iterdir()]
    return float(records[-1]["seconds"]), sum(map(len, lines))


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=48)
    parser.add_argument("--lag", type=int, default=8)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--sleeps", default="0.01,0.03,0.06", help="seconds a molecule")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        load = round(os.getloadavg()[0], 1)
        learning, _ = loop(folder, 0.0, given.lag, given)
        print(json.dumps({"load_before": load, "learning": round(learning, 1)}), flush=True)
        for sleep in map(float, given.sleeps.split(",")):
            load = round(os.getloadavg()[0], 1)
            lagged, asked = loop(folder, sleep, given.lag, given)
            waiting, _ = loop(folder, sleep, 0, given)
            scoring = asked * sleep / given.processes
            figures = {
                "sleep": sleep,
                "asked": asked,
                "scoring": round(scoring, 1),
                "lagged": round(lagged, 1),
                "waiting": round(waiting, 1),
                "ratio": round(lagged / max(learning, scoring), 2),
            }
            print(json.dumps({"load_before": load, **figures}), flush=True)


if __name__ == "__main__":
    main()
