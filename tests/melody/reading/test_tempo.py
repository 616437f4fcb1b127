"""The tempo of a tune, where its file says one."""

from __future__ import annotations

import pytest

from sequence_tutor.foreign import Member
from sequence_tutor.melody.reading.abc.fields import parse_tempo
from sequence_tutor.melody.reading.own_tunes import tunes_of


@pytest.mark.parametrize(
    ("text", "tempo"),
    [
        ("1/4=120", 120.0),
        ("3/8=80", 120.0),
        ('"Allegro" 1/4 = 96.5', 96.5),
        ("1/2=60 slowly", 120.0),
        ("120", None),
        ("1/0=120", None),
        ("1/4=9999", None),
        ("", None),
    ],
)
def test_quarters_a_minute_of_abc(text: str, tempo: float | None) -> None:
    assert parse_tempo(text) == tempo


@pytest.mark.parametrize(("mark", "tempo"), [("Q:1/8=200\n", 100.0), ("", None)])
def test_a_tune_knows_its_tempo(mark: str, tempo: float | None) -> None:
    data = f"X:1\nM:4/4\nL:1/8\n{mark}K:C\nCDEF GABc|]\n".encode()
    (tune,) = tunes_of(Member("tune.abc", data))
    assert tune.tempo == tempo
