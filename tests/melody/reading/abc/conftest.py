"""One tune in, its notes out in a form that one can read."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from sequence_tutor.melody.reading.abc import read_abc
from sequence_tutor.melody.reading.score import Part, TuneScore

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
HEAD = "X:1\nT:t\nM:4/4\nL:1/4\nK:C\n"


def read_one(text: str | bytes) -> TuneScore:
    """The score of the one tune in a text."""
    ((_, score),) = read_abc(text if isinstance(text, bytes) else text.encode(), "tune")
    return score


def shown(part: Part) -> str:
    """Notes and rests of one voice with their lengths in quarters; C4 is middle C."""
    words = []
    now = Fraction(0)
    for start, end, pitch in zip(part.starts, part.ends, part.pitches, strict=True):
        begin, stop = (Fraction(float(time)).limit_denominator(1000) for time in (start, end))
        if begin > now:
            words.append(f"z{begin - now}")
        length = "" if stop - begin == 1 else f":{stop - begin}"
        words.append(f"{NAMES[pitch % 12]}{pitch // 12 - 1}{length}")
        now = stop
    return " ".join(words)


@pytest.fixture(scope="session")
def tune() -> Callable[[str | bytes], TuneScore]:
    """Reads a text with one tune."""
    return read_one


@pytest.fixture(scope="session")
def voices() -> Callable[[str | bytes], list[str]]:
    """The notes of every voice of a tune; a text without fields gets a head in C, 4/4, L:1/4."""

    def read(text: str | bytes) -> list[str]:
        if isinstance(text, str) and "X:" not in text:
            text = HEAD + text
        score = read_one(text)
        assert score.problem == ""
        return [shown(part) for part in score.parts]

    return read


@pytest.fixture(scope="session")
def notes(voices: Callable[[str | bytes], list[str]]) -> Callable[[str | bytes], str]:
    """The same of the one voice."""

    def read(text: str | bytes) -> str:
        (voice,) = voices(text)
        return voice

    return read
