from __future__ import annotations

from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.reporting.tradeoff import read_frontier, tradeoff
from sequence_tutor.workbench.frontier import Point

from .test_comparison import saved, table

MODELS = table(
    saved("prior", False, reward_per_sequence=(1, 0.5, 1.5), kl_to_prior_per_token=(0, 0, 0)),
    saved("psi", True, reward_per_sequence=(5, 4, 6), kl_to_prior_per_token=(2, 2, 2)),
)


def test_every_model_is_a_point_and_a_frontier_a_line_a_kind() -> None:
    points = [
        Point(kind=kind, kl_to_prior_per_token=kl, reward_per_sequence=reward)
        for kind, kl, reward in (("tuned", 1.5, 4), ("exact", 1, 5), ("tuned", 0.5, 3))
    ]
    chart = tradeoff(MODELS, points, 2)
    assert chart is not None
    assert [(line.label, line.style, len(line.dots)) for line in chart.lines] == [
        ("frontier: tuned", 2, 2),
        ("frontier: exact", 3, 1),
        ("prior", 0, 1),
        ("psi", 1, 1),
    ]
    places = [float(point.split(",")[0]) for point in chart.lines[0].paths[0].split()]
    assert places == sorted(places)
    assert len(chart.lines[3].whiskers) == 1


def test_one_model_is_no_picture() -> None:
    assert tradeoff(table(saved("psi", True, distinct=(1, 1, 1)))) is None


def test_a_frontier_is_read_with_whatever_else_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "frontier.json"
    point = '{"kind": "tuned", "kl_to_prior_per_token": 1, "reward_per_sequence": 2, "c": 3}'
    path.write_text(f'{{"points": [{point}], "costs": []}}')
    (found,) = read_frontier(path)
    assert (found.kind, found.kl_to_prior_per_token, found.reward_per_sequence) == ("tuned", 1, 2)
    path.write_text("{}")
    with pytest.raises(UserError, match=r"no frontier, expected the frontier\.json"):
        read_frontier(path)
