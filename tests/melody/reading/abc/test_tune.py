from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reading.abc import read_abc
from sequence_tutor.melody.reading.score import TuneScore, WrittenKey

ReadsTune = Callable[[str], TuneScore]

Voices = Callable[[str], list[str]]
HEAD = "X:1\nT:t\nM:4/4\nL:1/8\nK:C\n"
UPPER_AND_LOWER = ["C5 D5 E5 F5", "C3 C3 G3 G3"]


@pytest.mark.parametrize(
    "body",
    [
        "V:1\nc d|e f|\nV:2\nC, C,|G, G,|\n",
        "V:1\nV:2\n[V:1]c d|e f|\n[V:2]C, C,|G, G,|\n",
        "[V:1]c d|\n[V:2]C, C,|\n[V:1]e f|\n[V:2]G, G,|\n",
        "[V:1]c d|[V:2]C, C,|[V:1]e f|[V:2]G, G,|\n",
        "c d|\nV:2\nC, C,|\nV:1\ne f|\nV:2\nG, G,|\n",
        "V:1 clef=treble name=\"a b\"\nc d|e f|\nV: 2 clef=bass\n[r:a bed]C, C,|G, G,|\n",
        "V:1\nc d|\\\nV:2\nC, C,|\nV:1\ne f|\nw: a bed\nV:2\nG, G,|\n",
    ],
)  # fmt: skip
def test_voices_by_field_and_within_a_line(voices: Voices, body: str) -> None:
    assert voices(body) == UPPER_AND_LOWER


def test_voices_that_the_header_names(voices: Voices) -> None:
    head = "X:1\nL:1/4\nV:S clef=treble\nV:B clef=bass-8\nK:C\n"
    assert voices(f"{head}[V:S]c d|[V:B]C c|\n") == ["C5 D5", "C3 C4"]
    assert voices(f"{head}c d|\nV:B\nC c|\n") == ["C5 D5", "C3 C4"]


def test_fields_hold_for_the_voice_they_stand_in(voices: Voices) -> None:
    assert voices("V:1\nK:D\nL:1/8\nF2\nV:2\nF\nV:1\nF2\n") == ["F#4 F#4", "F4"]
    assert voices("K:D\nL:1/8\nV:1\nF2\nV:2\nF2\n") == ["F#4", "F#4"]
    assert voices("[V:1]F[V:2]F[V:1][K:D]F[V:2]F") == ["F4 F#4", "F4 F4"]


def test_inline_fields_of_every_letter_are_no_notes(voices: Voices) -> None:
    text = " ".join(f"[{letter}:a bed]A" for letter in "ABCDEFGHINOQRSTUWYZabcdefghmnrsw")
    assert voices(text) == [" ".join(["A4"] * 32)]


def test_tune_books_voices_and_meters() -> None:
    book = (
        "X:7\nM:6/8\nK:G\nGAB|\n\nX:8\nM:C|\nK:G\nV:1\nG2|\nV:2\nD8|\nM:3/4\nE6|E6|E6|\nM:5/4\nz\n"
    )
    tunes = dict(read_abc(book.encode(), "book"))
    assert list(tunes) == ["book#7", "book#8"]
    assert tunes["book#7"].meters == ((6, 8),)
    assert [part.name for part in tunes["book#8"].parts] == ["1", "2"]
    assert tunes["book#8"].meters == ((3, 4), (2, 2))  # the longest first


def test_the_meter_before_the_first_note_counts_and_no_other(
    tune: ReadsTune,
) -> None:
    assert tune("X:1\nM:4/4\nK:C\nM:3/4\nABc|\n").meters == ((3, 4),)
    assert tune("X:1\nM:none\nK:C\nABc\n").meters == ((4, 4),)


def test_key_upbeat_end_and_what_is_left_out(tune: ReadsTune) -> None:
    score = tune("X:1\nL:1/4\nK:Ddor transpose=-2\nA|{g}ABcd|e2z2|\n")
    assert score.key == WrittenKey(-2, "dorian")  # as it sounds
    assert (score.downbeat, score.end) == (1.0, 9.0)
    assert score.left_out == ("1 grace note left out",)
    score = tune("X:1\nL:1/4\nK:C\nV:1 transpose=-2\n[K:D]DEFG|\nV:2 perc\nCCCC|\n")
    assert (score.key, score.downbeat) == (WrittenKey(0, "ionian"), 0.0)
    assert score.left_out == ("percussion left out",)
    assert tune("X:1\nL:1/4\nK:D exp ^f\nDE|\n").key == WrittenKey(1, "mixolydian")
    assert tune("X:1\nL:1/4\nK:D exp _b _e ^f\nDE|\n").key is None


@pytest.mark.parametrize("field", ["K:|", "K::", "K:?", "K:foo", "K:X"])
def test_a_key_that_is_none_is_that_tunes_problem(tune: ReadsTune, field: str) -> None:
    score = tune(f"X:1\n{field}\nCDEF|\n")
    assert score.parts == ()
    assert "names no key" in score.problem


@given(st.text(alphabet="ABcz[]|:1234,-(){}<>/^_=\"! \n&PKLMVX+Z'.%\\Iwm", max_size=200))
def test_scribbles_are_read_without_a_crash(scribble: str) -> None:
    assert len(list(read_abc((HEAD + scribble).encode(), "scribble"))) >= 1


@given(st.binary(max_size=100))
def test_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(UserError):
        list(read_abc(data, "bytes"))


@pytest.mark.parametrize(
    "unit",
    ['"', "{", "[", "(", "!", "|", ":", "A", "[1", "[A", "[K:", "+A", "&", "^", "(3", "A-", "1/"],
)
@pytest.mark.parametrize(
    "head",
    [
        HEAD,
        *(
            pytest.param(head, marks=pytest.mark.long)
            for head in ("X:1\nK:", "X:1\nV:1 ", "X:1\nM:", "X:1\nK:C\nA\n\n")
        ),
    ],
)
def test_long_lines_take_linear_time(unit: str, head: str) -> None:
    assert len(list(read_abc((head + unit * 20_000 + "\nK:C\nA").encode(), "long"))) == 1


def test_many_lines_take_linear_time() -> None:
    for line in ("+:a", "V:1", "P:A", "[P:A]A", "%%begintext", "", "K:C ^f", "w:a\\", "&", '"'):
        assert len(list(read_abc((HEAD + f"{line}\n" * 3000).encode(), "long"))) == 1
