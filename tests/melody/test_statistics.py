from __future__ import annotations

import math

import pytest
import torch

from sequence_tutor.melody.published import PUBLISHED, ROWS
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.statistics import MelodyStatistics
from sequence_tutor.sequences import SequenceBatch


def random_batch(count: int, seed: int = 0) -> SequenceBatch:
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(0, 38, (count, 32), generator=generator)
    holds = torch.rand(count, 32, generator=generator) < 0.5
    return SequenceBatch.full(tokens.masked_fill(holds, 1))


def statistics_of(*batches: SequenceBatch, key: Key | None = None) -> dict[str, float]:
    statistics = MelodyStatistics(key or Key())
    for batch in batches:
        statistics.update(batch)
    return {name: estimate.value for name, estimate in statistics.result().items()}


def test_hand_worked() -> None:
    # First melody, 10 steps: starts on the tonic; 15 and 22 are off key; a leap up from 15 to 22,
    # passed by 13 at step 4: resolved. Windows at steps 7..9 hold {14 15 22 16 13},
    # {15 22 16 13}, {22 16 13}: three times a motif. Highest 22 and lowest 13 come once. The last
    # of the five holds has four before it: free.
    # Second, 3 steps: three rests, of which the third repeats too often; 0 comes three times, and
    # there is no lowest note; it is constant, so it has no autocorrelation.
    values = statistics_of(
        SequenceBatch.from_lists([[14, 15, 22, 16, 13, 1, 1, 1, 1, 1], [0, 0, 0]])
    )
    assert values["repeated_notes"] == pytest.approx(1 / 13)
    assert values["notes_not_in_key"] == pytest.approx(2 / 13)
    assert values["starts_with_tonic"] == 0.5
    assert values["leaps_resolved"] == 1
    assert values["unique_max_note"] == 0.5
    assert values["unique_min_note"] == 0.5
    assert values["notes_in_motif"] == pytest.approx(3 / 13)
    assert values["notes_in_repeated_motif"] == 0
    assert not math.isnan(values["autocorrelation_lag1"])


def test_streaming_equals_one_batch() -> None:
    batch = random_batch(300)
    parts = [batch[slice(start, start + 70)] for start in range(0, 300, 70)]
    assert statistics_of(*parts) == pytest.approx(statistics_of(batch), rel=1e-12, abs=1e-15)


def test_without_leaps_or_variation_the_rows_are_undefined() -> None:
    statistics = MelodyStatistics()
    statistics.update(SequenceBatch.from_lists([[14, 14, 14]]))
    result = statistics.result()
    for name in ("leaps_resolved", "autocorrelation_lag1"):
        assert result[name].to_json() == {"value": None, "low": None, "high": None}


def test_transposing_melodies_and_key_changes_nothing() -> None:
    # Middle octave, so that a tone up stays in range; autocorrelations are not compared, since
    # rests and holds do not move with the notes.
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(12, 30, (200, 32), generator=generator)
    in_c = statistics_of(SequenceBatch.full(tokens))
    in_d = statistics_of(SequenceBatch.full(tokens + 2), key=Key(tonic="D"))
    assert in_d == pytest.approx(in_c, rel=1e-9, abs=1e-12)


def test_rows_and_published_columns_agree_in_names() -> None:
    assert tuple(MelodyStatistics().result())[: len(ROWS)] == ROWS  # those published come first
    assert all(tuple(column) == ROWS for column in PUBLISHED.values())
    assert PUBLISHED["Psi"]["leaps_resolved"] == 0.9
    assert PUBLISHED["G"]["autocorrelation_lag1"] == 0.55
