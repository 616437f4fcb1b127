"""Rows of melodies: Table 1 as the accumulators of before gave it, and hand-worked ones."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from sequence_tutor.domain.fingerprints import window_fingerprints
from sequence_tutor.melody.domain import MelodyDomain
from sequence_tutor.melody.heard import durations, intervals
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.rows import MelodyRows
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.statistics import LikenessToTunes, MelodyStatistics
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch

TABLES = json.loads((Path(__file__).parent / "table_rows.json").read_text(encoding="utf-8"))
"""Values of `melodies` that the accumulators of before gave, and their intervals."""


def melodies() -> Iterator[SequenceBatch]:
    generator = torch.Generator().manual_seed(7)
    for length in (32, 48):
        tokens = torch.randint(2, 26, (200, length), generator=generator)
        kinds = torch.rand(200, length, generator=generator)
        tokens = tokens.masked_fill(kinds < 0.5, 1).masked_fill(kinds < 0.05, 0)
        tokens[:60, 16:32] = tokens[:60, :16]
        lengths = torch.randint(8, length + 1, (200,), generator=generator)
        lengths[:100] = length
        yield SequenceBatch(tokens * (torch.arange(length) < lengths[:, None]), lengths)


@pytest.mark.parametrize("number", range(len(TABLES)))
def test_the_rows_of_table_1_are_what_they_were(number: int) -> None:
    expected = TABLES[number]
    statistics = MelodyStatistics(Key(**expected["key"]))
    for batch in melodies():
        statistics.update(batch)
    found = statistics.result()
    assert list(found)[: len(expected["rows"])] == list(expected["rows"])
    for name, row in expected["rows"].items():
        assert found[name].to_json() == pytest.approx(row, rel=1e-13, abs=1e-15), name


def values(*rows: list[int], meter: Meter | None = None) -> dict[str, float]:
    counted = MelodyRows(meter=meter or Meter(4, 4)).count(SequenceBatch.from_lists(rows))
    return {name: one.value for name, one in counted.items()}


def test_where_notes_start() -> None:
    # Onsets at 0, 2, 3, 4, 16 of 20 steps: 0, 2, 4, 16 on eighths, 0, 4, 16 on quarters.
    row = [14, 1, 16, 17, 14, *[1] * 11, 19, 1, 1, 1]
    found = values(row)
    assert found["onsets_on_eighths"] == pytest.approx(4 / 5)
    assert found["onsets_on_beats"] == pytest.approx(3 / 5)
    assert found["notes_per_bar"] == pytest.approx(16 * 5 / 20)
    # In 6/8 beats are at 0 and 6 of 12: 0 counts, and 16 is place 4.
    assert values(row, meter=Meter(6, 8))["onsets_on_beats"] == pytest.approx(1 / 5)


def test_first_and_last_notes() -> None:
    # The first begins after a rest on a high C and ends on B; the second ends on a low C, which
    # its rests follow; the third has no note.
    found = values([0, 26, 1, 25], [16, 2, 0, 0], [0, 0, 1])
    assert found["first_note_is_tonic"] == pytest.approx(1 / 3)
    assert found["last_note_is_tonic"] == pytest.approx(1 / 3)


def test_movement() -> None:
    # 14 up 2 to 16, a rest, down 4 to 12; alone 20: a range of 0; without notes: none.
    found = values([14, 16, 0, 12], [20, 1], [0, 1])
    assert found["semitones_per_interval"] == pytest.approx(6 / 2)
    assert found["range_in_semitones"] == pytest.approx((4 + 0) / 2)
    melody = Melodies(SequenceBatch.from_lists([[14, 16, 0, 12], [20, 1], [0, 1]]))
    assert intervals(melody).tolist() == [2, -4]
    assert durations(melody).tolist() == [1, 1, 1, 2]


def test_what_comes_back_and_what_is_a_loop() -> None:
    motif = [14, 1, 16, 1, 18, 1, 19, 1]
    other = [21, 1, 23, 1, 24, 1, 26, 1]
    third = [12, 1, 11, 1, 9, 1, 7, 1]
    once = [*motif, *other, *third, *motif]
    loop = motif * 4
    never = [*motif, *other, *third, 14, 14, 16, 16, 18, 18, 19, 19]
    found = values(once, loop, never)
    assert found["motif_comes_back"] == pytest.approx(2 / 3)
    assert found["loops"] == pytest.approx(1 / 3)


def test_stretches_of_the_training_tunes() -> None:
    generator = torch.Generator().manual_seed(0)
    tune = torch.randint(0, 38, (96,), generator=generator).tolist()
    fresh = torch.randint(0, 38, (96,), generator=generator).tolist()
    rows = MelodyRows(windows=window_fingerprints([tune]))
    mixed = [*fresh[:16], *tune[16:64], *fresh[64:80]]  # bars 2 to 4 of the tune
    counted = rows.count(SequenceBatch.from_lists([tune, mixed, tune[:20]]))
    two, four = counted["two_bars_from_training"], counted["four_bars_from_training"]
    assert two.numerators.tolist() == [5, 2, 0]
    assert two.denominators.tolist() == [5, 4, 0]
    assert four.numerators.tolist() == [3, 0, 0]
    assert four.denominators.tolist() == [3, 2, 0]
    short = rows.count(SequenceBatch.from_lists([tune[:20]]))
    assert math.isnan(short["four_bars_from_training"].value)
    assert "two_bars_from_training" not in MelodyRows(meter=Meter(3, 4)).ranges()


def test_what_a_step_counts_depends_on_no_later_step() -> None:
    rows = MelodyRows()
    for batch in melodies():
        whole, counted = rows.steps(batch), rows.count(batch)
        for name, one in whole.items():
            sums = one.sums
            assert torch.equal(sums.numerators, counted[name].numerators), name
            assert torch.equal(sums.denominators, counted[name].denominators), name
        cut = 20
        short = SequenceBatch(batch.tokens[:, :cut], batch.lengths.clamp(max=cut))
        goes_on = batch.lengths > cut
        for name, one in rows.steps(short).items():
            before = slice(0, cut - 1)  # the last step is where whole melodies are counted
            for own, other in (
                (one.numerators, whole[name].numerators),
                (one.denominators, whole[name].denominators),
            ):
                assert torch.equal(own[goes_on, before], other[goes_on, before]), name
            assert torch.equal(one.numerators[goes_on], whole[name].numerators[goes_on, :cut]), name


def test_a_rule_of_the_reward_is_a_row() -> None:
    domain = MelodyDomain()
    settings = domain.reward_settings()
    rows = domain.rows(settings, domain.reward(settings, None))
    batch = next(melodies())
    assert rows.count(batch).keys() == rows.ranges().keys()
    assert "interval" in rows.ranges()


def test_likeness_to_tunes() -> None:
    real = SequenceBatch.from_lists([[14, 1, 16, 1], [14, 1, 18, 1]])
    same = LikenessToTunes(real)
    same.update(real)
    assert {name: one.value for name, one in same.result().items()} == {
        "interval_distance": 0,
        "duration_distance": 0,
    }
    other = LikenessToTunes(real)
    other.update(SequenceBatch.from_lists([[14, 1, 16, 17]]))
    # Intervals: half 2, half 4 against half 2, half 1; durations: all 2 against 2, 1, 1.
    assert other.result()["interval_distance"].value == pytest.approx(1 / 2)
    assert other.result()["duration_distance"].value == pytest.approx(2 / 3)
