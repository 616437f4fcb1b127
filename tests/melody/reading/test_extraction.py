from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import FIRST_NOTE, VOCAB_SIZE
from sequence_tutor.melody.reading.extraction import (
    ExtractionSettings,
    choose_melody,
    extract,
    grid_distance,
)
from sequence_tutor.melody.reading.score import Part, TuneScore, meters_in_force

AS_WRITTEN = ExtractionSettings.as_written()
SCALE = [60, 62, 64, 65, 67, 69, 71, 72]


def line(pitches: list[int], step: float = 0.5, start: float = 0.0, name: str = "") -> Part:
    """One note after the other, each `step` quarters long."""
    onsets = [start + step * n for n in range(len(pitches))]
    notes = [(time, time + step, pitch) for time, pitch in zip(onsets, pitches, strict=True)]
    return Part.from_notes(name, notes)


def tokens_of(*notes: tuple[float, float, int]) -> list[list[int]]:
    return extract(TuneScore((Part.from_notes("", notes),)), AS_WRITTEN)


def test_notes_and_rests_on_the_grid() -> None:
    assert tokens_of((0, 0.5, 60), (0.75, 1.27, 62), (1.25, 1.5, 83)) == [[14, 1, 0, 16, 1, 37]]


def test_a_melody_begins_with_its_first_note() -> None:
    assert tokens_of((8, 8.25, 60), (8.25, 8.5, 62)) == [[14, 16]]


def test_the_skyline_is_kept() -> None:
    chord = [(0.0, 1.0, 48), (0.0, 1.0, 60), (0.25, 0.5, 50), (1.0, 1.5, 62)]
    assert tokens_of(*chord) == [[14, 1, 1, 1, 16, 1]]


def test_legato_overlap_is_cut() -> None:
    assert tokens_of((0, 0.75, 64), (0.5, 1.0, 62)) == [[18, 1, 16, 1]]


def test_long_rests_split_and_long_melodies_are_cut() -> None:
    settings = AS_WRITTEN.model_copy(update={"maximum_steps": 3})
    part = Part.from_notes("", [(0, 1, 60), (4.9, 5.25, 62), (5.25, 5.5, 64), (9.5, 9.75, 65)])
    assert extract(TuneScore((part,)), settings) == [[14, 1, 1], [16, 18], [19]]


def test_folding_keeps_the_shape_where_it_can() -> None:
    assert tokens_of((0, 0.25, 24), (0.25, 0.5, 28)) == [[2, 6]]
    assert tokens_of((0, 0.25, 36), (0.25, 0.5, 83)) == [[2, 37]]


def test_transposed_to_c_major() -> None:
    tune = line([pitch + 7 for pitch in SCALE + SCALE[::-1]] * 4)
    (tokens,) = extract(TuneScore((tune,)), ExtractionSettings())
    assert tokens[:4] == [14 + 12, 1, 16 + 12, 1] or tokens[:4] == [14, 1, 16, 1]


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (
            TuneScore((line(SCALE * 8),), ((4, 4), (3, 4))),
            "meter 3/4 is not among 4/4, 2/2; --meters 3/4 reads it",
        ),
        (
            TuneScore((line(SCALE),)),
            "shorter than 7 bars between rests of a bar",
        ),
        (TuneScore((line([60, 62] * 32),)), "fewer than 5 different pitches"),
        (TuneScore((line(SCALE * 8, start=0.14),)), "performance without a beat"),
        (TuneScore(()), "no notes"),
    ],
)
def test_unsuitable_tunes_say_why(score: TuneScore, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        extract(score, ExtractionSettings())


def test_triplets_lie_on_the_grid_and_a_drifting_beat_does_not() -> None:
    assert grid_distance(line(SCALE, step=1 / 3)) == pytest.approx(0)
    assert grid_distance(line(SCALE * 20, step=0.5123)) > 0.15


def test_the_melody_among_several_parts() -> None:
    high, low = line([80] * 8, name="flute"), line([50] * 8, name="cello")
    chords = Part.from_notes("keys", [(n / 2, n / 2 + 2, 90) for n in range(8)])
    named = line([40] * 8, name="MELODY")
    ornament = line([100] * 2, name="bell")
    everything = (low, chords, high, named, *[line([50] * 24)])
    assert choose_melody(TuneScore((low, high, chords))).name == "flute"
    assert choose_melody(TuneScore(everything)).name == "MELODY"
    assert choose_melody(TuneScore((line([60] * 40, name="fiddle"), ornament))).name == "fiddle"


def test_meters_in_force() -> None:
    assert meters_in_force([], 9) == ((4, 4),)
    assert meters_in_force([(0, 1, 4), (0, 2, 4), (4, 3, 4), (20, 5, 4)], 9) == ((3, 4), (2, 4))
    assert meters_in_force([(0, 0, 4)], 9) == ((4, 4),)
    assert meters_in_force([(2, 3, 4)], 9) == ((3, 4),)


@pytest.mark.parametrize(
    ("changes", "meters"),
    [
        ([(0, 1, 4), (1, 4, 4)], ((4, 4),)),  # an upbeat
        ([(0, 1, 8), (0.5, 6, 8)], ((6, 8),)),
        ([(0, 4, 4), (36, 3, 4)], ((4, 4),)),  # a last bar that is not full
        ([(0, 1, 4), (1, 4, 4), (17, 3, 4), (20, 1, 4), (21, 4, 4)], ((4, 4),)),  # cut by a repeat
        ([(0, 4, 4), (16, 2, 4), (18, 4, 4)], ((4, 4), (2, 4))),  # a bar of half the length
        ([(0, 2, 4), (8, 4, 4)], ((4, 4), (2, 4))),  # four bars of 2/4 are no upbeat
        ([(0, 5, 4), (5, 4, 4)], ((4, 4), (5, 4))),  # nor is a longer bar
        ([(0, 4, 4), (8, 4, 4), (8.5, 4, 4)], ((4, 4),)),
    ],
)
def test_bars_that_are_not_full_are_no_meters(
    changes: list[tuple[float, int, int]], meters: tuple[tuple[int, int], ...]
) -> None:
    assert meters_in_force(changes, 38) == meters


def test_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError, match="must look like 4/4"):
        ExtractionSettings(meters=("waltz",))
    with pytest.raises(ValidationError, match="minimum_bar"):
        ExtractionSettings.model_validate({"minimum_bar": 7})


NOTES = st.tuples(st.floats(0, 64), st.floats(0.01, 8), st.integers(0, 127))


@given(st.lists(NOTES, min_size=1, max_size=40))
def test_whatever_is_extracted_is_a_melody(raw: list[tuple[float, float, int]]) -> None:
    part = Part.from_notes("", [(start, start + length, pitch) for start, length, pitch in raw])
    settings = AS_WRITTEN.model_copy(update={"maximum_grid_distance": 1.0, "maximum_steps": 64})
    for tokens in extract(TuneScore((part,)), settings):
        assert 1 <= len(tokens) <= 64
        assert tokens[0] >= FIRST_NOTE
        assert all(0 <= token < VOCAB_SIZE for token in tokens)
