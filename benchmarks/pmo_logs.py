"""Keep the runs of `benchmark molecule pmo` as a small table, and compute their figures from it.

    python benchmarks/pmo_logs.py --add "preset critic" benchmarks/pmo --logs benchmarks/pmo.csv
    python benchmarks/pmo_logs.py --logs benchmarks/pmo.csv

The table has a row for each call whose score was among the ten best so far. The area under the mean
of the ten best, for any number of calls up to those of the run, depends on these rows alone.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from sequence_tutor.molecule.benchmarks.oracle import entering, top_auc
from sequence_tutor.workbench.benchmark_run import CALLS_FILE

COLUMNS = ("settings", "task", "seed", "budget", "call", "score")


def rows_of(settings: str, folder: Path) -> Iterator[tuple[str | int, ...]]:
    """The rows of all finished runs in a folder of the benchmark."""
    for result in sorted(folder.glob("*/seed_*/result.json")):
        run = json.loads(result.read_text(encoding="utf-8"))
        lines = (result.parent / CALLS_FILE).read_text(encoding="utf-8").splitlines()
        scores = [float(line.split("\t")[1]) for line in lines]
        for call, score in entering(scores):
            seed, budget = run["settings"]["seed"], run["budget"]
            yield settings, run["task"], seed, budget, call, f"{score:.5g}"


def figures(logs: Path) -> Iterator[tuple[str, str, int, int, float]]:
    """Settings, task, seed, calls and the area under the mean of the ten best, of each run."""
    runs: dict[tuple[str, str, int, int], dict[int, float]] = defaultdict(dict)
    with logs.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            run = row["settings"], row["task"], int(row["seed"]), int(row["budget"])
            runs[run][int(row["call"])] = float(row["score"])
    for (settings, task, seed, budget), found in sorted(runs.items()):
        for calls in sorted({1000, budget}):
            scores = [found.get(call, 0.0) for call in range(1, min(calls, budget) + 1)]
            yield settings, task, seed, calls, top_auc(scores, 10, calls)


def main() -> None:
    """Add runs, or print figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--logs", type=Path, required=True, help="the table")
    parser.add_argument("--add", nargs=2, metavar=("SETTINGS", "FOLDER"), help="runs to add")
    given = parser.parse_args()
    if given.add:
        is_new = not given.logs.exists()
        with given.logs.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([COLUMNS] if is_new else [])
            writer.writerows(rows_of(given.add[0], Path(given.add[1])))
    for settings, task, seed, calls, area in figures(given.logs):
        print(f"{settings:32} {task:28} seed {seed} {calls:6,} calls {area:.3f}")


if __name__ == "__main__":
    main()
