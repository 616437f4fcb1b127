"""The bytes of a Standard MIDI File: its tracks, and in each the notes of every channel.

Source: the Standard MIDI Files 1.0 specification (RP-001). symusic separates the programs of a
track and does not tell the channel of a note, so that a voice whose program changes becomes two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field

from sequence_tutor.errors import UserError

MOST_NOTES = 1_000_000
"""In a file; the longest symphonies have a tenth of it."""

DRUM_CHANNEL = 9

_NOTE_OFF, _NOTE_ON, _PROGRAM, _PRESSURE = 0x80, 0x90, 0xC0, 0xD0
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # bytes after it; other system messages have none


@dataclass
class Channel:
    """The notes of one track on one channel.

    Attributes:
        notes: (start, end, pitch), in ticks, in order of end.
        open: pitch -> the starts of the notes that have not ended yet.
    """

    notes: list[tuple[int, int, int]] = field(default_factory=list)
    open: dict[int, list[int]] = field(default_factory=dict)


@dataclass
class Track:
    """One chunk of a file.

    Attributes:
        name: the last that the file gives; may be empty.
        end: the tick of its last event.
        channels: 0 to 15 -> its notes, in order of first sound.
    """

    name: bytes = b""
    end: int = 0
    channels: dict[int, Channel] = field(default_factory=dict)


@dataclass
class MidiFile:
    """The contents of a file.

    Attributes:
        format: 0: one track for everything; 1: a track for each part; 2: separate tunes.
        resolution: ticks of a quarter note.
        tracks: in order.
        programs: channel -> (tick, program), sorted; of all tracks.
        notes: number of notes of all tracks.
    """

    format: int
    resolution: int
    tracks: list[Track] = field(default_factory=list)
    programs: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    notes: int = 0

    def program(self, channel: int, channel_notes: Channel) -> int:
        """The General MIDI program, 0 to 127, of most notes."""
        changes = self.programs.get(channel)
        if not changes:
            return 0
        places = Counter(bisect_right(changes, (start, 128)) for start, _, _ in channel_notes.notes)
        place = places.most_common(1)[0][0]
        return changes[place - 1][1] if place else 0


def read_events(data: bytes) -> MidiFile:
    """Read a file.

    Raises:
        UserError: it is no MIDI file, is damaged, or counts its time in frames.
    """
    if not data.startswith(b"MThd"):
        raise UserError("not a MIDI file (it does not begin with MThd)")
    length = int.from_bytes(data[4:8], "big")
    if length < 6 or len(data) < 14:
        raise UserError("damaged MIDI file (its header is cut short)")
    resolution = int.from_bytes(data[12:14], "big", signed=True)
    if resolution <= 0:
        raise UserError(f"{resolution} ticks per quarter note, expected at least 1")
    file = MidiFile(int.from_bytes(data[8:10], "big"), resolution)
    place = 8 + length
    while place + 8 <= len(data):
        kind, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "big")
        place += 8
        if kind == b"MTrk":
            number = len(file.tracks) + 1
            try:
                _TrackReader(file).read(data[place : place + length])
            except IndexError as error:
                raise UserError(
                    f"damaged MIDI file (track {number} ends in the middle of an event)"
                ) from error
        place += length
    for changes in file.programs.values():
        changes.sort()
    return file


class _TrackReader:
    """Reads the events of one track and appends it to the file's."""

    def __init__(self, file: MidiFile) -> None:
        self._file, self._track = file, Track()
        file.tracks.append(self._track)

    def read(self, data: bytes) -> None:
        """Read a chunk; IndexError where it ends within an event."""
        place, now, status, kind, end = 0, 0, 0, 0, len(data)
        while place < end:
            if data[place] < 0x80:  # as most are
                now += data[place]
                place += 1
            else:
                delta, place = _number(data, place)
                now += delta
            self._track.end = now
            if data[place] >= 0x80:
                status = data[place]
                kind = status & 0xF0
                place += 1
            if kind in (_NOTE_ON, _NOTE_OFF):
                velocity = data[place + 1] if kind == _NOTE_ON else 0
                self._note(status & 0x0F, data[place], now, velocity)
                place += 2
            elif kind == _PROGRAM:
                programs = self._file.programs.setdefault(status & 0x0F, [])
                programs.append((now, data[place] & 0x7F))
                place += 1
            elif status == 0xFF:
                meta = data[place]
                length, place = _number(data, place + 1)
                if meta == 0x2F:  # end of track
                    return
                if meta == 0x03:  # name
                    self._track.name = data[place : place + length]
                place += length
            elif status in (0xF0, 0xF7):  # system exclusive
                length, place = _number(data, place)
                place += length
            elif kind == 0xF0:
                place += _SYSTEM_DATA.get(status, 0)
            elif kind:
                place += 1 if kind == _PRESSURE else 2
            else:
                raise UserError("damaged MIDI file (an event without a status)")

    def _note(self, channel: int, pitch: int, now: int, velocity: int) -> None:
        if channel not in self._track.channels:
            self._track.channels[channel] = Channel()
        played = self._track.channels[channel]
        if velocity:
            played.open.setdefault(pitch, []).append(now)
        elif starts := played.open.get(pitch):
            played.notes.append((starts.pop(0), now, pitch))
            self._file.notes += 1
            if self._file.notes > MOST_NOTES:
                raise UserError(f"more than {MOST_NOTES} notes, expected a piece of music")


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A variable-length quantity at a position, and the position after it."""
    value = 0
    for byte in (data[place], *data[place + 1 : place + 4]):
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    raise UserError("damaged MIDI file (a number of more than four bytes)")
