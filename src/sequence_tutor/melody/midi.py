"""MIDI files in and out; the only module that knows symusic."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from symusic.core import (
    KeySignatureTick,
    NoteTick,
    ScoreTick,
    TempoTick,
    TimeSignatureTick,
    TrackTick,
)

from sequence_tutor.errors import UserError
from sequence_tutor.files import replacing
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER, decode
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.score import Part, Score, meters_in_force

TICKS_PER_QUARTER = 480
VELOCITY = 90
_TICKS_PER_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER

_AS_TOKENS = Heard()
"""In C major and 4/4, as the tokens say."""


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


def write_midi(path: Path, tokens: Sequence[int], heard: Heard = _AS_TOKENS) -> None:
    """Write one melody as a MIDI file, atomically; see `midi_bytes`."""
    content = midi_bytes(tokens, heard)
    with replacing(path) as beside:
        beside.write_bytes(content)


def midi_bytes(tokens: Sequence[int], heard: Heard = _AS_TOKENS) -> bytes:
    """One melody as a one-track MIDI file with its key, its meter and its tempo.

    Token 14 sounds at middle C (MIDI 60) where nothing is transposed. An upbeat is a bar of its
    own, as notation programs write it. MIDI knows major and minor alone: other modes have their
    sharps or flats, and what has a minor third is called minor only where it is written so.

    Args:
        tokens: (T,) of 0..37, one a sixteenth note.
        heard: key, meter, tempo.
    """
    score = ScoreTick(TICKS_PER_QUARTER)
    score.tempos.append(TempoTick(0, heard.tempo))
    signature = heard.signature
    score.key_signatures.append(
        KeySignatureTick(0, signature.fifths, int(signature.mode == "aeolian"))
    )
    meters = [(heard.upbeat, heard.meter)]
    if heard.upbeat:
        meters = [(0, Meter.of_steps(heard.upbeat)), *meters]
    for step, meter in meters:
        time = step * _TICKS_PER_STEP
        score.time_signatures.append(TimeSignatureTick(time, meter.numerator, meter.denominator))
    track = TrackTick("melody", 0, False)
    for note in decode(tokens):
        time, duration = note.start * _TICKS_PER_STEP, (note.end - note.start) * _TICKS_PER_STEP
        track.notes.append(NoteTick(time, duration, note.pitch + heard.transpose, VELOCITY))
    score.tracks.append(track)
    content: bytes = score.dumps_midi()
    return content
