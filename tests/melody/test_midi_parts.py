"""Parts of MIDI files as others write them: channels, programs, upbeats, names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from symusic.core import ScoreTick

from sequence_tutor.errors import UserError
from sequence_tutor.melody.midi import read_midi
from sequence_tutor.melody.reading.extraction import ExtractionSettings, choose_melody, extract
from sequence_tutor.melody.reading.midi_events import MOST_NOTES, read_events
from sequence_tutor.melody.reading.score import Part, TuneScore
from sequence_tutor.melody.reading.sources import read_sources

CORPORA = Path(__file__).parents[3] / "shared" / "data" / "melodies"
QUARTER = 480
UP = [60, 62, 64, 65, 67, 69, 71, 72]

Event = tuple[int, bytes]
"""(tick, the event's bytes)."""


def number(value: int) -> bytes:
    """A number of variable length."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def notes(pitches: Sequence[int], channel: int = 0, start: int = 0) -> list[Event]:
    """Quarters, one after the other; `start` in quarters."""
    events: list[Event] = []
    for place, pitch in enumerate(pitches, start=start):
        events.append((place * QUARTER, bytes([0x90 | channel, pitch, 80])))
        events.append(((place + 1) * QUARTER, bytes([0x80 | channel, pitch, 0])))
    return events


def program(value: int, channel: int = 0, start: int = 0) -> Event:
    return start * QUARTER, bytes([0xC0 | channel, value])


def meter(numerator: int, power: int, start: int = 0) -> Event:
    return start * QUARTER, bytes([0xFF, 0x58, 4, numerator, power, 24, 8])


def named(name: bytes) -> Event:
    return 0, b"\xff\x03" + number(len(name)) + name


def midi_file(*tracks: Sequence[Event], kind: int = 1) -> bytes:
    """A whole file; ends of notes come before beginnings at the same time."""
    data = b"MThd" + (6).to_bytes(4, "big")
    data += b"".join(part.to_bytes(2, "big") for part in (kind, len(tracks), QUARTER))
    for track in tracks:
        content, now = b"", 0
        for tick, event in sorted(track, key=lambda one: (one[0], one[1][0] & 0xF0 == 0x90)):
            content += number(tick - now) + event
            now = tick
        content += b"\0\xff\x2f\0"
        data += b"MTrk" + len(content).to_bytes(4, "big") + content
    return data


def parts_of(*tracks: Sequence[Event], kind: int = 1) -> list[list[int]]:
    parts = read_midi(midi_file(*tracks, kind=kind), "song").parts
    return [part.pitches.tolist() for part in parts]


@pytest.mark.parametrize("kind", [0, 1])
def test_a_change_of_sound_divides_no_part(kind: int) -> None:
    track = [program(0), *notes(UP[:4]), program(40, start=4), *notes(UP[4:], start=4)]
    assert parts_of(track, kind=kind) == [UP]


def test_a_channel_for_each_string_is_one_guitar() -> None:
    strings = [*notes(UP[:3], 1), *notes(UP[3:6], 2, start=3), *notes(UP[6:], 3, start=6)]
    assert parts_of([named(b"Guitar"), *strings]) == [UP]
    # in a file of format 0 channels are instruments, for there is no other way to say so
    assert parts_of(strings, kind=0) == [UP[:3], UP[3:6], UP[6:]]


def test_bass_and_chords_of_one_track_stay_apart() -> None:
    bass = notes([36, 43] * 4, 1)
    chords = [event for pitch in (60, 64, 67) for event in notes([pitch] * 8, 2)]
    assert parts_of([*bass, *chords]) == [[36, 43] * 4, [60, 64, 67] * 8]


def test_tracks_on_one_channel_stay_apart() -> None:
    assert parts_of([named(b"Piano"), *notes(UP)], [named(b"Piano"), *notes([48] * 8)]) == [
        UP,
        [48] * 8,
    ]


def test_drums_are_left_out_and_a_sound_set_in_another_track_counts() -> None:
    conductor = [program(40, 1), program(33, 2)]
    tune, bass = notes(UP, 1), notes([36] * 8, 2)
    score = read_midi(midi_file(conductor, tune, bass, notes([60] * 8, 9)), "song")
    assert [(part.program, len(part)) for part in score.parts] == [(40, 8), (33, 8)]


def test_names_in_any_encoding() -> None:
    names = {"utf-8": "Mélodie", "latin-1": "Mélodie", "cp932": "メロディ", "cp1251": "Мелодия"}
    for encoding, name in names.items():
        (part,) = read_midi(midi_file([named(name.encode(encoding)), *notes(UP)]), "song").parts
        assert part.name == name


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("Voice Oohs", "Flute"),
        ("Synth Bass (single)", "Violin"),
        ("Begleitstimme", ""),
        ("Tuned Percussion", "Fiddle"),
        ("Pad 4 (choir)", "Alto Sax"),
        ("Backing Vocals", "Trumpet"),
        ("Bass", "Bassoon"),
    ],
)
def test_names_of_what_is_no_melody(wrong: str, right: str) -> None:
    tracks = [[named(wrong.encode()), *notes([48, 55] * 8)], [named(right.encode()), *notes(UP)]]
    score = read_midi(midi_file(*tracks), "song")
    assert choose_melody(score).name == right


def test_chords_are_no_melody_whatever_their_name() -> None:
    triads = [(float(n), n + 1.0, pitch) for n in range(8) for pitch in (72, 76, 79)]
    chords = Part.from_notes("Melody", triads)
    tune = Part.from_notes("", [(float(n), n + 1.0, 60 + n) for n in range(8)])
    assert choose_melody(TuneScore((chords, tune))) is tune


@pytest.mark.parametrize("sound", [33, 38, 89, 115, 125])
def test_sounds_that_no_melody_has(sound: int) -> None:
    tracks = [[program(sound, 1), *notes([90] * 8, 1)], [program(73, 2), *notes(UP, 2)]]
    score = read_midi(midi_file(*tracks), "song")
    assert choose_melody(score).pitches.tolist() == UP
    named_so = [[named(b"Melody"), program(53, 1), *notes(UP, 1)], [*notes([90] * 8, 2)]]
    assert choose_melody(read_midi(midi_file(*named_so), "song")).name == "Melody"


@pytest.mark.parametrize(("numerator", "power"), [(1, 2), (2, 2), (3, 2), (2, 3), (1, 1)], ids=str)
def test_an_upbeat_is_no_meter(numerator: int, power: int) -> None:
    quarters = 4 * numerator // 2**power
    tune = [*notes(UP[:1]), *notes((UP + UP[::-1]) * 4, start=quarters)]
    score = read_midi(midi_file([meter(numerator, power), meter(4, 2, quarters), *tune]), "song")
    assert score.meters == ((4, 4),)
    (melody,) = extract(score, ExtractionSettings())
    assert len(melody) == 4 * (quarters + 64)


def test_a_rest_of_the_upbeat_s_length_divides_nothing() -> None:
    tune = [*notes(UP[:1]), *notes(UP, start=1), *notes(UP * 4, start=10)]
    score = read_midi(midi_file([meter(1, 2), meter(4, 2, 1), *tune]), "song")
    settings = ExtractionSettings(meters=("1/4", "4/4"))
    assert [len(melody) for melody in extract(score, settings)] == [4 * 42]


def test_notes_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_NOTES == 1_000_000
    monkeypatch.setattr("sequence_tutor.melody.reading.midi_events.MOST_NOTES", 7)
    with pytest.raises(UserError, match="song: more than 7 notes"):
        parts_of(notes(UP[:4], 1), notes(UP[4:], 2))


def test_tracks_and_meters_are_capped() -> None:
    with pytest.raises(UserError, match="song: 1001 tracks, expected at most 1000"):
        parts_of(*([*notes([60])] for _ in range(1001)))
    with pytest.raises(UserError, match="more than 10000 changes of meter"):
        parts_of([*notes([60]), *(meter(3 + n % 2, 2, n) for n in range(10_001))])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"MThd\0\0\0\2\0\1", "header is cut short"),
        (midi_file(notes(UP)).replace(b"\x01\xe0MTrk", b"\xe7\x28MTrk"), "ticks per quarter"),
        (midi_file(notes(UP))[:-6], "ends in the middle of an event"),
        (midi_file([(0, b"\x40\x40")]), "without a status"),
        (midi_file([(0, b"\xff\x01\xff\xff\xff\xff\x7f")]), "more than four bytes"),
    ],
)
def test_damaged_events_say_why(data: bytes, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        read_events(data)


@pytest.mark.data
def test_events_are_those_that_symusic_reads() -> None:
    path = CORPORA / "openewld.tar.gz"
    if not path.exists():
        pytest.skip("the song corpora are not beside this repository")
    for file in list(read_sources([path]))[::10]:
        theirs: list[tuple[str, int, int, int]] = []
        for track in ScoreTick.from_midi(file.data).tracks:
            columns = track.notes.numpy()
            ends = columns["time"] + columns["duration"]
            rows = np.stack((columns["time"], ends, columns["pitch"]), axis=1).tolist()
            theirs += [(track.name, *row) for row in rows if row[1] > row[0]]
        ours = [
            (track.name.decode(), *note)
            for track in read_events(file.data).tracks
            for channel in track.channels.values()
            for note in channel.notes
            if note[1] > note[0]
        ]
        assert sorted(ours) == sorted(theirs), file.name
