"""MIDI files in and out; the only module that uses symusic.

symusic makes a part of every program and channel of a track, all with the track's name. If names
are not unique, or not in UTF-8, parts are read from the file's events instead.
"""

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
from sequence_tutor.foreign import door, said
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER, decode
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.reading.midi_events import (
    DRUM_CHANNEL,
    Channel,
    MidiFile,
    Track,
    read_events,
)
from sequence_tutor.melody.reading.part_names import rank
from sequence_tutor.melody.reading.score import (
    MOST_METERS,
    MOST_PARTS,
    Part,
    TuneScore,
    WrittenKey,
    end_of_upbeat,
    meters_in_force,
    tempo_of,
)
from sequence_tutor.melody.signature import MOST_FIFTHS
from sequence_tutor.melody.writing.accompaniment import accompaniment
from sequence_tutor.storage.files import replacing

TICKS_PER_QUARTER = 480
VELOCITY = 90
QUIET = 45
"""The velocity of an accompaniment."""
_TICKS_PER_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER
_HEADER = 14  # bytes before the first track
_END_OF_TRACK = b"\x01\xff\x2f\x00"  # as symusic writes it, a tick after the last event
_OLDER_ENCODINGS = ("latin-1", "cp932", "gb18030", "cp949", "cp1251")
_ONE_VOICE = 0.1
"""Channels of a track are one part if at most this share of their notes overlap the next."""


def read_midi(data: bytes, name: str) -> TuneScore:
    """Read the pitched tracks and the meters of a whole MIDI file, called `name` in messages.

    Raises:
        UserError: when the file is damaged, has a zero resolution, or has no note.
    """
    with door(name):
        if not data.startswith(b"MThd"):
            raise UserError("not a MIDI file (it does not begin with MThd)")
        try:
            score = ScoreTick.from_midi(data)
        except Exception as error:  # symusic raises whatever its C++ threw: runtime, value, index
            raise UserError(f"damaged MIDI file ({said(error)})") from error
        return _score(score, data)


def _score(score: ScoreTick, data: bytes) -> TuneScore:
    resolution = score.ticks_per_quarter
    if resolution <= 0:
        raise UserError(f"{resolution} ticks per quarter note, expected at least 1")
    pitched = [track for track in score.tracks if not track.is_drum and len(track.notes)]
    if len(pitched) > MOST_PARTS:
        raise UserError(f"{len(pitched)} tracks, expected at most {MOST_PARTS}")
    if len(score.time_signatures) > MOST_METERS:
        raise UserError(f"more than {MOST_METERS} changes of meter, expected a piece of music")
    names = {track.name for track in pitched}
    if len(names) < len(pitched) or any("\ufffd" in name for name in names):
        parts = _whole_parts(read_events(data))
    else:
        parts = [_part(track, resolution) for track in pitched]
    parts = [part for part in parts if len(part)]
    has_drums = any(len(track.notes) for track in score.tracks if track.is_drum)
    if not parts:
        raise UserError(f"no notes{' but those of drums' if has_drums else ''}")
    changes = [
        (change.time / resolution, change.numerator, change.denominator)
        for change in score.time_signatures
    ]
    last_onset = max(float(part.starts[-1]) for part in parts)
    meters = meters_in_force(changes, last_onset)
    return TuneScore(
        tuple(parts),
        meters,
        _written_key(score),
        end_of_upbeat(changes, last_onset, meters[0]),
        left_out=("drums left out",) if has_drums else (),
        tempo=tempo_of(score.tempos[0].qpm) if len(score.tempos) else None,
    )


def _written_key(score: ScoreTick) -> WrittenKey | None:
    """The first signature, if it has sharps or flats.

    Programs that know no key write C major, and often a wrong mode; both are ignored.
    """
    for signature in score.key_signatures[:1]:
        if 0 < abs(signature.key) <= MOST_FIFTHS:
            return WrittenKey(signature.key)
    return None


def end_of_midi(data: bytes) -> float | None:
    """The end of a file's longest track, in quarter notes, rests included; None: unknown."""
    try:
        file = read_events(data)
    except UserError:  # symusic reads more of a damaged track
        return None
    return max((track.end for track in file.tracks), default=0) / file.resolution


