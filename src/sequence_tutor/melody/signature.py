"""Keys in notation: signatures, modes, the spelling of notes, and names such as Em or D dorian.

The notes of a seven-note scale have a letter each, from the tonic on: the seventh of D minor is
C sharp, that of F sharp minor E sharp. Other notes are spelled as tunes usually need them (Piston,
Harmony, 1941, chapter 5, on secondary dominants): in keys with a major third as raised first,
fourth and fifth, lowered third and seventh; in those with a minor third as lowered second and
raised third, fourth, sixth and seventh.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from sequence_tutor.config.settings import nearest
from sequence_tutor.melody.scales import NATURALS, OCTAVE, SCALES, TONICS, Key, nearest_tonic

LETTERS = "CDEFGAB"
_FIFTHS = "FCGDAEB"
MOST_FIFTHS = 7
"""Sharps or flats at most; a key of more is written as its other name, D sharp major as E flat."""

MODES = {
    "ionian": 0,
    "aeolian": -3,
    "dorian": -2,
    "mixolydian": -1,
    "lydian": 1,
    "phrygian": -4,
    "locrian": -5,
}
"""Sharps of the mode's signature beyond those of the major key of the same tonic."""

_MODE_OF_SCALE = {
    "major": "ionian",
    "natural_minor": "aeolian",
    "harmonic_minor": "aeolian",
    "melodic_minor": "aeolian",
    "major_pentatonic": "ionian",
    "minor_pentatonic": "aeolian",
    "blues": "aeolian",
}
_ABC_MODES = {"ionian": "", "aeolian": "m"}  # of others the first three letters
_MUSICXML_MODES = {"ionian": "major", "aeolian": "minor"}  # others have their own names

_MAJOR_DEGREES = (0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6)
_MINOR_DEGREES = (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6)

_TEXT = re.compile(r"\s*([A-G](?:#|b)?)\s*([A-Za-z _-]*?)\s*")
_SHORT = {"m": "minor", "min": "minor", "maj": "major"} | {mode[:3]: mode for mode in MODES}
_SCALES_OF = {"major": "major", "minor": "natural_minor"}
"""The scale of a name that is also that of a family of scales."""


@dataclass(frozen=True)
class Signature:
    """A key as it is written.

    Attributes:
        tonic: its name.
        mode: one of `MODES`.
        scale: the common name of the scale.
        fifths: sharps, or flats below 0.
        names: letter and alteration in semitones of each pitch class.
    """

    tonic: str
    mode: str
    scale: str
    fifths: int
    names: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return f"{self.tonic} {self.scale}"

    @property
    def abc(self) -> str:
        """The value of ABC's ``K:`` field, such as Ddor."""
        return self.tonic + _ABC_MODES.get(self.mode, self.mode[:3])

    @property
    def musicxml_mode(self) -> str:
        """The value of MusicXML's `mode`."""
        return _MUSICXML_MODES.get(self.mode, self.mode)

    @property
    def alterations(self) -> dict[str, int]:
        """Semitones by which the signature alters letters."""
        order = _FIFTHS if self.fifths > 0 else _FIFTHS[::-1]
        return dict.fromkeys(order[: abs(self.fifths)], 1 if self.fifths > 0 else -1)

    def spell(self, pitch: int) -> tuple[str, int, int]:
        """Letter, alteration and octave of a pitch; middle C, MIDI 60, is ("C", 0, 4)."""
        letter, alteration = self.names[pitch % OCTAVE]
        return letter, alteration, (pitch - alteration) // OCTAVE - 1


@lru_cache(maxsize=256)
def signature_of(key: Key) -> Signature:
    """The signature of a key."""
    mode = mode_of(key)
    tonic = min(
        [key.tonic, *(name for name in TONICS if TONICS[name] == TONICS[key.tonic])],
        key=lambda name: max(abs(fifths_of(name, mode)), MOST_FIFTHS),  # the key's own if it can be
    )
    degrees = _degrees(key, mode)
    first = LETTERS.index(tonic[0])
    names = []
    for pitch_class in range(OCTAVE):
        letter = LETTERS[(first + degrees[(pitch_class - TONICS[tonic]) % OCTAVE]) % 7]
        names.append((letter, (pitch_class - NATURALS[letter] + 6) % OCTAVE - 6))
    scale = key.scale.replace("_", " ") if isinstance(key.scale, str) else f"({mode})"
    return Signature(tonic, mode, scale, fifths_of(tonic, mode), tuple(names))


