"""The small tables that runs of PMO are kept as have the runs' own areas."""

import importlib.util
import json
import random
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sequence_tutor.molecule.benchmarks.oracle import Oracle, top_auc
from sequence_tutor.workbench.benchmark_run import write_calls

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "pmo_logs.py"


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("pmo_logs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "pmo_logs", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path)
    monkeypatch.setattr(module, "FIGURES", tmp_path / "figures.csv")
    return module


def test_areas_are_those_of_all_calls(logs: ModuleType, tmp_path: Path) -> None:
    drawn = random.Random(0)
    runs: dict[int, tuple[list[float], list[bool]]] = {}
    for seed in (1, 2):
        scores = [round(drawn.random() ** 3, 4) for _ in range(300)]
        inside = [drawn.random() < 0.3 for _ in scores]
        oracle = Oracle(lambda _: 0.0, 300)
        oracle.restore([("C" * (call + 1), score) for call, score in enumerate(scores)])
        folder = tmp_path / "runs" / "median1" / f"seed_{seed}"
        folder.mkdir(parents=True)
        write_calls(folder, oracle, inside)
        figures = {"share_inside": 0.3, "diverse_hits": 4.0, "diverse_hits_inside": float(seed)}
        result = {"task": "median1", "settings": {"seed": seed}, "budget": 300, "calls": 300}
        text = json.dumps({**result, "figures": figures, "seconds": 1.0})
        (folder / "result.json").write_text(text, encoding="utf-8")
        runs[seed] = scores, inside
    logs.add("drawn", tmp_path / "runs")
    logs.add("drawn", tmp_path / "runs")  # once more, in place of the first time
    shutil.rmtree(tmp_path / "runs" / "median1" / "seed_1")
    logs.add("drawn", tmp_path / "runs")  # what the table has of others stays
    found = logs.read_runs(tmp_path / "drawn.csv")
    assert [run.seed for run in found] == [1, 2]
    for run in found:
        scores, inside = runs[run.seed]
        own = [score if one else 0.0 for score, one in zip(scores, inside, strict=True)]
        assert len(run.scores) < 150
        for most in (100, 300):
            assert run.area(most=most) == pytest.approx(top_auc(scores[:most], 10, most), abs=1e-4)
            fenced = run.area(fenced=True, most=most)
            assert fenced == pytest.approx(top_auc(own[:most], 10, most), abs=1e-4)
    table = logs.side_by_side(["drawn"], None, ()).markdown().splitlines()
    assert "1.5 ± 0.7" in table[2]  # hits of the two seeds
    logs.draw(tmp_path / "curves.png", ["drawn"])
    assert (tmp_path / "curves.png").stat().st_size > 1000
