"""Melodies as notation, checked by our own readers and by hand."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic.core import ScoreTick

from sequence_tutor.melody.encoding import decode, sounding_spans
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.midi import midi_bytes, read_midi
from sequence_tutor.melody.reading.abc import read_abc
from sequence_tutor.melody.reading.musicxml import read_musicxml
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.signature import parse_key
from sequence_tutor.melody.writing.abc import to_abc
from sequence_tutor.melody.writing.notation import TYPES, bar_pieces, to_musicxml

C, CIS, D, E = 14, 15, 16, 18


def notes(tokens: list[int], key: str = "C") -> list[Element]:
    return list(fromstring(to_musicxml(tokens, Heard(parse_key(key).key))).iter("note"))


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
    text = to_musicxml(tokens, Heard(parse_key(key).key, transpose=transpose))
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
            assert (
                piece.start % 4 == 0 or piece.start // 4 == (piece.start + piece.length - 1) // 4
            )  # in its beat
            now = piece.start + piece.length
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


@given(
    st.lists(st.integers(0, 37), min_size=1, max_size=80).filter(decode),
    st.sampled_from(["3/4", "6/8", "2/4", "9/8", "12/8", "3/8", "7/8", "5/4", "6/16", "4/2"]),
    st.integers(0, 30),
)
@settings(deadline=None)
def test_notes_survive_every_meter_and_upbeat(tokens: list[int], meter: str, upbeat: int) -> None:
    own = Meter.parse(meter)
    heard = Heard(meter=own, upbeat=upbeat % own.steps)
    for part in (
        read_musicxml(to_musicxml(tokens, heard).encode(), "melody").parts[0],
        next(read_abc(to_abc(tokens, heard=heard).encode(), "melody"))[1].parts[0],
        read_midi(midi_bytes(tokens, heard), "melody").parts[0],
    ):
        assert (part.starts * 4).tolist() == [note.start for note in decode(tokens)]
        assert (part.ends * 4).tolist() == [note.end for note in decode(tokens)]


def test_the_meter_and_the_mode_are_written() -> None:
    heard = Heard(Key(tonic="D", scale="dorian"), Meter(3, 4), upbeat=4)
    root = fromstring(to_musicxml([C, *[1] * 31], heard))
    measures = list(root.iter("measure"))
    assert [measure.get("number") for measure in measures] == ["0", "1", "2", "3"]
    assert measures[0].get("implicit") == "yes"
    assert (root.findtext(".//beats"), root.findtext(".//beat-type")) == ("3", "4")
    assert (root.findtext(".//fifths"), root.findtext(".//mode")) == ("0", "dorian")
    text = to_abc([C, *[1] * 31], heard=heard)
    assert "M:3/4" in text
    assert "K:Ddor" in text
    assert text.splitlines()[-1] == "C4-|C12-|C12-|C4|]"
    midi = ScoreTick.from_midi(midi_bytes([C, *[1] * 31], heard))
    assert [(t.time, t.numerator, t.denominator) for t in midi.time_signatures] == [
        (0, 1, 4),
        (480, 3, 4),
    ]
    assert [(k.key, k.tonality) for k in midi.key_signatures] == [(0, 0)]


def test_beats_of_three_eighths_stay_visible() -> None:
    def signs_of(tokens: list[int], meter: Meter) -> list[tuple[int, int]]:
        pieces = bar_pieces(sounding_spans(tokens), 0, len(tokens), meter)
        return [(piece.start, piece.length) for piece in pieces]

    six = Meter(6, 8)
    assert signs_of([C, *[1] * 11], six) == [(0, 12)]
    assert signs_of([C, *[1] * 7, D, 1, 1, 1], six) == [(0, 6), (6, 2), (8, 4)]
    assert signs_of([C, 1, D, *[1] * 9], six) == [(0, 2), (2, 4), (6, 6)]
    assert signs_of([C, *[0] * 11], six)[-1] == (6, 6)
    assert signs_of([C, 1, 1, 1, *[0] * 8], Meter(3, 4)) == [(0, 4), (4, 4), (8, 4)]
