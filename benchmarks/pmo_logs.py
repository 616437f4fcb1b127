"""Keep the runs of `benchmark molecule pmo` as small tables, and make every figure again from them.

    python benchmarks/pmo_logs.py --add critic runs/critic          # to benchmarks/pmo/critic.csv
    python benchmarks/pmo_logs.py --show critic bred fenced         # a table beside one another
    python benchmarks/pmo_logs.py --draw docs/pmo.png critic bred   # their curves, task by task

A table has a row for each call whose score was among the ten best so far, or among the ten best
inside the fence: task, seed, calls of the run, number of the call, score, whether it is inside. The
areas under the mean of the ten best, for any number of calls up to those of the run, depend on
these rows alone. Hits, which do not, are in `figures.csv` beside the tables, a row for each run.
`benchmarks/pmo.csv` is an older table, of runs with seed 0 and of trials: --logs benchmarks/pmo.csv
prints its areas.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from sequence_tutor.drawing.figures import (
    CURVES,
    INK,
    PALETTE,
    panel_grid,
    save_png,
    tidy,
)
from sequence_tutor.drawing.table import Table
from sequence_tutor.molecule.benchmarks.oracle import top_auc, top_curve
from sequence_tutor.storage.files import write_text
from sequence_tutor.workbench.benchmark_run import CLIMB_FILE

LOGS = Path(__file__).parent / "pmo"
FIGURES = LOGS / "figures.csv"
COLUMNS = ("task", "seed", "budget", "call", "score", "inside")
FIGURE_COLUMNS = (
    *("settings", "task", "seed", "calls", "share_inside", "diverse_hits", "diverse_hits_inside"),
    "seconds",
)
LUCK = "valsartan_smarts"


@dataclass
class Run:
    """One run as its table has it.

    Attributes:
        settings: what it is called.
        budget: calls.
        scores: call -> score.
        inside: calls of molecules inside the fence.
    """

    settings: str
    task: str
    seed: int
    budget: int
    scores: dict[int, float] = field(default_factory=dict)
    inside: set[int] = field(default_factory=set)

    def calls(self, *, fenced: bool = False, most: int | None = None) -> list[float]:
        """The score of each call, 0 where it does not matter."""
        count = min(self.budget, most or self.budget)
        return [
            self.scores.get(call, 0.0) if not fenced or call in self.inside else 0.0
            for call in range(1, count + 1)
        ]

    def area(self, *, fenced: bool = False, most: int | None = None) -> float:
        """The area under the mean of the ten best."""
        scores = self.calls(fenced=fenced, most=most)
        return top_auc(scores, 10, len(scores))


def read_runs(path: Path) -> list[Run]:
    """The runs of a table."""
    runs: dict[tuple[str, str, int, int], Run] = {}
    for row in _rows(path):
        settings = row.get("settings") or path.stem
        key = settings, row["task"], int(row["seed"]), int(row["budget"])
        run = runs.setdefault(key, Run(*key))
        run.scores[int(row["call"])] = float(row["score"])
        if row.get("inside") == "1":
            run.inside.add(int(row["call"]))
    return [runs[key] for key in sorted(runs)]


def add(settings: str, folder: Path) -> None:
    """Put all finished runs in a folder of the benchmark into a table, and their figures.

    A run that the table has already, of the same task, seed and calls, is replaced.
    """
    table = LOGS / f"{settings}.csv"
    logs = {run: list(rows) for run, rows in groupby(_read(table), lambda row: row[:3])}
    figures = {row[:4]: row for row in _read(FIGURES)}
    for result in sorted(folder.glob("*/seed_*/result.json")):
        found = json.loads(result.read_text(encoding="utf-8"))
        run = found["task"], str(found["settings"]["seed"]), str(found["budget"])
        logs[run] = [
            (*run, row["call"], f"{float(row['score']):.4g}", row["inside"])
            for row in _rows(result.parent / CLIMB_FILE)
        ]
        own = {**found["figures"], **found, "settings": settings, "seed": run[1]}
        line = tuple(_short(own[name]) for name in FIGURE_COLUMNS)
        figures[line[:4]] = line
    _write(table, COLUMNS, [row for run in sorted(logs) for row in logs[run]])
    _write(FIGURES, FIGURE_COLUMNS, sorted(figures.values()))


def _read(path: Path) -> list[tuple[str, ...]]:
    """The rows of a table; none where it is not there yet."""
    return [tuple(row.values()) for row in _rows(path)] if path.exists() else []


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    write_text(path, "".join(f"{','.join(row)}\n" for row in (header, *rows)))


def hits(seeds: Sequence[int]) -> dict[tuple[str, str], list[float]]:
    """Settings and task -> diverse hits inside the fence, a number for each of these seeds."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in _rows(FIGURES) if FIGURES.exists() else ():
        if not seeds or int(row["seed"]) in seeds:
            found[row["settings"], row["task"]].append(float(row["diverse_hits_inside"]))
    return found


