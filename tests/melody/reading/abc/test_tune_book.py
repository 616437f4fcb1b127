from __future__ import annotations

from collections.abc import Callable

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reading.abc import read_abc
from sequence_tutor.melody.reading.abc.tune_book import (
    MOST_CHARACTERS,
    MOST_LINES,
    MOST_TUNES,
    AbcLine,
    tunes,
)

Notes = Callable[[str | bytes], str]
HEAD = "X:1\nM:4/4\nL:1/4\nK:C\n"


def body(text: str) -> list[AbcLine]:
    (tune,) = tunes((HEAD + text).encode())
    return tune.read().body


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(notes: Notes, encoding: str, end: str) -> None:
    text = f"{HEAD}T:Ó cóndáí 二\nC D|\nw: la\nE\n".replace("\n", end)
    assert notes(text.encode(encoding)) == "C4 D4 E4"


def test_latin_1_and_both_marks_of_utf_16(notes: Notes) -> None:
    text = HEAD + "N:Å\nC\n"
    assert notes(text.encode("latin-1")) == "C4"
    assert notes(b"\xfe\xff" + text.encode("utf-16-be")) == "C4"
    assert notes(b"\xff\xfe\0\0" + text.encode("utf-32-le")) == "C4"


def test_damaged_utf_16_is_refused() -> None:
    with pytest.raises(UserError, match="tune: damaged text, expected utf-16-le as its mark says"):
        list(read_abc(b"\xff\xfeX\x00:\x001", "tune"))


@pytest.mark.parametrize(
    "sign", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_what_python_takes_for_a_line_end_is_none(notes: Notes, sign: str) -> None:
    assert notes(f"{HEAD}C D|\nw:la{sign} bad cafe\nE\n") == "C4 D4 E4"


def test_an_ellipsis_of_windows_in_lyrics(notes: Notes) -> None:
    assert notes(HEAD.encode() + b"C D|\nw:la\x85 bad cafe\nE\n") == "C4 D4 E4"


@pytest.mark.parametrize(
    "text",
    [
        "Added by Dad, a cafe band favourite.",
        "A bad deed: decade facade.\nB. Face, 1923",
        "A bad cab faced a dead bee",
        "Dad | Bob | cafe",
        "T:a title\nB:a book, face\nA dab",
    ],
)
def test_text_after_a_blank_line_is_no_music(notes: Notes, text: str) -> None:
    assert notes(f"{HEAD}C D E F|\n\n{text}\n") == "C4 D4 E4 F4"
    assert notes(f"{text}\n\n{HEAD}C D E F|\n") == "C4 D4 E4 F4"


@pytest.mark.parametrize(
    "music", ["E F|", "cdef|gabc'|]", "E F G A", '"Am"A2 [CE]|{g}a', "[V:1] E F|", "CDEF GABc"]
)
def test_music_goes_on_after_a_blank_line_by_mistake(music: str) -> None:
    assert body(f"C D|\n\n{music}\n")[-1] == AbcLine("", music)


def test_fields_go_on_in_the_next_line(notes: Notes) -> None:
    assert notes(f"{HEAD}C D|\nw: one two\n+: a bed face cab\nE\n") == "C4 D4 E4"
    assert notes(f"{HEAD}C D|\nN: one\n% a remark\n+: a bed\n+: a cab\nE\n") == "C4 D4 E4"
    assert notes(f"{HEAD}C D|\nw: one two \\\na bed face cab\nE\n") == "C4 D4 E4"
    assert notes("X:1\nT:t\n+:a bed\nL:1/4\nK:D exp\n+: _b ^f\nF B\n") == "F#4 Bb4"
    assert notes(f"{HEAD}+: C D\nE\n") == "E4"
    assert notes(f"{HEAD}C D|\nw: one \\\n| E F |\n") == "C4 D4 E4 F4"


@pytest.mark.parametrize(
    "field", ["w:| la bad", "W::| a cab", "T:|: cafe", "r:bad", "s:| A", "m:a=b"]
)
def test_every_letter_but_those_of_notes_makes_a_field(notes: Notes, field: str) -> None:
    assert notes(f"{HEAD}C D|\n{field}\nE\n") == "C4 D4 E4"


def test_a_note_before_a_repeat_sign_is_no_field(notes: Notes) -> None:
    assert notes(f"{HEAD}A:|\nB::\nC:|\n") == "A4 A4 B4 B4 C4 C4"


def test_comments_directives_and_blocks_of_text(notes: Notes) -> None:
    text = "C % D\n%E\n%%text a bed\n%%begintext\na face|\n%%endtext\nF\\% G\n%%begintext\nA|\n"
    assert notes(HEAD + text) == "C4 F4 G4 A4"


def test_fields_at_the_top_of_the_file_hold_for_every_tune() -> None:
    book = b"%abc-2.1\nM:3/4\nL:1/2\n\nM:2/4\n\nX:1\nK:C\nA\n\nX:2\nL:1/4\nK:C\nA\n"
    scores = [score for _, score in read_abc(book, "book")]
    assert [score.parts[0].ends.tolist() for score in scores] == [[2.0], [1.0]]
    assert [score.meters for score in scores] == [((3, 4),), ((3, 4),)]


def test_a_bad_tune_does_not_end_the_book() -> None:
    book = b"X:0\nT:a title of the book\n\nX:1\nK:|\nC|\n\nX:2\nT:no key\nC D E|\n\nX:3\nK:C\nC\n"
    found = {name: score.problem for name, score in read_abc(book, "book")}
    assert list(found) == ["book#1", "book#2", "book#3"]
    assert found["book#1"] == "K: '|' names no key, expected one such as G, F#m or Ddor"
    assert found["book#2"].startswith("no K: field")
    assert found["book#3"] == ""


@pytest.mark.parametrize("text", ["Dear Sir,\nhow are you?", "", "X:1\nT:a title\n"])
def test_text_that_is_no_abc(text: str) -> None:
    with pytest.raises(UserError, match=r"letter\.abc: no tune in it"):
        list(read_abc(text.encode(), "letter.abc"))


def test_books_and_tunes_beyond_any_measure_are_refused() -> None:
    with pytest.raises(UserError, match=r"book: 100001 tunes, expected at most 100000"):
        list(read_abc(b"X:1\n" * (MOST_TUNES + 1), "book"))
    for text in ("A" * MOST_CHARACTERS, "A\n" * MOST_LINES):
        ((_, score),) = read_abc((HEAD + text).encode(), "tune")
        assert score.problem.startswith("more than 20000 lines or 1048576 characters")
