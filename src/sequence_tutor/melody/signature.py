"""Keys as notation has them: a signature, a mode, and how each note is spelled.

Notes of a scale of seven are spelled a letter each, from the tonic on: the seventh of D minor is
C sharp, that of F sharp minor E sharp. The others have the names of their degrees as tunes usually
need them (Piston, Harmony, 1941, chapter 5, on secondary dominants): in keys with a major third
raised first, fourth and fifth, lowered third and seventh; in those with a minor third lowered
second and raised third, fourth, sixth and seventh.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sequence_tutor.melody.scales import NATURALS, OCTAVE, SCALES, TONICS, Key

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


@dataclass(frozen=True)
class Signature:
    """A key as it is written.

    Attributes:
        tonic: its name.
        mode: one of `MODES`, the one that the signature is of.
        scale: what people call the scale.
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
        """As the ``K:`` field has it, such as Ddor."""
        return self.tonic + _ABC_MODES.get(self.mode, self.mode[:3])

    @property
    def musicxml_mode(self) -> str:
        """As MusicXML's `mode` has it."""
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
    """How a key is written."""
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
    """The mode whose signature a key is written under: of the same third, and nearest in notes."""
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
