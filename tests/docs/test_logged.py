"""Whatever is logged has its formula on the page of logged figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import sequence_tutor as st
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.storage.token_lines import write_json_lines
from sequence_tutor.verbs.verify import Verified
from sequence_tutor.workbench.frontier import Point

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "logged.md"
SMALL: dict[str, Any] = {  # tables of settings
    "batch": 8,
    "collect": 8,
    "steps": 2,
    "evaluate_samples": 16,
    "replay": {"capacity": 64},
}


def unexplained(names: Iterable[str]) -> list[str]:
    known = set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8")))
    return sorted(set(names) - known)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of which everything is logged that can be."""
    folder = tmp_path_factory.mktemp("runs") / "toy"
    exploration = {"kind": "epsilon-policy"}
    stages = [{"name": "first", "steps": 1}, {"name": "second", "steps": 1}]
    tables = {"tune": {**SMALL, "exploration": exploration}, "stages": stages}
    st.tune("toy", folder, overrides=tables, threads=1, quiet=True)
    return folder


def test_log_of_tuning(run: Path) -> None:
    names = {name for record in read_log(run / "training.jsonl") for name in record}
    assert {"stage", "exploration", "objective_per_sequence"} <= names
    assert unexplained(names) == []


def test_figures_of_evaluation(run: Path) -> None:
    model = st.load_model(str(run))
    (column,) = st.evaluate([model], samples=64).columns
    assert {"log_z_smc", "log_z_exact"} <= column.statistics.keys()
    rewards = {"reward_prefix", "reward_pair"}  # `reward_NAME` of the toy's terms
    assert unexplained(column.statistics.keys() - rewards) == []


def test_log_and_card_of_pretraining(tmp_path: Path) -> None:
    lines = ({"tokens": [a, b, c]} for a in range(4) for b in range(4) for c in range(4))
    write_json_lines(tmp_path / "lines.jsonl", lines)
    st.pretrain(
        "toy",
        [tmp_path / "lines.jsonl"],
        tmp_path / "prior",
        overrides={"train": {"steps": 2, "evaluate_every": 2, "network": {"width": 8}}},
        threads=1,
        quiet=True,
    )
    names = {name for record in read_log(tmp_path / "prior" / "training.jsonl") for name in record}
    card = json.loads((tmp_path / "prior" / "card.json").read_text(encoding="utf-8"))
    assert "validation_nll" in names
    assert unexplained(names | card["quality"].keys()) == []


def test_statistics_of_domains() -> None:
    melody = st.find_domain("melody")
    assert unexplained(melody.statistics(melody.reward_settings()).result()) == []
    pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
    molecule = st.find_domain("molecule")
    assert unexplained(molecule.figures.keys()) == []


def test_points_and_distances() -> None:
    point = asdict(Point("tuned", 0.0, 0.0))
    verified = asdict(Verified("psi", 0.0, 0.0, 0.0, 1))
    assert unexplained({*point, *verified} - {"name", "updates"}) == []
