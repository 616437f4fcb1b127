"""Chords and their symbols, such as ``Dm7`` or ``Am7/G``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from sequence_tutor.errors import UserError, shown
from sequence_tutor.melody.scales import OCTAVE, TONICS
from sequence_tutor.melody.signature import Signature


class Quality(NamedTuple):
    """What a symbol says beside its root.

    Attributes:
        intervals: semitones above the root.
        kind: of MusicXML's `kind`.
    """

    intervals: tuple[int, ...]
    kind: str


QUALITIES = {
    "": Quality((0, 4, 7), "major"),
    "m": Quality((0, 3, 7), "minor"),
    "7": Quality((0, 4, 7, 10), "dominant"),
    "maj7": Quality((0, 4, 7, 11), "major-seventh"),
    "m7": Quality((0, 3, 7, 10), "minor-seventh"),
    "mmaj7": Quality((0, 3, 7, 11), "major-minor"),
    "m7b5": Quality((0, 3, 6, 10), "half-diminished"),
    "dim": Quality((0, 3, 6), "diminished"),
    "dim7": Quality((0, 3, 6, 9), "diminished-seventh"),
    "aug": Quality((0, 4, 8), "augmented"),
    "aug7": Quality((0, 4, 8, 10), "augmented-seventh"),
    "sus4": Quality((0, 5, 7), "suspended-fourth"),
    "sus2": Quality((0, 2, 7), "suspended-second"),
    "7sus4": Quality((0, 5, 7, 10), "suspended-fourth"),
    "6": Quality((0, 4, 7, 9), "major-sixth"),
    "m6": Quality((0, 3, 7, 9), "minor-sixth"),
    "9": Quality((0, 4, 7, 10, 2), "dominant-ninth"),
    "maj9": Quality((0, 4, 7, 11, 2), "major-ninth"),
    "m9": Quality((0, 3, 7, 10, 2), "minor-ninth"),
    "add9": Quality((0, 4, 7, 2), "major"),
    "7b9": Quality((0, 4, 7, 10, 1), "dominant"),
    "13": Quality((0, 4, 7, 10, 2, 9), "dominant-13th"),
    "5": Quality((0, 7), "power"),
}

_SPELLINGS = {
    "maj": "",
    "M": "",
    "min": "m",
    "-": "m",
    "M7": "maj7",
    "Maj7": "maj7",
    "j7": "maj7",
    "^7": "maj7",
    "Δ": "maj7",
    "Δ7": "maj7",
    "min7": "m7",
    "-7": "m7",
    "mM7": "mmaj7",
    "m(maj7)": "mmaj7",
    "ø": "m7b5",
    "ø7": "m7b5",
    "-7b5": "m7b5",
    "h7": "m7b5",
    "o": "dim",
    "°": "dim",
    "o7": "dim7",
    "°7": "dim7",
    "+": "aug",
    "+7": "aug7",
    "7#5": "aug7",
    "sus": "sus4",
    "7sus": "7sus4",
    "min6": "m6",
    "-6": "m6",
    "M9": "maj9",
    "min9": "m9",
    "-9": "m9",
}

_SYMBOL = re.compile(r"([A-G][#b]?)([^/\s]*?)(?:/([A-G][#b]?))?")
NO_CHORD = "N.C."
_NONE = (NO_CHORD, "NC")


@dataclass(frozen=True)
class Chord:
    """A chord by its name.

    Attributes:
        root: one of `TONICS`.
        quality: one of `QUALITIES`.
        bass: its lowest note if that is not the root; empty: it is.
    """

    root: str
    quality: str = ""
    bass: str = ""

    def __str__(self) -> str:
        return f"{self.root}{self.quality}{f'/{self.bass}' if self.bass else ''}"

    @property
    def tones(self) -> frozenset[int]:
        """Its pitch classes, 0 is C; a bass of its own is one of them."""
        root = TONICS[self.root]
        own = {(root + semitones) % OCTAVE for semitones in QUALITIES[self.quality].intervals}
        return frozenset(own | ({TONICS[self.bass]} if self.bass else set()))

    @property
    def avoided(self) -> frozenset[int]:
        """Pitch classes a semitone above a chord tone that are none themselves: avoid notes."""
        return frozenset((tone + 1) % OCTAVE for tone in self.tones) - self.tones

    def moved(self, semitones: int, signature: Signature) -> Chord:
        """The chord after a transposition, spelled as in a key."""

        def name(tonic: str) -> str:
            letter, alteration = signature.names[(TONICS[tonic] + semitones) % OCTAVE]
            spelled = letter + {1: "#", -1: "b", 0: ""}.get(alteration, "?")
            if spelled in TONICS:
                return spelled
            pitch = (TONICS[tonic] + semitones) % OCTAVE
            return next(one for one, number in TONICS.items() if number == pitch)

        return replace(self, root=name(self.root), bass=self.bass and name(self.bass))


def parse_chord(text: str) -> Chord | None:
    """The chord of a symbol; None for `N.C.`, no chord.

    Raises:
        UserError: it is none that is known.
    """
    if text.upper() in _NONE:
        return None
    match = _SYMBOL.fullmatch(text.translate(str.maketrans("♯♭", "#b")))
    if match is not None:
        quality = _SPELLINGS.get(match[2], match[2])
        known = all(name is None or name in TONICS for name in (match[1], match[3]))
        if quality in QUALITIES and known:
            return Chord(match[1], quality, match[3] or "")
    qualities = ", ".join(f"C{quality}" for quality in QUALITIES)
    raise UserError(f"{shown(text)} is no chord, expected one such as {qualities}, or Am7/G")