def side_by_side(names: Sequence[str], most: int | None, seeds: Sequence[int]) -> Table:
    """Areas, areas inside the fence, and hits inside it, of the tasks that all settings have.

    Args:
        names: of settings.
        most: calls that count; None: all of a run.
        seeds: that count; empty: all.
    """
    runs = {
        name: [run for run in read_runs(LOGS / f"{name}.csv") if not seeds or run.seed in seeds]
        for name in names
    }
    tasks = sorted(set.intersection(*({run.task for run in own} for own in runs.values())))
    known, sums, rows = hits(seeds), [0.0] * (3 * len(names)), []
    lucky = list(sums)
    for task in tasks:
        cells = []
        for name in names:
            own = [run for run in runs[name] if run.task == task]
            areas = [run.area(most=most) for run in own]
            fenced = [run.area(fenced=True, most=most) for run in own]
            cells += [(areas, 3), (fenced, 3), (known[name, task], 1)]
        for place, (values, _) in enumerate(cells):
            sums[place] += statistics.fmean(values)
            lucky[place] += statistics.fmean(values) if task != LUCK else 0.0
        rows.append([task, *(_with_spread(*cell) for cell in cells)])
    for title, total in (("sum", sums), (f"without {LUCK}", lucky)):
        if title == "sum" or LUCK in tasks:
            rows.append([title, *(f"{one:.{(3, 3, 1)[i % 3]}f}" for i, one in enumerate(total))])
    parts = ("{}", "{}, inside", "{}, hits inside")
    header = ["task", *(part.format(name) for name in names for part in parts)]
    counts = {name: len({run.seed for run in own}) for name, own in runs.items()}
    calls = max(run.budget for own in runs.values() for run in own)
    said = ", ".join(f"{name}: {count} seed{'s'[: count > 1]}" for name, count in counts.items())
    caption = f"AUC of the ten best in {most or calls:,} calls, mean ± deviation; {said}"
    return Table(header, rows, caption)


def draw(path: Path, names: Sequence[str]) -> None:
    """The mean of the ten best against calls, a panel for each task; dashed: inside the fence."""
    runs = [run for name in names for run in read_runs(LOGS / f"{name}.csv")]
    tasks = sorted({run.task for run in runs})
    figure, panels = panel_grid(len(tasks), 4, CURVES, "mean of the ten best", below=0.4)
    for task, axes in zip(tasks, panels, strict=True):
        axes.set_title(task, color=INK, fontsize=10)
        for run in (run for run in runs if run.task == task):
            colour = PALETTE[names.index(run.settings)]
            for fenced, style in ((False, "-"), (True, "--")):
                curve = top_curve(run.calls(fenced=fenced), every=20)
                axes.plot(*zip(*curve, strict=True), color=colour, linestyle=style, linewidth=1)
        axes.set_ylim(0, 1)
        tidy(axes)
    for place, name in enumerate(names):
        figure.text(0.05 + 0.2 * place, 0.008, f"— {name}", color=PALETTE[place], fontsize=11)
    save_png(figure, path)


def print_areas(path: Path) -> None:
    """Settings, task, seed, calls and areas of each run of a table."""
    for run in read_runs(path):
        for calls in sorted({1000, run.budget}):
            name = f"{run.settings:32} {run.task:28} seed {run.seed} {min(calls, run.budget):6,}"
            areas = f"{run.area(most=calls):.3f}"
            if run.inside:
                areas += f"   inside {run.area(fenced=True, most=calls):.3f}"
            print(f"{name} calls {areas}")


def main() -> None:
    """Add runs, print figures, or draw them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--add", nargs=2, metavar=("SETTINGS", "FOLDER"), help="runs to keep")
    parser.add_argument("--show", nargs="+", metavar="SETTINGS", help="a table of these")
    parser.add_argument("--calls", type=int, help="of the table; all of them by default")
    parser.add_argument("--seeds", type=int, nargs="+", default=(), help="likewise")
    parser.add_argument("--draw", nargs="+", metavar="FILE SETTINGS", help="curves of these")
    parser.add_argument("--logs", type=Path, help="print the areas of every run of a table")
    given = parser.parse_args()
    if given.add:
        add(given.add[0], Path(given.add[1]))
    if given.show:
        print(side_by_side(given.show, given.calls, given.seeds).markdown())
    if given.draw:
        draw(Path(given.draw[0]), given.draw[1:])
    if given.logs:
        print_areas(given.logs)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _with_spread(values: Sequence[float], digits: int) -> str:
    mean = f"{statistics.fmean(values):.{digits}f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    main()
