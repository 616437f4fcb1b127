"""Methods are compared by the aims that they meet."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate
from sequence_tutor.evaluation.prices import Price, PriceList
from sequence_tutor.verbs.compare import Comparison, compare
from sequence_tutor.workbench.aimed_comparison import miss, worst_miss
from sequence_tutor.workbench.comparison import MethodRun

AIMS = {"token_2": ">= 30 %", "token_0": "10 .. 90 %"}


def small(out: Path, aims: dict[str, str], methods: tuple[str, ...] = ("psi", "g")) -> Comparison:
    given: dict[str, Any] = {"budget": 2560, "seeds": 2, "samples": 400, "aims": aims}
    few = {"tune": {"evaluate_samples": 256}}
    return compare("toy", out, methods, overrides=few, threads=1, quiet=True, **given)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aimed")
    small(folder, AIMS)
    return folder


@pytest.mark.slow
def test_the_tables_show_aims_methods_and_seeds(out: Path) -> None:
    methods, aims = html.unescape((out / "table.md").read_text()).split("\n\n| aim")
    assert methods.startswith("| method | aims met, of 2 | worst miss | KL a token | distinct |")
    assert "\n| psi |" in methods
    assert "\n| g |" in methods
    assert "objective" not in methods  # each method has a reward of its own
    assert aims.startswith(" | prior | psi | g |")
    for bound in ("token_2 >= 30 %", "token_0 >= 10 %", "token_0 <= 90 %"):
        assert f"| {bound} |" in aims
    rows = json.loads((out / "compare.json").read_text())["methods"]
    assert [(row["name"], row["seed"]) for row in rows] == [
        *(("psi", 0), ("g", 0), ("psi", 1), ("g", 1))
    ]
    for row in rows:
        assert row["aims_met"] in (0, 1, 2)
        assert (row["worst_miss"] == 0) == (row["aims_met"] == 2)
        assert [one["row"] for one in row["aims"]] == ["token_2", "token_0", "token_0"]
    for name in ("curves.png", "curves_by_time.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_finished_runs_are_read_and_other_aims_refused(out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("result.json")}
    table = (out / "table.md").read_text()
    again = small(out, AIMS)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("result.json")} == before
    assert (out / "table.md").read_text() == table
    assert again.has_aims
    with pytest.raises(UserError, match="holds a run with other settings"):
        small(out, {**AIMS, "token_2": ">= 31 %"})


def price(value: float, *, met: bool, aim: str = "token_2 >= 40 %", bound: float = 0.4) -> Price:
    return Price(aim, "token_2", bound, True, 0.2, Estimate(value, value, value), met, 0.1, 1.0)


def test_the_worst_miss_by_hand() -> None:
    assert miss(price(0.38, met=False)) == pytest.approx(0.05)
    assert miss(price(0.42, met=True)) == 0
    at_most = price(0.45, met=False, aim="token_2 <= 40 %")
    assert miss(at_most) == pytest.approx(0.125)
    first = MethodRun("psi", 0, {}, 4.0, 10, 1.0, PriceList([price(0.38, met=False)], 0.1))
    second = replace(first, seed=1, prices=PriceList([price(0.3, met=False)], 0.1))
    third = replace(first, seed=2, prices=PriceList([price(0.2, met=True)], 0.1))
    assert worst_miss([first, second, third]) == "token_2 30.00 of 40 % (seed 1)"
    assert worst_miss([first]) == "token_2 38.00 of 40 %"
    assert worst_miss([third]) == "none"
    assert PriceList.from_json(json.loads(json.dumps(first.prices.to_json()))) == first.prices  # type: ignore[union-attr]
