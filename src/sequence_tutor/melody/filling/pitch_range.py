"""Ranges: two pitches, or the name of an instrument or a voice."""

from __future__ import annotations

import re

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, shown
from sequence_tutor.melody.scales import OCTAVE, TONICS

INSTRUMENTS = {
    "piccolo": "D5..C8",
    "flute": "C4..C7",
    "alto flute": "G3..G6",
    "oboe": "Bb3..G6",
    "clarinet": "D3..G6",
    "bass clarinet": "Bb1..G5",
    "bassoon": "Bb1..D5",
    "soprano recorder": "C5..D7",
    "alto recorder": "F4..G6",
    "tenor recorder": "C4..D6",
    "tin whistle": "D5..B6",
    "soprano saxophone": "Ab3..Eb6",
    "alto saxophone": "Db3..Ab5",
    "tenor saxophone": "Ab2..E5",
    "baritone saxophone": "C2..Ab4",
    "horn": "B1..F5",
    "trumpet": "E3..Bb5",
    "trombone": "E2..Bb4",
    "violin": "G3..A7",
    "viola": "C3..E6",
    "cello": "C2..A5",
    "double bass": "E1..G4",
    "guitar": "E2..E5",
    "mandolin": "G3..A6",
    "ukulele": "C4..A5",
    "soprano": "C4..A5",
    "alto": "F3..D5",
    "tenor": "C3..A4",
    "bass": "E2..C4",
}
"""Sounding pitches, as books on orchestration give them for good players; voices as in choirs."""

_PITCH = re.compile(r"([A-G](?:#|b)?)(-?\d)")


def parse_range(text: str) -> tuple[int, int]:
    """The lowest and the highest MIDI pitch.

    >>> parse_range("C4..G5"), parse_range("flute")
    ((60, 79), (60, 96))

    Raises:
        UserError: neither two pitches in order nor a known instrument.
    """
    name = " ".join(text.lower().replace("-", " ").split())
    ends = INSTRUMENTS.get(name, text).split("..")
    if len(ends) != 2:
        raise UserError(
            f"--range {shown(text)}: neither two pitches such as C4..G5 nor an instrument: "
            f"{nearest(name, INSTRUMENTS)}"
        )
    low, high = (_pitch(end.strip(), text) for end in ends)
    if low > high:
        raise UserError(
            f"--range {shown(text)}: {ends[0]} is above {ends[1]}, expected the lower one first"
        )
    return low, high


def _pitch(name: str, text: str) -> int:
    match = _PITCH.fullmatch(name)
    if match is None or match[1] not in TONICS:
        raise UserError(
            f"--range {shown(text)}: {shown(name)} is no pitch, expected such as C4 (middle C), "
            "F#3 or Bb5"
        )
    return TONICS[match[1]] + OCTAVE * (int(match[2]) + 1)
