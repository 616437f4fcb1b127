"""Schedules: balanced over listeners, the same at every start."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sequence_tutor.study.design import mirrored, schedule

from .conftest import small_study


@pytest.mark.parametrize(("pairs", "rounds"), [(4, 1), (4, 2), (3, 2), (2, 2)])
def test_every_pair_is_heard_equally_often_and_from_both_sides(
    pairs: int, rounds: int, tmp_path: Path
) -> None:
    study = small_study(tmp_path / "study", pairs=pairs, rounds=rounds, tokens=1)
    whole = 2 * pairs  # listeners after which every pair was heard 2 * rounds times
    shown = Counter(pair for number in range(whole) for pair in schedule(study, number))
    for pair in study.pairs:
        assert shown[pair] == shown[mirrored(pair)] == rounds


def test_a_listener_hears_rounds_of_each_two_models_and_both_checks(tmp_path: Path) -> None:
    study = small_study(tmp_path / "study", rounds=2)
    checks = {frozenset(check.model_dump().values()) for check in study.checks}
    for number in range(20):
        trials = schedule(study, number)
        assert len(trials) == study.trials == 2 * 3 + 2
        heard = [frozenset(pair.model_dump().values()) for pair in trials]
        assert len(set(heard)) == len(heard)
        assert checks <= set(heard)
        assert heard[0] not in checks
        models = Counter(
            frozenset(map(str, study.models_of(pair)))
            for pair, names in zip(trials, heard, strict=True)
            if names not in checks
        )
        assert set(models.values()) == {2}


def test_listeners_differ_and_each_stays_the_same(tmp_path: Path) -> None:
    study = small_study(tmp_path / "study", rounds=4)
    orders = {tuple(schedule(study, number)) for number in range(10)}
    assert len(orders) == 10
    assert schedule(study, 3) == schedule(study, 3)
