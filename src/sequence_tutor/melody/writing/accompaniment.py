"""Chords as notes: a bass and a close voicing below middle C, struck where the chord begins."""

from __future__ import annotations

from sequence_tutor.melody.encoding import Note
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.scales import OCTAVE, TONICS

BASS, VOICING = 36, 52
"""Lowest MIDI pitches of the bass, C2, and of the other chord tones, E3."""


def accompaniment(heard: Heard, steps: int) -> list[Note]:
    """The notes of the chords of a melody, at the pitch at which they sound; none unless asked for.

    Args:
        heard: its chords, and whether they sound.
        steps: of the melody.
    """
    if not heard.accompanied:
        return []
    notes = []
    for first, last, chord in heard.chord_spans(steps):
        low = TONICS[chord.bass or chord.root]
        notes.append(Note(first, last, BASS + (low - BASS) % OCTAVE))
        notes += [
            Note(first, last, pitch)
            for pitch in sorted(VOICING + (tone - VOICING) % OCTAVE for tone in chord.tones)
        ]
    return notes
