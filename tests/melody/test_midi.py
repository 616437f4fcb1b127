from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import decode
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.midi import end_of_midi, read_midi, write_midi
from sequence_tutor.melody.midi import midi_bytes as midi_bytes_of
from sequence_tutor.melody.scales import Key

MELODY = [14, 1, 0, 16, 18, 1, 1, 37]


def midi_bytes(tokens: list[int], transpose: int = 0) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "melody.mid"
        write_midi(path, tokens, Heard(transpose=transpose))
        return path.read_bytes()


def test_token_14_is_middle_c_and_a_sixteenth_a_quarter_of_a_beat() -> None:
    score = read_midi(midi_bytes(MELODY), "melody")
    (part,) = score.parts
    assert part.pitches.tolist() == [60, 62, 64, 83]
    assert part.starts.tolist() == [0.0, 0.75, 1.0, 1.75]
    assert part.ends.tolist() == [0.5, 1.0, 1.75, 2.0]
    assert score.meters == ((4, 4),)


def test_transposition() -> None:
    assert read_midi(midi_bytes([14], transpose=-2), "melody").parts[0].pitches.tolist() == [58]
    with pytest.raises(UserError, match="pitches are of MIDI"):
        midi_bytes([14], transpose=100)


@given(st.lists(st.integers(0, 37), min_size=1, max_size=64).filter(decode))
@settings(deadline=None, max_examples=50)
def test_notes_survive_a_midi_file(tokens: list[int]) -> None:
    (part,) = read_midi(midi_bytes(tokens), "melody").parts
    notes = decode(tokens)
    assert part.starts.tolist() == [note.start / 4 for note in notes]
    assert part.ends.tolist() == [note.end / 4 for note in notes]
    assert part.pitches.tolist() == [note.pitch for note in notes]


def test_percussion_is_no_melody() -> None:
    drums = midi_bytes([14]).replace(b"\x90<", b"\x99<").replace(b"\x80<", b"\x89<")
    with pytest.raises(UserError, match="no notes but those of drums"):
        read_midi(drums, "drums")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a MIDI file"),
        (b"hello", "not a MIDI file"),
        (b"MThd", "damaged"),
        (b"MThd\0\0\0\6\0\1\0\0\1\xe0", "no notes$"),
        (midi_bytes([14]).replace(b"\x01\xe0MTrk", b"\x00\x00MTrk"), "ticks per quarter"),
    ],
)
def test_unusable_files_say_why(data: bytes, reason: str) -> None:
    with pytest.raises(UserError, match=f"tune.mid: .*{reason}"):
        read_midi(data, "tune.mid")


@given(st.data())
@settings(deadline=None)
def test_damaged_files_never_raise_anything_but_a_user_error(data: st.DataObject) -> None:
    damaged = bytearray(midi_bytes(MELODY))
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    try:
        score = read_midi(bytes(damaged[:cut]), "damaged")
    except UserError:
        return
    assert all(len(part) for part in score.parts)
    assert all((part.ends > part.starts).all() for part in score.parts)
    assert all(min(meter) > 0 for meter in score.meters)


def test_the_key_the_upbeat_and_the_end_are_in_the_file() -> None:
    heard = Heard(Key(tonic="D"), Meter(3, 4), upbeat=4)
    tokens = [14, 1, 1, 1, 16, 1, 0, *[1] * 9]
    content = midi_bytes_of(tokens, heard)
    score = read_midi(content, "waltz")
    assert (score.key, score.downbeat, score.meters) == ((2, None), 1.0, ((3, 4),))
    assert end_of_midi(content) == 4.0
    long = [*tokens, *[1] * 400]  # the time to the end takes three bytes
    assert end_of_midi(midi_bytes_of(long, heard)) == len(long) / 4
    assert read_midi(midi_bytes_of(tokens, Heard()), "plain").key is None  # as programs write it


def test_an_upbeat_longer_than_the_rest_of_the_tune_is_no_meter() -> None:
    heard = Heard(meter=Meter(4, 4), upbeat=12)
    score = read_midi(midi_bytes_of([14, *[1] * 11, 16, 1, 18, 1], heard), "short")
    assert (score.meters, score.downbeat) == (((4, 4),), 3.0)
