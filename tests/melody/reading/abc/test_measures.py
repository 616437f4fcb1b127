from __future__ import annotations

from collections.abc import Callable

import pytest

from sequence_tutor.melody.reading.abc import measures
from sequence_tutor.melody.reading.score import TuneScore

Notes = Callable[[str | bytes], str]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C,, C, C c c'", "C2 C3 C4 C5 C6"),
        ("A2 A A/ A/4 A3/2 A// A3/ A0", "A4:2 A4 A4:1/2 A4:1/4 A4:3/2 A4:1/4 A4:3/2"),
        ("A z2 B x C y2 D", "A4 z2 B4 z1 C4 D4"),
        ("Z A [M:3/4] X2 B", "z4 A4 z6 B4"),
        ("(3ABc d (3:2:2A2B c", "A4:2/3 B4:2/3 C5:2/3 D5 A4:4/3 B4:2/3 C5"),
        ("(2AB (4ABcd", "A4:3/2 B4:3/2 A4:3/4 B4:3/4 C5:3/4 D5:3/4"),
        ("(6ABcdef", "A4:1/3 B4:1/3 C5:1/3 D5:1/3 E5:1/3 F5:1/3"),
        ("(5ABcde", "A4:2/5 B4:2/5 C5:2/5 D5:2/5 E5:2/5"),
        ("[M:6/8](5ABcde", "A4:3/5 B4:3/5 C5:3/5 D5:3/5 E5:3/5"),
        ("(3:::A (3::2AB (3zAB", "A4:2/3 A4:2/3 B4:2/3 z2/3 A4:2/3 B4:2/3"),
        ("A>B c<d e>>f A > B", "A4:3/2 B4:1/2 C5:1/2 D5:3/2 E5:7/4 F5:1/4 A4:3/2 B4:1/2"),
        ("A>|B A>{c}B (3A>Bc", "A4:3/2 B4:1/2 A4:3/2 B4:1/2 A4 B4:1/3 C5:2/3"),
        ("A2>B", "A4:2 B4"),  # undefined by the standard: left as it is
        ("!trill!A !f!~B +f+ C .D uE vF HG", "A4 B4 C4 D4 E4 F4 G4"),
        ('"Am"A "^a bed"B "C"[I:a]c', "A4 B4 C5"),
        ("(A B) (CD) `C``D $E *F ;G", "A4 B4 C4 D4 C4 D4 E4 F4 G4"),
        ("{gab}A {/g}B {", "A4 B4"),
        ("[!f!A\"x\"]2 []B [ C", "A4:2 B4 C4"),
        ("A[L:1/8]A[L:1/2]A", "A4 A4:1/2 A4:2"),
    ],
)  # fmt: skip
def test_lengths(notes: Notes, music: str, expected: str) -> None:
    assert notes(music) == expected


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("^F F|F", "F#4 F#4 F4"),
        ("^F f F,|f", "F#4 F#5 F#3 F5"),  # the standard's own choice: in every octave
        ("[I:propagate-accidentals octave]^F f F|F", "F#4 F5 F#4 F4"),
        ("[I:propagate-accidentals not]^F f F|F", "F#4 F5 F4 F4"),
        ("^F =F F ^^F __B", "F#4 F4 F4 G4 A4"),
        ("^F[K:D]F =F[K:G]F", "F#4 F#4 F4 F#4"),
        ("{^f}A F", "A4 F#4"),
        ("[^FA] F", "F#4 A4 F#4"),
        ("^/C _/B, ^3/2c", "C4 B3 C#5"),  # quarter tones: to the semitone nearer the natural
        ("G,,,,,,,, c''''''", "G-1 C9"),  # what MIDI has no number for, by octaves
    ],
)
def test_accidentals(notes: Notes, music: str, expected: str) -> None:
    assert notes(music) == expected


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("A2-|A2 B", "A4:4 B4"),
        ("A-A -A B", "A4:3 B4"),
        ("A|-A B", "A4:2 B4"),
        ("A-\nA B", "A4:2 B4"),
        ("A- B A", "A4 B4 A4"),
        ("A- z A", "A4 z1 A4"),
        ("^F-|F F", "F#4:2 F4"),
        ("^F-|F-|F|F", "F#4:3 F4"),
        ("_B2-|B>B|B", "Bb4:7/2 B4:1/2 B4"),
        ("^F-|f F", "F#4 F5 F4"),
        ("^F-|=F", "F#4 F4"),
        ("^F-|_G", "F#4:2"),
        ("^F-|[K:D]F|F", "F#4:2 F#4"),
        ("|:^F-|1F:|2F|]F", "F#4:2 F#4:2 F4"),
        ("A-[K:C transpose=2]A", "A4:2"),
    ],
)
def test_ties_carry_their_accidental_to_their_own_note(
    notes: Notes, music: str, expected: str
) -> None:
    assert notes(music) == expected


def test_chords(voices: Callable[[str], list[str]]) -> None:
    assert voices('"Am"[Ac]2 e') == ["A4:2 C5:2 E5"]
    assert voices("[C2E]A [C2E2]2A") == ["C4:2 E4:2 A4 C4:4 E4:4 A4"]
    assert voices("[CE]-[CE] [C-E]C") == ["C4:2 E4:2 E4 C4:2"]
    assert voices("+CE+ A +mf+B") == ["C4 E4 A4 B4"]  # as before version 2
    assert voices("[AA]B") == ["A4 B4"]
    assert voices("[^F-A]|[FA] F") == ["A4 F#4:2 A4 F4"]


def test_overlays_are_voices_of_their_own(voices: Callable[[str], list[str]]) -> None:
    assert voices("CDEF & c4|GABc") == ["C4 D4 E4 F4 G4 A4 B4 C5", "C5:4"]
    assert voices("CDEF|GABc & c2e2|") == ["C4 D4 E4 F4 G4 A4 B4 C5", "z4 C5:2 E5:2"]
    assert voices("CDEF|GABc && c4|d4|C4") == ["C4 D4 E4 F4 G4 A4 B4 C5 C4:4", "C5:4 D5:4"]
    assert voices("C4 & E4 & G4 |C4") == ["C4:4 C4:4", "E4:4", "G4:4"]


def test_a_voice_beyond_any_measure_is_refused(
    tune: Callable[[str], TuneScore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measures, "MOST_SYMBOLS", 1000)
    assert tune("X:1\nK:C\n" + "A" * 1000).problem == ""
    problem = tune("X:1\nK:C\n" + "A" * 1001).problem
    assert problem == "more than 1000 notes and signs in one voice"
