"""The published system's values on 531 melodies, where the development files are present."""

from __future__ import annotations

import gzip
import json
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from kit import melody_counts
from sequence_tutor.melody.reward import MelodyReward
from sequence_tutor.melody.rules.repetition import correlations
from sequence_tutor.melody.view import Melodies
from sequence_tutor.reward import weighted_total
from sequence_tutor.sequences import SequenceBatch

GOLDEN = Path(__file__).parents[2].parent / "shared" / "golden" / "music_rewards.jsonl.gz"

pytestmark = pytest.mark.data

COUNTS = {
    "repeated_notes": "num_repeated_notes",
    "notes_not_in_key": "notes_not_in_key",
    "starts_with_tonic": "num_starting_tonic",
    "leaps_resolved": "num_resolved_leaps",
    "leaps_doubled": "num_leap_twice",
    "unique_max_note": "num_high_unique",
    "unique_min_note": "num_low_unique",
    "notes_in_motif": "notes_in_motif",
    "notes_in_repeated_motif": "notes_in_repeated_motif",
}


@pytest.fixture(scope="module")
def golden() -> list[dict[str, Any]]:  # JSON
    if not GOLDEN.exists():
        pytest.skip("the golden melodies are not beside this repository")
    with gzip.open(GOLDEN, "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def batch(golden: list[dict[str, Any]]) -> SequenceBatch:
    return SequenceBatch.full(torch.tensor([melody["tokens"] for melody in golden]))


@pytest.fixture(scope="module")
def decided(batch: SequenceBatch) -> Tensor:
    """(B, T): where no lag's |r| is so near 0.15 that the published code let rounding decide."""
    r = torch.stack(correlations(Melodies(batch), (1, 2, 3)))
    return ~((r.abs() - 0.15).abs() <= 1e-9).any(dim=0)


def values_of(golden: list[dict[str, Any]], *path: str) -> Tensor:
    """What stands under the names of `path`, one of each melody."""
    found = [reduce(getitem, path, melody) for melody in golden]
    return torch.tensor(found, dtype=torch.float64)


def test_all_melodies_are_there(golden: list[dict[str, Any]], decided: Tensor) -> None:
    assert len(golden) == 531
    assert decided.double().mean() > 0.99


def test_every_rule_at_every_step(
    golden: list[dict[str, Any]], batch: SequenceBatch, decided: Tensor
) -> None:
    reward = MelodyReward()
    terms = reward(batch)
    assert set(reward.names) == set(golden[0]["reward"])
    for term, name in enumerate(reward.names):
        expected = values_of(golden, "reward", name)
        where = decided if name == "autocorrelation" else torch.ones_like(decided)
        difference = (terms[:, :, term] - expected).abs()[where]
        assert difference.max() <= 1e-9, name


def test_the_total(golden: list[dict[str, Any]], batch: SequenceBatch, decided: Tensor) -> None:
    reward = MelodyReward()
    total = weighted_total(reward(batch), reward.weights)
    expected = values_of(golden, "total")
    assert (total - expected).abs()[decided].max() <= 1e-9


def test_the_statistics_of_every_melody(golden: list[dict[str, Any]], batch: SequenceBatch) -> None:
    counts = melody_counts(batch)
    for ours, theirs in COUNTS.items():
        expected = values_of(golden, "statistics", theirs)
        assert torch.equal(counts[ours].double(), expected), ours
    for lag in (1, 2, 3):
        expected = values_of(golden, "statistics", f"autocorrelation{lag}")
        torch.testing.assert_close(
            counts[f"autocorrelation_lag{lag}"], expected, rtol=0, atol=1e-9, equal_nan=True
        )
