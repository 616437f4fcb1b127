from __future__ import annotations

from collections.abc import Callable

import pytest

from sequence_tutor.melody.reading.abc.playing import MOST_EVENTS
from sequence_tutor.melody.reading.score import TuneScore

Notes = Callable[[str | bytes], str]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("A|B|", "AB"),
        ("A:|B:|", "AABB"),
        ("A|:B:|C", "ABBC"),
        ("|:A::B:|", "AABB"),
        ("|:A:|:B:|", "AABB"),
        ("A:|:B:||:C:|D", "AABBCCD"),
        ("|: A :| |: B :|", "AABB"),
        ("A||B:|C", "ABBC"),  # back to the latest double bar
        ("A|]B:|C[|D:|", "ABBCDD"),
        ("|:A||B:|C", "ABABC"),  # unless a repeat was begun
        ("|:A:|B|C:|", "AABCBC"),
        ("|::A::|B", "AAAB"),
        ("|:A::|B", "AAAB"),
        ("|:A|1 B:|2 C||D|", "ABACD"),
        ("|:A [1 B:|[2 C|D:|", "ABACD"),
        ("|:A|1,3 B:|2 C:|4 D||", "ABACABAD"),
        ("|:A|[1-3B:|[4C|]D", "ABABABACD"),
        ("|:A|1 B|C:|2 D|E||F:|", "ABCADEFF"),
        ("|:A|1B:|2C:|D", "ABACD"),
        ("A|1B:|2C|]D:|", "ABACDD"),
        ("|:A|\\\n1 B:|\\\n2 C|]D", "ABACD"),
        ("|:A\n|1 B:|\n|2 C|]\nD", "ABACD"),
        ("|:A|[1B:|\n|[2C:|\n|[3D||E", "ABACADE"),
        ("A[|]:|B", "AAB"),  # an invisible bar line before the sign
        ("A:[|]|]B|:|C", "AABC"),
        (" A:[|]|]B|:|C", "AABC"),
        (".|A.|B|]", "AB"),
        ("|:A:", "A"),
    ],
)
def test_repeats_are_played_out(notes: Notes, music: str, expected: str) -> None:
    assert "".join(note[0] for note in notes(music).split()) == expected


@pytest.mark.parametrize(
    ("order", "body", "expected"),
    [
        ("ABA", "P:A\nA|\nP:B\nB|\n", "ABA"),
        ("A2B", "P:A\nA|\nP:B\nB|\n", "AAB"),
        ("(AB)2", "P:A\nA|\nP:B\nB|\n", "ABAB"),
        ("AAB", "[P:A]A|[P:B]B|", "AAB"),
        ("BA", "[P:A]A|[P:B]B|", "BA"),
        ("BA", "C|[P:A]A|[P:B]B|", "CBA"),
        ("AC", "[P:A]A|[P:B]B|", "A"),
        ("AB", "[P:A]|:A:|[P:B]B:|", "AABB"),
        ("ABA", "[P:A]A|[P:B]B|[P:A]C|", "ABC"),  # as it stands at its second time
        ("Allegro", "[P:A]A|[P:B]B|", "AB"),
        ("AB", "A|B|", "AB"),
        ("", "P:A\nA:|\nP:B\nB:|\n", "AABB"),
        ("", "P:A\nA|\nP:B\nB:|\nP:A\nC|", "ABBC"),
        ("", "P:A\n|:A|\nP:B\nB:|\n", "ABAB"),
        ("AB", '"[P:B]"A|[P:B]B|', "AB"),
    ],
)
def test_parts(notes: Notes, order: str, body: str, expected: str) -> None:
    found = notes(f"X:1\nL:1/4\nP:{order}\nK:C\n{body}\n")
    assert "".join(note[0] for note in found.split()) == expected


@pytest.mark.parametrize(
    "body",
    [
        "P:A\nV:1\nA|\nV:2\nC|\nP:B\nV:1\nB|\nV:2\nD|\n",
        "V:1\nP:A\nA|\nP:B\nB|\nV:2\nP:A\nC|\nP:B\nD|\n",
        "V:1\nP:A\nA|\nV:2\nP:A\nC|\nV:1\nP:B\nB|\nV:2\nP:B\nD|\n",
        "[P:A][V:1]A|[V:2]C|[P:B][V:1]B|[V:2]D|",
    ],
)
def test_parts_of_several_voices(voices: Callable[[str], list[str]], body: str) -> None:
    assert voices(f"X:1\nL:1/4\nP:BA\nK:C\n{body}") == ["B4 A4", "D4 C4"]


def test_a_voice_rests_through_a_part_that_it_lacks(voices: Callable[[str], list[str]]) -> None:
    body = "P:A\nV:1\n|:AB:|\nP:B\nV:1\nc|\nV:2\nE|\n"
    assert voices(f"X:1\nL:1/4\nK:C\n{body}") == ["A4 B4 A4 B4 C5", "z4 E4"]
    assert voices(f"X:1\nL:1/4\nP:BAB\nK:C\n{body}") == ["C5 A4 B4 A4 B4 C5", "E4 z4 E4"]


@pytest.mark.parametrize(
    "text",
    [
        "X:1\nP:" + "A" * 10_000 + "\nK:C\nP:A\n" + "CDEF GABc|" * 500,  # fifteen kilobytes
        "X:1\nP:(((A9)9)9)9\nK:C\nP:A\n" + "C" * 1000,
        "X:1\nP:A9999\nK:C\nP:A\n" + "|9z" * 1000 + "|1-99A:|",
        "X:1\nK:C\nV:1\n" + "A|" * 700 + "z|1-99A:|\n[V:2]" + "A|" * 700 + "z|1-99A:|",
    ],
)
def test_tunes_that_play_out_to_too_much_are_refused(
    tune: Callable[[str], TuneScore], text: str
) -> None:
    assert tune(text).problem == f"it plays out to more than {MOST_EVENTS} notes, rests and bars"
