"""MIDI files in and out; the only module that knows symusic."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from symusic.core import NoteTick, ScoreTick, TempoTick, TimeSignatureTick, TrackTick

from sequence_tutor.errors import UserError
from sequence_tutor.files import replacing
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER, decode
from sequence_tutor.melody.score import Part, Score, meters_in_force

TICKS_PER_QUARTER = 480
VELOCITY = 90


def read_midi(data: bytes, name: str) -> Score:
    """Read the pitched tracks and the meters of a MIDI file of any resolution.

    Args:
        data: the whole file.
        name: what messages call it.

    Raises:
        UserError: when the file is damaged, has a zero resolution, or has no note.
    """
    if not data.startswith(b"MThd"):
        raise UserError(f"{name}: not a MIDI file (it does not begin with MThd)")
    try:
        score = ScoreTick.from_midi(data)
    except Exception as error:  # symusic raises whatever its C++ threw: runtime, value, index
        raise UserError(f"{name}: damaged MIDI file ({error})") from error
    resolution = score.ticks_per_quarter
    if resolution <= 0:
        raise UserError(f"{name}: {resolution} ticks per quarter note, expected at least 1")
    parts = tuple(
        part
        for track in score.tracks
        if not track.is_drum and len(part := _part(track, resolution))
    )
    if not parts:
        drums = any(len(track.notes) for track in score.tracks if track.is_drum)
        raise UserError(f"{name}: no notes{' but those of drums' if drums else ''}")
    changes = [
        (change.time / resolution, change.numerator, change.denominator)
        for change in score.time_signatures
    ]
    return Score(parts, meters_in_force(changes, max(float(part.starts[-1]) for part in parts)))


def _part(track: TrackTick, resolution: int) -> Part:
    """One track with times in quarter notes; symusic drops notes without an end by itself."""
    columns = track.notes.numpy()
    starts = columns["time"].astype(np.float64) / resolution  # (N,)
    durations = columns["duration"].astype(np.float64) / resolution  # (N,)
    pitches = columns["pitch"].astype(np.int64)  # (N,)
    kept = np.flatnonzero((durations > 0) & (starts >= 0))
    order = kept[np.lexsort((durations[kept], starts[kept]))]
    return Part(track.name, starts[order], (starts + durations)[order], pitches[order])


def write_midi(path: Path, tokens: Sequence[int], tempo: float = 120.0, transpose: int = 0) -> None:
    """Write one melody as a one-track MIDI file, atomically.

    Token 14 sounds at middle C (MIDI 60) when `transpose` is 0.

    Args:
        path: where to.
        tokens: (T,) of 0..37, one a sixteenth note.
        tempo: quarter notes a minute.
        transpose: semitones added to every pitch.

    Raises:
        UserError: when a transposed pitch leaves MIDI's 0..127.
    """
    content = midi_bytes(tokens, tempo, transpose, str(path))
    with replacing(path) as beside:
        beside.write_bytes(content)


def midi_bytes(
    tokens: Sequence[int], tempo: float = 120.0, transpose: int = 0, name: str = "melody"
) -> bytes:
    """The same file in memory; `name` is what messages call it."""
    ticks_per_step = TICKS_PER_QUARTER // STEPS_PER_QUARTER
    score = ScoreTick(TICKS_PER_QUARTER)
    score.tempos.append(TempoTick(0, tempo))
    score.time_signatures.append(TimeSignatureTick(0, 4, 4))
    track = TrackTick("melody", 0, False)
    for note in decode(tokens):
        pitch = note.pitch + transpose
        if not 0 <= pitch <= 127:
            raise UserError(f"{name}: transpose {transpose} gives pitch {pitch}, expected 0..127")
        time, duration = note.start * ticks_per_step, (note.end - note.start) * ticks_per_step
        track.notes.append(NoteTick(time, duration, pitch, VELOCITY))
    score.tracks.append(track)
    content: bytes = score.dumps_midi()
    return content
