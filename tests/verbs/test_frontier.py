"""A sweep of c in one run a seed: costs, resuming, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.cli import main
from sequence_tutor.errors import UserError
from sequence_tutor.verbs.frontier import Frontier, frontier

SMALL = {"tune": {"steps": 40, "collect": 32, "batch": 32}}


def small(out: Path, c: list[float], algorithm: str = "psi", **tune: object) -> Frontier:
    return frontier(
        "toy",
        out,
        c,
        algorithm=algorithm,
        samples=200,
        pool=512,
        overrides={"tune": {**SMALL["tune"], **tune}},
        threads=1,
        quiet=True,
    )


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Frontier]:
    out = tmp_path_factory.mktemp("frontier")
    return out, small(out, [0.5, 4.0, 2.0])


def test_points_of_every_kind(swept: tuple[Path, Frontier]) -> None:
    out, found = swept
    kinds = [point.kind for point in found.points]
    assert [kinds.count(kind) for kind in ("tuned", "prior", "rl-only", "best-of-n", "exact")] == [
        *(3, 1, 1, 3, 40),
    ]
    assert [point.c for point in found.points if point.kind == "tuned"] == [4.0, 2.0, 0.5]
    assert json.loads((out / "frontier.json").read_text()) == found.to_json()
    assert len((out / "frontier.csv").read_text().splitlines()) == 1 + len(found.points)
    assert (out / "frontier.png").read_bytes().startswith(b"\x89PNG")
    front = [point for point in found.points if point.on_front]
    assert front
    assert found._repr_html_().count('<th scope="row"') == len(front)  # in a notebook


def test_each_later_c_costs_a_share_of_the_first(swept: tuple[Path, Frontier]) -> None:
    first, *later = swept[1].costs
    assert (first["c"], first["scored_sequences"]) == (4.0, 40 * 32)
    for cost in later:
        assert cost["scored_sequences"] == 10 * 32
        assert cost["scored_sequences_share_of_first"] == 0.25


def test_the_same_call_repeats_nothing(swept: tuple[Path, Frontier]) -> None:
    out, found = swept
    assert small(out, [0.5, 4.0, 2.0]) == found


@pytest.mark.long
def test_a_sweep_goes_on_where_it_is_from_what_it_has(tmp_path: Path) -> None:
    """The second c is reached with fewer new sequences than from the beginning."""
    c: list[float] = [2.0, 1.0]
    tune: dict[str, Any] = {"steps": 200, "batch": 64, "collect": 64}
    tuned = [p for p in small(tmp_path / "sweep", c, **tune).points if p.kind == "tuned"]
    alone = [
        p
        for p in small(tmp_path / "alone", [1.0, 0.9], **{**tune, "steps": 50}).points
        if p.kind == "tuned"
    ]
    swept, fresh = tuned[1], alone[0]
    assert (swept.c, swept.scored_sequences) == (fresh.c, fresh.scored_sequences)
    assert swept.objective_per_sequence is not None
    assert fresh.objective_per_sequence is not None
    assert swept.objective_per_sequence > fresh.objective_per_sequence


@pytest.mark.parametrize(
    ("c", "algorithm", "complaint"),
    [
        ([1.0], "psi", "expected at least two"),
        ([1.0, 1.0], "psi", "all different"),
        ([1.0, -1.0], "psi", "c is -1.0, expected a number greater than 0"),
        ([1.0, 2.0], "rl-only", "rl-only has no c that sets its divergence"),
        ([1.0, 2.0], "sir", "sir has no c that sets its divergence"),
        ([1.0, 2.0], "phi", "did you mean 'psi'?"),
    ],
)
def test_refusals(c: list[float], algorithm: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        small(tmp_path / "none", c, algorithm)
    assert complaint in str(error.value)
    assert not (tmp_path / "none").exists()


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = "frontier toy --c 1,4 --steps 4 --samples 16 --pool 128 --threads 1 --quiet"
    found = tmp_path / "found.json"
    assert main([*given.split(), "--out", str(tmp_path / "out"), "--json", str(found)]) == 0
    assert "rl-only" in capsys.readouterr().out
    assert [cost["c"] for cost in json.loads(found.read_text())["costs"]] == [4.0, 1.0]
    assert main(["frontier", "toy", "--c", "1,two", "--out", str(tmp_path / "x")]) == 2
    assert "--c: 'two' was given, expected numbers" in capsys.readouterr().err


@pytest.mark.slow
def test_runs_side_by_side_give_what_one_after_the_other_gives(
    swept: tuple[Path, Frontier], tmp_path: Path
) -> None:
    beside = frontier(
        "toy",
        tmp_path,
        [0.5, 4.0, 2.0],
        samples=200,
        pool=512,
        overrides=SMALL,
        side_by_side="local",
        quiet=True,
    )
    found = [
        [{**point, "seconds": 0} for point in one.to_json()["points"]] for one in (beside, swept[1])
    ]
    assert repr(found[0]) == repr(found[1])
