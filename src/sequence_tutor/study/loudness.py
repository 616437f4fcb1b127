"""Loudness of sounds, so that no clip is preferred for being louder.

Source: ITU-R BS.1770-4 (2015), annex 1: K-weighting, blocks of 400 ms that overlap by 75 %, gates
at -70 LUFS and 10 LU below the mean. The filters' analogue parameters, from which coefficients for
any sample rate follow, are those of De Man (Evaluation of implementations of the EBU R128 loudness
measurement, AES 145, 2018).
"""

from __future__ import annotations

import math

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

TARGET = -18.0
"""LUFS of every clip: below what the quietest melodies have at their full level."""

LARGEST = 0.8
"""Of full scale: no clip is made louder than this for the target."""

_BLOCK, _HOP = 0.4, 0.1  # seconds
_SILENCE, _BELOW = -70.0, -10.0  # LUFS, LU
_OFFSET = -0.691  # so that a sine of 997 Hz at full scale has -3.01 LUFS
_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)  # Hz, dB, Q
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)  # Hz, Q


def loudness(sound: NDArray[np.float32], sample_rate: int) -> float:
    """The integrated loudness of a mono sound (samples,) in LUFS; -inf if it is silent.

    A sound shorter than a block is one block.
    """
    weighted = _k_weighted(sound.astype(np.float64), sample_rate)
    block, hop = round(_BLOCK * sample_rate), round(_HOP * sample_rate)
    if len(weighted) < block:
        powers = np.array([np.mean(weighted**2)]) if len(weighted) else np.zeros(1)
    else:
        sums = np.concatenate([[0.0], np.cumsum(weighted**2)])
        starts = np.arange(0, len(weighted) - block + 1, hop)
        powers = (sums[starts + block] - sums[starts]) / block
    powers = powers[powers > 10 ** ((_SILENCE - _OFFSET) / 10)]
    if len(powers) == 0:
        return -math.inf
    powers = powers[powers > powers.mean() * 10 ** (_BELOW / 10)]
    return float(_OFFSET + 10 * math.log10(powers.mean()))


def at_target(sound: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """A sound at the target loudness, or as near to it as the largest level allows."""
    now = loudness(sound, sample_rate)
    if now == -math.inf:
        return sound
    factor = min(10 ** ((TARGET - now) / 20), LARGEST / float(np.abs(sound).max()))
    return (sound * factor).astype(np.float32)


def _k_weighted(sound: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    frequency, gain, q = _SHELF
    k, high = math.tan(math.pi * frequency / sample_rate), 10 ** (gain / 20)
    band = high**0.4996667741545416
    below = 1 + k / q + k * k
    shelf = (
        [
            (high + band * k / q + k * k) / below,
            2 * (k * k - high) / below,
            (high - band * k / q + k * k) / below,
        ],
        [1.0, 2 * (k * k - 1) / below, (1 - k / q + k * k) / below],
    )
    frequency, q = _HIGH_PASS
    k = math.tan(math.pi * frequency / sample_rate)
    below = 1 + k / q + k * k
    high_pass = ([1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / below, (1 - k / q + k * k) / below])
    weighted: NDArray[np.float64] = scipy.signal.lfilter(
        *high_pass, scipy.signal.lfilter(*shelf, sound)
    )
    return weighted
