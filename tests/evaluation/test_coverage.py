"""The 95 % intervals of a table contain the truth as often as they say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "coverage.py"
LEAST, MOST = 0.93, 0.97
ROWS = {
    *("reward_per_sequence", "reward_prefix", "reward_pair", "log_prior_per_token"),
    *("kl_to_prior_per_token", "entropy_per_token", "objective_per_sequence", "distinct"),
    *("gap_per_sequence", "gap_per_token"),
}
"""Rows that are checked; all but `distinct` have true values that are sums over all sequences."""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_intervals_of_the_toy_problem_cover_the_truth(script: ModuleType, tmp_path: Path) -> None:
    model = script.toy_model(tmp_path)
    truth = script.exact_values(model)
    rows = script.coverage(model, 1000, 256, 0, truth, quiet=True)
    assert rows.keys() >= ROWS
    for name in ROWS:
        share = rows[name].share  # with its own interval from 1,000 repetitions
        assert share.low <= MOST, name
        assert share.high >= LEAST, name
        assert abs(rows[name].bias) < 0.1, name