def _part(track: TrackTick, resolution: int) -> Part:
    """One track with times in quarter notes."""
    notes = track.notes.numpy()
    starts, durations = (notes[name].astype(np.int64) for name in ("time", "duration"))  # (N,)
    rows = np.stack(
        (starts / resolution, (starts + durations) / resolution, notes["pitch"]), axis=1
    )
    return Part.from_notes(track.name, rows, track.program)


def _whole_parts(file: MidiFile) -> list[Part]:
    """A part for each channel of each track, whatever its programs.

    Channels of one track are one part if they rarely overlap, as the strings of a guitar do, except
    in format 0, whose only track holds every instrument.
    """
    parts = []
    for track in file.tracks:
        pitched = {
            number: channel
            for number, channel in track.channels.items()
            if number != DRUM_CHANNEL and channel.notes
        }
        if len(pitched) > 1 and file.format != 0:
            together = Channel([note for channel in pitched.values() for note in channel.notes])
            first = next(iter(pitched))
            part = _part_of_channel(file, track, first, together)
            if part.overlap() <= _ONE_VOICE:
                parts.append(part)
                continue
        parts += [_part_of_channel(file, track, *channel) for channel in pitched.items()]
    return parts


def _part_of_channel(file: MidiFile, track: Track, number: int, channel: Channel) -> Part:
    rows = np.array(channel.notes) / (file.resolution, file.resolution, 1)  # (N, 3)
    return Part.from_notes(_decoded(track.name), rows, file.program(number, channel))


def _decoded(name: bytes) -> str:
    """A name in UTF-8, or in the first older encoding in which it has a known meaning."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        readings = [name.decode(encoding, "replace") for encoding in _OLDER_ENCODINGS]
        return next((reading for reading in readings if rank(reading)), readings[0])


def write_midi(path: Path, tokens: Sequence[int], heard: Heard | None = None) -> None:
    """Write one melody as a MIDI file, atomically; see `midi_bytes`."""
    content = midi_bytes(tokens, heard)
    with replacing(path) as beside:
        beside.write_bytes(content)


def midi_bytes(tokens: Sequence[int], heard: Heard | None = None) -> bytes:
    """One melody as a one-track MIDI file with its key, meter and tempo.

    Token 14 is middle C (MIDI 60) before transposition. An upbeat is a bar of its own, as notation
    programs write it. MIDI has only major and minor: other modes have their sharps or flats, and
    are called minor only if their signature is that of a minor key.

    Args:
        tokens: (T,) of 0..37.
        heard: key, meter, tempo; None: as the tokens say.
    """
    heard = heard or Heard()
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
    notes = decode(tokens)
    for note in notes:
        time, duration = note.start * _TICKS_PER_STEP, (note.end - note.start) * _TICKS_PER_STEP
        track.notes.append(NoteTick(time, duration, note.pitch + heard.transpose, VELOCITY))
    score.tracks.append(track)
    backing = accompaniment(heard, len(tokens))
    if backing:
        chords = TrackTick("chords", 0, False)
        for note in backing:
            time, duration = note.start * _TICKS_PER_STEP, (note.end - note.start) * _TICKS_PER_STEP
            chords.notes.append(NoteTick(time, duration, note.pitch, QUIET))
        score.tracks.append(chords)
        return score.dumps_midi()  # the last chord ends with the melody
    last = max([meters[-1][0], *(note.end for note in notes)]) * _TICKS_PER_STEP
    return _ending_at(score.dumps_midi(), len(tokens) * _TICKS_PER_STEP - last)


def _ending_at(content: bytes, ticks: int) -> bytes:
    """A file of one track that ends so many ticks after its last event, for a final rest."""
    if ticks <= 0 or not content.endswith(_END_OF_TRACK):
        return content
    delta = bytes([ticks & 0x7F])
    while ticks := ticks >> 7:
        delta = bytes([0x80 | ticks & 0x7F]) + delta
    header, track = content[:_HEADER], content[_HEADER + 8 : -len(_END_OF_TRACK)]
    track += delta + _END_OF_TRACK[1:]
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track
