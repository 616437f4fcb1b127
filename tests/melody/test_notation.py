"""Melodies as MusicXML, checked by our own reader and by hand."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequence_tutor.melody.encoding import decode
from sequence_tutor.melody.musicxml import read_musicxml
from sequence_tutor.melody.notation import TYPES, bar_pieces, to_musicxml
from sequence_tutor.melody.spelling import sounding_spans

C, CIS, D, E = 14, 15, 16, 18


def notes(tokens: list[int], key: str = "C") -> list[Element]:
    return list(fromstring(to_musicxml(tokens, key=key)).iter("note"))


def signs(tokens: list[int]) -> list[tuple[int, int, bool]]:
    """(start, length, whether it sounds) of every sign of the first bar."""
    pieces = bar_pieces(sounding_spans(tokens), 0, len(tokens))
    return [(piece.start, piece.length, piece.pitch is not None) for piece in pieces]


@given(
    st.lists(st.integers(0, 37), min_size=1, max_size=80).filter(decode),
    st.sampled_from(["C", "G", "F#m", "Gb", "C#", "Ebm"]),
    st.integers(-12, 12),
)
@settings(deadline=None)
def test_notes_survive_a_musicxml_file(tokens: list[int], key: str, transpose: int) -> None:
    text = to_musicxml(tokens, key=key, transpose=transpose)
    (part,) = read_musicxml(text.encode(), "melody").parts
    own = decode(tokens)
    assert part.pitches.tolist() == [note.pitch + transpose for note in own]
    assert (part.starts * 4).tolist() == [note.start for note in own]
    assert (part.ends * 4).tolist() == [note.end for note in own]


@given(st.lists(st.integers(0, 3).map([0, 1, C, E].__getitem__), min_size=1, max_size=40))
@settings(deadline=None)
def test_bars_are_full_of_signs_that_there_are(tokens: list[int]) -> None:
    for first in range(0, len(tokens), 16):
        pieces = list(bar_pieces(sounding_spans(tokens), first, len(tokens)))
        now = 0
        for piece in pieces:
            assert piece.start == now
            assert piece.length in TYPES
            assert piece.start % 4 == 0 or piece.start // 4 == (piece.end - 1) // 4  # in its beat
            now = piece.end
        assert now == min(16, len(tokens) - first)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([C, *[1] * 15], [(0, 16, True)]),
        ([0] * 16, [(0, 16, False)]),
        ([C, 1, D, 1, 1, 1, E, *[1] * 9], [(0, 2, True), (2, 2, True), (4, 2, True)]),
        ([C, 0, *[0] * 14], [(0, 1, True), (1, 1, False), (2, 2, False), (4, 4, False)]),
    ],
)
def test_beats_stay_visible(tokens: list[int], expected: list[tuple[int, int, bool]]) -> None:
    assert signs(tokens)[: len(expected)] == expected


def test_rests_keep_to_the_bars_own_division() -> None:
    assert signs([C, 1, 1, 1, *[0] * 12])[1:] == [(4, 4, False), (8, 8, False)]


def test_a_note_over_the_bar_line_is_tied() -> None:
    found = notes([C, *[1] * 31])
    assert [[tie.get("type") for tie in note.iter("tie")] for note in found] == [
        ["start"],
        ["stop"],
    ]


def test_accidentals_hold_for_a_bar_and_stand_where_the_key_needs_them() -> None:
    marks = [note.findtext("accidental") for note in notes([CIS, CIS, C, C] * 8)]
    assert marks[:6] == ["sharp", None, "natural", None, "sharp", None]
    assert marks[16] == "sharp"  # a new bar
    in_d = [note.findtext("accidental") for note in notes([CIS, C], "D")]
    assert in_d == [None, "natural"]
    tied = [note.findtext("accidental") for note in notes([C, *[1] * 14, CIS, 1, CIS])]
    assert tied[-3:] == ["sharp", None, "sharp"]  # once more after the tie


def test_short_notes_of_a_beat_hang_together() -> None:
    def beams(tokens: list[int]) -> list[list[str]]:
        return [[beam.text or "" for beam in note.iter("beam")] for note in notes(tokens)]

    assert beams([C, 1, D, E]) == [["begin"], ["continue", "begin"], ["end", "end"]]
    assert beams([C, 1, 1, D]) == [["begin"], ["end", "backward hook"]]
    assert beams([C, D, 1, E]) == [
        ["begin", "forward hook"],
        ["continue"],
        ["end", "backward hook"],
    ]
    assert beams([C, 0, D, 1]) == [[], [], []]
    assert beams([1, 1, C, 1, D, 1, 1, 1]) == [[], [], []]


def test_low_melodies_stand_in_the_bass_clef() -> None:
    def clef(tokens: list[int]) -> str | None:
        return fromstring(to_musicxml(tokens)).findtext(".//clef/sign")

    assert clef([C, D, E]) == "G"
    assert clef([2, 4, 6]) == "F"
    assert clef([0, 0]) == "G"


def test_nothing_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="at least one token"):
        to_musicxml([])
