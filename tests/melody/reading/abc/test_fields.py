from __future__ import annotations

from collections.abc import Callable

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reading.abc.fields import (
    MOST_PARTS,
    WHOLE,
    Pitching,
    parse_meter,
    parse_parts,
    parse_unit,
)
from sequence_tutor.melody.reading.score import TuneScore

Notes = Callable[[str | bytes], str]


def test_meters_and_units() -> None:
    texts = ["6/8", "C", "C|", " (2+3)/8", "2+3+2/16", "3/4 waltz", "none", "", "4/0", "?"]
    assert [parse_meter(text) for text in texts] == [
        (6, 8), (4, 4), (2, 2), (5, 8), (7, 16), (3, 4), None, None, None, None,
    ]  # fmt: skip
    assert [parse_unit(text) for text in ("1/8", "1", "3/4", "auto", "1/0")] == [
        WHOLE // 8, WHOLE, WHOLE * 3 // 4, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("AAB", "AAB"),
        ("A2B", "AAB"),
        ("(AB)2", "ABAB"),
        ("A(BC)3 D", "ABCBCBCD"),
        ("((AB)2.(CD)2)2", "ABABCDCDABABCDCD"),
        ("(A2B)2", "AABAAB"),
        ("a.b", "ab"),
        ("", ""),
        ("A: slow", ""),
        ("(AB", ""),
        ("AB)2", ""),
    ],
)
def test_order_of_parts(text: str, order: str) -> None:
    assert "".join(parse_parts(text)) == order


@pytest.mark.parametrize(
    "text", ["A" * (MOST_PARTS + 1), "A999999999", "(" * 99 + "A" + "9)9" * 99]
)
def test_parts_without_end_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="the P: field plays more than 10000 parts"):
        parse_parts(text.replace("9)9", ")9"))


@pytest.mark.parametrize(
    ("text", "semitones"),
    [
        ("transpose=-2", -2),
        ("octave=1 transpose=+3", 15),
        ("clef=treble-8", -12),
        ("C treble+8", 12),
        ("C bass", 0),
        ('clef="tenor+15" name="a transpose=5"', 24),
        ("sound=cB", -1),
        ("sound=A", -3),
        ("shift=_Bc", 2),
        ("score=cB middle=d stafflines=3 cue=on", 0),
        ("octave=9999", 0),
    ],
)
def test_how_far_a_voice_sounds_from_its_notes(text: str, semitones: int) -> None:
    pitching = Pitching()
    pitching.follow(text)
    assert pitching.total == semitones


def test_transposition_in_every_place_where_it_may_stand(notes: Notes) -> None:
    head = "X:1\nL:1/4\n"
    for fields in (
        "K:D transpose=-2\n",
        "V:1 transpose=-2\nK:D\nV:1\n",
        "K:D\nV:1 transpose=-2\n",
        "V:1\n%%MIDI transpose -2\nK:D\nV:1\n",
        "K:D\n%%MIDI transpose -2\n",
        "K:D\nI:MIDI = transpose -2\n",
        "K:D\n[K:transpose=-2]",
        "K:D\n[I:MIDI transpose -3][I:MIDI rtranspose 1]",
    ):
        assert notes(f"{head}{fields}D E F G|\n") == "C4 D4 E4 F4", fields


def test_a_later_field_keeps_what_it_does_not_name(notes: Notes) -> None:
    assert notes("F [K:G] F [K:clef=bass] F [K:C transpose=2] F [K:C] F [K:] F") == (
        "F4 F#4 F#4 G4 G4 G4"
    )
    assert notes("X:1\nL:1/4\nK:D clef=treble-8\nD [K:clef=treble] D [K:octave=1] D") == "D3 D4 D5"


@pytest.mark.parametrize("field", ["V:2 clef=perc", "V:2\n%%MIDI channel 10", "V:2\nK:C perc"])
def test_drums_are_no_part(tune: Callable[[str], TuneScore], field: str) -> None:
    score = tune(f"X:1\nK:C\nV:1\nC D|\n{field}\nE F|\n")
    assert [part.name for part in score.parts] == ["1"]