def fifths_of(tonic: str, mode: str) -> int:
    """Sharps, or flats below 0, of a tonic's name and a mode."""
    return _FIFTHS.index(tonic[0]) - 1 + 7 * (tonic.count("#") - tonic.count("b")) + MODES[mode]


def mode_of(key: Key) -> str:
    """The mode whose signature a key has: with the same third, and most notes in common."""
    if isinstance(key.scale, str):
        return _MODE_OF_SCALE.get(key.scale, key.scale)
    degrees = set(key.degrees)
    minor = 3 in degrees and 4 not in degrees
    return max(
        MODES,
        key=lambda mode: ((3 in SCALES[mode]) == minor, len(degrees & set(SCALES[mode]))),
    )


def moved(key: Key, semitones: int) -> Key:
    """The same scale on another tonic, under the name that needs fewest sharps or flats."""
    pitch_class = (TONICS[key.tonic] + semitones) % OCTAVE
    if semitones % OCTAVE == 0:
        return key
    names = [name for name in TONICS if TONICS[name] == pitch_class]
    mode = mode_of(key)
    return on_tonic(key, min(names, key=lambda name: abs(fifths_of(name, mode))))


def on_tonic(key: Key, tonic: str) -> Key:
    """The same scale on the tonic of this name."""
    if isinstance(key.scale, str):
        return Key(tonic=tonic, scale=key.scale)
    up = TONICS[tonic] - TONICS[key.tonic]
    return Key(tonic=tonic, scale=tuple((pitch + up) % OCTAVE for pitch in key.scale))


def _degrees(key: Key, mode: str) -> list[int]:
    """For each semitone above the tonic the degree, 0 to 6, by whose letter it is written."""
    scale = key.degrees
    degrees = list(_MINOR_DEGREES if 3 in SCALES[mode] else _MAJOR_DEGREES)
    for place, semitones in enumerate(SCALES[mode]):
        degrees[semitones] = place
    if len(scale) == 7 and all(
        -2 <= semitones - natural <= 1
        for semitones, natural in zip(scale, SCALES["major"], strict=True)
    ):
        for place, semitones in enumerate(scale):
            degrees[semitones] = place
    elif {5, 6} <= set(scale):
        degrees[6] = 4  # beside the fourth, as in the blues, it is a lowered fifth
    return degrees


@dataclass(frozen=True)
class KeyName:
    """A tonic, and a scale where one was named.

    Attributes:
        tonic: one of `TONICS`.
        scale: a name of `SCALES`, or "minor" for any minor scale; None: none was named.
    """

    tonic: str
    scale: str | None = None

    def __str__(self) -> str:
        return self.tonic if self.scale is None else f"{self.tonic} {self.scale.replace('_', ' ')}"

    @property
    def key(self) -> Key:
        """The key, major where no scale was named."""
        scale = self.scale or "major"
        return Key(tonic=self.tonic, scale=_SCALES_OF.get(scale, scale))

    @property
    def is_minor(self) -> bool:
        """Whether it is written as a minor key."""
        return self.scale is not None and mode_of(self.key) == "aeolian"

    def agrees_with(self, key: Key) -> bool:
        """Whether this name fits a key's scale."""
        if self.scale is None or self.scale == key.scale:
            return True
        if self.scale in ("major", "minor"):
            return mode_of(key) == mode_of(self.key)
        return SCALES[self.scale] == key.degrees


def parse_key(text: str) -> KeyName:
    """The key of a text.

    Raises:
        ValueError: it names none; the message suggests the nearest tonic or scale.
    """
    match = _TEXT.fullmatch(text)
    if match is None or match[1] not in TONICS:
        raise ValueError(f"unknown key {text!r}: {nearest_tonic(text)}; a minor one is such as Em")
    tonic, rest = match[1], re.sub(r"[\s-]+", "_", match[2])
    scale = _SHORT.get(rest if rest == "m" else rest.lower(), rest.lower())
    if not scale:
        return KeyName(tonic)
    if scale not in SCALES and scale != "minor":
        known = nearest(scale, [*SCALES, "minor", "m"])
        raise ValueError(f"unknown key {text!r}: {known}; a minor one is such as Em")
    return KeyName(tonic, scale)
