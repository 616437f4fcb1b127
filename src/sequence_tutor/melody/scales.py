"""Keys: a tonic and a scale, and which tokens belong to them."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator, model_validator

from sequence_tutor.config.settings import Settings, nearest
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF, PITCH_OFFSET, VOCAB_SIZE

NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARPS = {"C#": 1, "D#": 3, "F#": 6, "G#": 8, "A#": 10}
FLATS = {"Db": 1, "Eb": 3, "Gb": 6, "Ab": 8, "Bb": 10}
TONICS = NATURALS | SHARPS | FLATS
"""Pitch classes: 0 is C, 11 is B."""

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "natural_minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic_minor": (0, 2, 3, 5, 7, 9, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "major_pentatonic": (0, 2, 4, 7, 9),
    "minor_pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}
"""Semitones above the tonic. The melodic minor is the ascending one."""

MIDDLE_C = 60
OCTAVE = 12


class Key(Settings):
    """A tonic and a scale; the default is C major, the key of the published rules.

    ``Key(tonic="A", scale="harmonic_minor")``, or ``Key(tonic="D", scale=(2, 4, 7, 9))`` for a
    list of pitch classes, in which 0 is C whatever the tonic.
    """

    tonic: str = Field("C", description="one of C, C#, Db, D, D#, Eb, ..., Bb, B")
    scale: str | tuple[int, ...] = Field(
        "major", description="a name of SCALES, or a list of pitch classes 0..11 with the tonic"
    )

    @field_validator("tonic")
    @classmethod
    def _known_tonic(cls, tonic: str) -> str:
        if tonic not in TONICS:
            raise ValueError(f"unknown tonic {tonic!r}: {nearest_tonic(tonic)}")
        return tonic

    @model_validator(mode="after")
    def _known_scale(self) -> Self:
        if isinstance(self.scale, str):
            if self.scale not in SCALES:
                raise ValueError(f"unknown scale {self.scale!r}: {nearest(self.scale, SCALES)}")
        elif not set(self.scale) <= set(range(OCTAVE)):
            raise ValueError(f"scale {self.scale} must hold pitch classes of 0..11")
        elif TONICS[self.tonic] not in self.scale:
            raise ValueError(
                f"scale {self.scale} must hold the tonic {self.tonic}, {TONICS[self.tonic]}"
            )
        return self

    @property
    def degrees(self) -> tuple[int, ...]:
        """The scale as rising semitones above the tonic, the first being 0."""
        if isinstance(self.scale, str):
            return SCALES[self.scale]
        tonic = TONICS[self.tonic]
        return tuple(sorted({(pitch_class - tonic) % OCTAVE for pitch_class in self.scale}))

    @property
    def tokens(self) -> frozenset[int]:
        """All tokens in the key: the notes of its scale, note off and hold."""
        notes = frozenset[int]().union(*(self.tokens_above_tonic(d) for d in self.degrees))
        return notes | {NOTE_OFF, HOLD}

    @property
    def tonic_token(self) -> int:
        """The tonic of the octave from middle C up to B: token 14 in C, 15 in C sharp, 25 in B."""
        return MIDDLE_C + TONICS[self.tonic] - PITCH_OFFSET

    @property
    def tonics(self) -> frozenset[int]:
        """The tonic in every octave: {2, 14, 26} in C."""
        return self.tokens_above_tonic(0)

    @property
    def thirds(self) -> frozenset[int]:
        """The third in every octave: major if the scale has it, else minor, else none."""
        return self._first_of_scale(4, 3)

    @property
    def fifths(self) -> frozenset[int]:
        """The fifth in every octave: perfect if the scale has it, else diminished, else none."""
        return self._first_of_scale(7, 6)

    def tokens_above_tonic(self, semitones: int) -> frozenset[int]:
        """The note this far above the tonic, in every octave of the vocabulary."""
        pitch_class = (TONICS[self.tonic] + semitones) % OCTAVE
        return frozenset(
            token
            for token in range(FIRST_NOTE, VOCAB_SIZE)
            if (token + PITCH_OFFSET) % OCTAVE == pitch_class
        )

    def _first_of_scale(self, *semitones: int) -> frozenset[int]:
        for above in semitones:
            if above in self.degrees:
                return self.tokens_above_tonic(above)
        return frozenset()


C_MAJOR = Key()


def nearer_way(semitones: int) -> int:
    """The same interval modulo octaves, the nearer way: -5 to 6 semitones."""
    return (semitones + 5) % OCTAVE - 5


def nearest_tonic(text: str) -> str:
    """The end of an error sentence about an unknown tonic."""
    plain = text.strip().translate(str.maketrans("♭♯", "b#"))
    likely = plain[:1].upper() + plain[1:2]
    if likely in TONICS and len(plain) <= 2:
        return f"did you mean {likely!r}?"
    return nearest(text, TONICS)
