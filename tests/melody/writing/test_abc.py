from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequence_tutor.melody.encoding import decode
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.reading.abc import read_abc
from sequence_tutor.melody.reading.extraction import ExtractionSettings, extract
from sequence_tutor.melody.reading.score import TuneScore
from sequence_tutor.melody.signature import parse_key
from sequence_tutor.melody.writing.abc import to_abc, write_abc

HEAD = "X:1\nT:t\nM:4/4\nL:1/8\nK:C\n"
CORPORA = Path(__file__).parents[4] / "shared" / "data" / "melodies"


def read_one(text: str) -> TuneScore:
    ((_, score),) = read_abc(text.encode(), "tune")
    return score


def test_a_sign_stands_wherever_readings_of_accidentals_differ() -> None:
    # F sharp, f natural and f again: an accidental may hold in its octave alone or in every octave
    assert to_abc([20, 31, 31, 20]).splitlines()[-1] == "^F =f f ^F|]"
    assert to_abc([32, 20, 32]).splitlines()[-1] == "^f ^F f|]"


@given(
    st.lists(st.integers(0, 37), min_size=1, max_size=80).filter(decode),
    st.sampled_from(["C", "G", "F#m", "Gb", "C#", "Ddor"]),
    st.integers(-12, 12),
)
@settings(deadline=None)
def test_notes_survive_an_abc_file(tokens: list[int], key: str, transpose: int) -> None:
    (part,) = read_one(to_abc(tokens, heard=Heard(parse_key(key).key, transpose=transpose))).parts
    notes = decode(tokens)
    assert part.pitches.tolist() == [note.pitch + transpose for note in notes]
    assert part.starts.tolist() == [note.start / 4 for note in notes]
    assert part.ends.tolist() == [note.end / 4 for note in notes]


def test_a_melody_comes_back_as_the_same_tokens(tmp_path: Path) -> None:
    tokens = [14, 1, 15, 1, 0, 1, 37, 2] * 9
    write_abc(tmp_path / "melody.abc", tokens, title="two\nlines", heard=Heard(tempo=90))
    score = read_one((tmp_path / "melody.abc").read_text())
    assert extract(score, ExtractionSettings.as_written()) == [tokens]


def test_nothing_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="at least one"):
        to_abc([])
