"""The key of one's own tune: as its file writes it, or as its notes tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sequence_tutor.melody.encoding import Note
from sequence_tutor.melody.reading import key_finding
from sequence_tutor.melody.reading.score import WrittenKey
from sequence_tutor.melody.scales import OCTAVE, TONICS, Key
from sequence_tutor.melody.signature import MODES, fifths_of

_MINOR_SCALES = ("natural_minor", "harmonic_minor", "melodic_minor")


def key_of(notes: Sequence[Note], written: WrittenKey | None) -> Key:
    """The key of a tune.

    A signature without a mode leaves a major key and its relative minor, of which the notes decide
    as they decide of all keys where nothing is written. Of a minor key the scale is the one that
    most of the notes are in.

    Args:
        notes: one at least.
        written: as the file has it.
    """
    if written is not None and written.mode is not None:
        mode = written.mode
        tonic = _tonic_of(written.fifths, mode)
    else:
        modes = () if written is None else ("ionian", "aeolian")
        tonic, mode = _found(notes, [(written.fifths, mode) for mode in modes if written])
    if mode == "aeolian":
        return _nearest_minor(notes, tonic)
    return Key(tonic=tonic, scale="major" if mode == "ionian" else mode)


def _found(notes: Sequence[Note], among: Sequence[tuple[int, str]]) -> tuple[str, str]:
    """Tonic and mode by how long each pitch class sounds, among pairs of fifths and mode."""
    candidates = {
        key_finding.Key(TONICS[_tonic_of(fifths, mode)], mode == "aeolian"): fifths
        for fifths, mode in among
    }
    pitches = np.array([note.pitch for note in notes])
    durations = np.array([note.end - note.start for note in notes], dtype=np.float64)
    found = key_finding.estimate_key(pitches, durations, tuple(candidates))
    mode = "aeolian" if found.minor else "ionian"
    if found in candidates:
        return _tonic_of(candidates[found], mode), mode
    names = [name for name in TONICS if TONICS[name] == found.tonic]
    return min(names, key=lambda name: abs(fifths_of(name, mode))), mode


def _tonic_of(fifths: int, mode: str) -> str:
    """The name of the tonic of so many sharps, or flats below 0; another one where it has none."""
    names = [name for name in TONICS if fifths_of(name, mode) == fifths]
    pitch_class = 7 * (fifths - MODES[mode]) % OCTAVE
    return (names or [name for name in TONICS if TONICS[name] == pitch_class])[0]


def _nearest_minor(notes: Sequence[Note], tonic: str) -> Key:
    """The minor scale that leaves the fewest notes outside, the natural one where all are equal."""

    def outside(key: Key) -> int:
        inside = {(TONICS[tonic] + degree) % OCTAVE for degree in key.degrees}
        return sum(note.pitch % OCTAVE not in inside for note in notes)

    return min((Key(tonic=tonic, scale=scale) for scale in _MINOR_SCALES), key=outside)
