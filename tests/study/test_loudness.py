"""Loudness against the values that the standard itself and EBU Tech 3341 state."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from sequence_tutor.melody.writing.audio import synthesise
from sequence_tutor.study.loudness import TARGET, at_target, loudness


def sine(frequency: float, level: float, seconds: float, rate: int) -> NDArray[np.float32]:
    """A sine of a level in dB relative to full scale."""
    time = np.arange(round(seconds * rate)) / rate
    return (10 ** (level / 20) * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_a_sine_has_the_loudness_that_the_standard_says(rate: int) -> None:
    assert loudness(sine(997, 0, 5, rate), rate) == pytest.approx(-3.01, abs=0.04)
    assert loudness(sine(997, -20, 5, rate), rate) == pytest.approx(-23.01, abs=0.04)


def test_quiet_parts_do_not_count() -> None:
    """EBU Tech 3341, test case 3: 10 s at -36, 60 at -23, 10 at -36 have -23 LUFS.

    In mono a sine has 3.01 LU less than in the stereo of that case.
    """
    parts = [
        sine(1000, level, seconds, 48000) for level, seconds in ((-36, 2), (-23, 12), (-36, 2))
    ]
    whole = loudness(np.concatenate(parts), 48000)
    assert whole == pytest.approx(-23 - 3.01, abs=0.1)


def test_clips_have_one_loudness() -> None:
    sparse = synthesise([14] + [1] * 31, sample_rate=22050)
    dense = synthesise([26, 28, 30, 31] * 8, sample_rate=22050)
    before = [loudness(sound, 22050) for sound in (sparse, dense)]
    assert abs(before[0] - before[1]) > 0.5
    for sound in (sparse, dense):
        assert loudness(at_target(sound, 22050), 22050) == pytest.approx(TARGET, abs=0.05)
    silent = np.zeros(22050, dtype=np.float32)
    assert loudness(silent, 22050) == -math.inf
    assert not at_target(silent, 22050).any()
    assert loudness(sine(997, -20, 0.1, 48000), 48000) > -30  # shorter than a block
