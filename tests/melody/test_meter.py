from __future__ import annotations

import pytest

from sequence_tutor.melody.meter import Meter


@pytest.mark.parametrize(
    ("text", "steps", "beats"),
    [
        ("4/4", 16, (4, 4, 4, 4)),
        ("2/2", 16, (4, 4, 4, 4)),
        ("3/4", 12, (4, 4, 4)),
        ("6/8", 12, (6, 6)),
        ("3/8", 6, (6,)),
        ("9/8", 18, (6, 6, 6)),
        ("7/8", 14, (4, 4, 6)),
        ("5/8", 10, (4, 6)),
        ("2/8", 4, (4,)),
        ("6/16", 6, (3, 3)),
        ("1/8", 2, (2,)),
        ("5/4", 20, (4, 4, 4, 4, 4)),
    ],
)
def test_bars_and_beats(text: str, steps: int, beats: tuple[int, ...]) -> None:
    meter = Meter.parse(text)
    assert (str(meter), meter.steps, meter.beats) == (text, steps, beats)
    assert sum(meter.beats) == steps


def test_the_beat_of_a_place() -> None:
    assert Meter(6, 8).beat_at(5) == (0, 6)
    assert Meter(7, 8).beat_at(9) == (8, 14)


@pytest.mark.parametrize("text", ["", "4", "4/3", "0/4", "4/32", "99/4", "four/four"])
def test_what_is_no_meter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must look like 4/4"):
        Meter.parse(text)


def test_upbeats_as_meters() -> None:
    assert [str(Meter.of_steps(steps)) for steps in (4, 2, 6, 3, 12)] == [
        *("1/4", "1/8", "3/8", "3/16", "3/4"),
    ]
    assert Meter.of_pair((6, 8)) == Meter(6, 8)
    assert Meter.of_pair((1, 64)) is None
