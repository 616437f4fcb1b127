from __future__ import annotations

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.melody.filling.parts import Part, parse_keep
from sequence_tutor.melody.filling.pitch_range import INSTRUMENTS, parse_range


def test_bars_ranges_and_parts_of_bars() -> None:
    kept = parse_keep("1-2, 4 rhythm,5 - 6 pitches, 8-", 1, 9)
    assert kept == {
        1: Part.ALL,
        2: Part.ALL,
        4: Part.RHYTHM,
        5: Part.PITCHES,
        6: Part.PITCHES,
        8: Part.ALL,
        9: Part.ALL,
    }
    assert parse_keep("1\u20132, 4 \u2014 5", 1, 9) == parse_keep("1-2, 4-5", 1, 9)
    assert parse_keep("0", 0, 4) == {0: Part.ALL}  # an upbeat
    assert parse_keep("1-4, 2 rhythm", 1, 4)[2] is Part.RHYTHM  # the later one


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("one", "'one' names no bars, expected such as 1-2, 5 rhythm"),
        ("", "names no bars"),
        ("3 rythm", "'rythm' is no part of a bar: did you mean 'rhythm'?"),
        ("0", "expected bars from 1 to 8"),
        ("7-9", "bars '7-9', expected bars from 1 to 8"),
        ("4-3", "bars '4-3', expected the lower number first"),
        ("9-", "bars '9-', expected bars from 1 to 8"),
        ("3-0", "expected bars from 1 to 8"),
    ],
)
def test_what_names_no_bars(text: str, complaint: str) -> None:
    with pytest.raises(UserError) as error:
        parse_keep(text, 1, 8)
    assert complaint in str(error.value)


def test_ranges() -> None:
    assert parse_range("C4..G5") == (60, 79)
    assert parse_range(" Bb3 .. F#4") == (58, 66)
    assert parse_range("Flute") == (60, 96)
    assert parse_range("tin-whistle") == (74, 95)
    for name in INSTRUMENTS:
        low, high = parse_range(name)
        assert 12 <= high - low <= 50, name


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("flut", "did you mean 'flute'?"),
        ("C4", "neither two pitches such as C4..G5 nor an instrument"),
        ("C4..H5", "'H5' is no pitch"),
        ("G5..C4", "G5 is above C4"),
    ],
)
def test_what_is_no_range(text: str, complaint: str) -> None:
    with pytest.raises(UserError) as error:
        parse_range(text)
    assert complaint in str(error.value)
