from __future__ import annotations

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.melody.frame import Frame, Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.signature import parse_key

DORIAN = Key(tonic="D", scale="dorian")
PRIOR = Frame()
RUN = Frame().judged_in(DORIAN)


def heard(frame: Frame, key: str | None, transpose: int = 0) -> tuple[str, int]:
    """The key's own words, and how far the tokens are moved."""
    found = frame.heard(None if key is None else parse_key(key), transpose)
    return str(found.signature), found.transpose


@pytest.mark.parametrize(
    ("frame", "key", "expected"),
    [
        (RUN, None, ("D dorian", 0)),
        (RUN, "D", ("D dorian", 0)),
        (RUN, "D dorian", ("D dorian", 0)),
        (RUN, "Ddor", ("D dorian", 0)),
        (RUN, "E", ("E dorian", 2)),
        (RUN, "A", ("A dorian", -5)),
        (Frame().judged_in(Key(tonic="A", scale="blues")), "A", ("A blues", 0)),
        (Frame().judged_in(Key(tonic="A", scale="blues")), "Am", ("A blues", 0)),
        (Frame().judged_in(Key(tonic="A", scale="harmonic_minor")), "Em", ("E harmonic minor", -5)),
        (Frame().judged_in(Key()), "D", ("D major", 2)),
        (Frame().judged_in(Key()), "D ionian", ("D major", 2)),
        (Frame().judged_in(Key()), "Em", ("G major", -5)),  # its notes, but the run's tonic
        (PRIOR, "Em", ("E natural minor", -5)),
        (PRIOR, "G", ("G major", -5)),
        (Frame(key=None), None, ("C major", 0)),
    ],
)
def test_a_key_names_what_is_heard(frame: Frame, key: str | None, expected: object) -> None:
    assert heard(frame, key) == expected


@pytest.mark.parametrize(
    ("frame", "key", "sentence"),
    [
        (RUN, "D major", "this run was tuned in D dorian, expected a tonic alone, such as D for D"),
        (
            Frame().judged_in(Key()),
            "E dorian",
            "key is E dorian, but this run was tuned in C major",
        ),
        (PRIOR, "D dorian", "this prior writes in C major or its relative minor"),
        (Frame(key=None), "D", "learned tunes in keys of their own"),
    ],
)
def test_another_mode_is_refused(frame: Frame, key: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        heard(frame, key)


def test_transposing_moves_and_beside_a_key_by_octaves() -> None:
    assert heard(RUN, None, 2) == ("E dorian", 2)
    assert heard(RUN, "E", 12) == ("E dorian", 14)
    with pytest.raises(UserError, match="transpose is 3 with key E: expected whole octaves"):
        heard(RUN, "E", 3)
    with pytest.raises(UserError, match="transpose is 45, expected -48 to 44"):
        heard(RUN, None, 45)


def test_bars_begin_after_the_upbeat() -> None:
    waltz = Heard(meter=Meter(3, 4), upbeat=4)
    assert waltz.bars(32) == [(0, 4), (4, 16), (16, 28), (28, 32)]
    assert waltz.bars(3) == [(0, 3)]
    assert [step for step, bar in waltz.lines(32) if bar] == [4, 16, 28]
    assert [step for step, _ in Heard(meter=Meter(6, 8)).lines(24)] == [0, 6, 12, 18, 24]
    with pytest.raises(UserError, match="upbeat is 12 sixteenths, expected 0 to 11"):
        Heard(meter=Meter(3, 4), upbeat=12)


@pytest.mark.parametrize(
    ("card", "meter", "key"),
    [
        ({}, "4/4", Key()),
        ({"data": {"settings": {"meters": ["3/4"], "transpose": True}}}, "3/4", Key()),
        ({"data": {"settings": {"meters": ["6/8"], "transpose": False}}}, "6/8", None),
        ({"data": {"settings": {"meters": []}}, "melody": {"meter": "9/8"}}, "9/8", Key()),
        ({"data": {"settings": {"meters": ["7/32", "2/4"]}}}, "2/4", Key()),
        ({"data": "from a book"}, "4/4", Key()),
    ],
)
def test_a_card_says_the_meter(card: dict[str, object], meter: str, key: Key | None) -> None:
    frame = Frame.of_card(card)
    assert (str(frame.meter), frame.key) == (meter, key)
