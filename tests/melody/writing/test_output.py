from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sequence_tutor.melody.midi import read_midi
from sequence_tutor.melody.reading.musicxml import read_musicxml
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.writing.output import MelodyOutputSettings, transposed, write_melodies

MELODY = [14, 1, 18, 1, 21, 1, 1, 0]


@pytest.mark.parametrize(
    ("key", "semitones"),
    [("C", 0), ("Am", 0), ("D", 2), ("F#", 6), ("G", -5), ("Bb", -2), ("Em", -5), ("C#m", 4)],
)
def test_keys_are_reached_by_the_nearer_way(key: str, semitones: int) -> None:
    assert MelodyOutputSettings(key=key).heard().transpose == semitones


@pytest.mark.parametrize("key", ["H", "", "Amm", "D dorien", "Cm#"])
def test_unknown_keys_are_refused(key: str) -> None:
    with pytest.raises(ValidationError, match=r"unknown key.*such as Em"):
        MelodyOutputSettings(key=key)


@pytest.mark.parametrize(("key", "nearest"), [("B♭", "Bb"), ("f♯", "F#"), ("d", "D"), ("bb", "Bb")])
def test_the_nearest_tonic_is_named(key: str, nearest: str) -> None:
    with pytest.raises(ValidationError, match=f"did you mean '{nearest}'"):
        MelodyOutputSettings(key=key)
    with pytest.raises(ValidationError, match=f"did you mean '{nearest}'"):
        Key(tonic=key)


def test_notes_are_moved_and_events_are_not() -> None:
    assert transposed([0, 1, 14, 37, 2], 2) == [0, 1, 16, 27, 4]
    assert transposed([14, 2], -2) == [12, 12]


@given(st.lists(st.integers(0, 37)), st.integers(-40, 40))
def test_pitch_classes_move_together_within_the_range(tokens: list[int], semitones: int) -> None:
    for before, after in zip(tokens, transposed(tokens, semitones), strict=True):
        assert (after == before) if before < 2 else 2 <= after <= 37
        assert before < 2 or (after - before - semitones) % 12 == 0


def test_every_kind_of_file_is_written_in_the_key(tmp_path: Path) -> None:
    write_melodies([MELODY, MELODY[::-1]], tmp_path, MelodyOutputSettings(key="D", tempo=90))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "melodies.jsonl",
        "melodies.png",
        "melody-0001.abc",
        "melody-0001.mid",
        "melody-0001.musicxml",
        "melody-0001.svg",
        "melody-0001.wav",
        "melody-0002.abc",
        "melody-0002.mid",
        "melody-0002.musicxml",
        "melody-0002.svg",
        "melody-0002.wav",
    ]
    score = read_midi((tmp_path / "melody-0001.mid").read_bytes(), "melody")
    assert score.parts[0].pitches.tolist() == [62, 66, 69]  # token 14 is middle C; D is above it
    written = read_musicxml((tmp_path / "melody-0001.musicxml").read_bytes(), "melody")
    assert written.parts[0].pitches.tolist() == [62, 66, 69]
    assert "K:D" in (tmp_path / "melody-0001.abc").read_text()
    assert (tmp_path / "melodies.jsonl").read_text().splitlines()[0] == (
        '{"tokens": [14, 1, 18, 1, 21, 1, 1, 0]}'
    )


def test_files_of_fewer_melodies_leave_none_of_those_before(tmp_path: Path) -> None:
    (tmp_path / "melody-0001 edited.mid").touch()
    write_melodies([MELODY, MELODY[::-1]], tmp_path, MelodyOutputSettings(score=False))
    write_melodies([MELODY], tmp_path, MelodyOutputSettings(wav=False, score=False))
    assert sorted(path.name for path in tmp_path.glob("melody-*")) == [
        "melody-0001 edited.mid",
        "melody-0001.abc",
        "melody-0001.mid",
        "melody-0001.musicxml",
    ]


def test_sound_and_scores_can_be_left_out(tmp_path: Path) -> None:
    write_melodies([MELODY], tmp_path, MelodyOutputSettings(wav=False, score=False))
    assert not list(tmp_path.glob("*.wav"))
    assert not list(tmp_path.glob("*.svg"))


def test_without_verovio_all_else_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "verovio", None)
    write_melodies([MELODY], tmp_path, MelodyOutputSettings())
    assert {path.suffix for path in tmp_path.iterdir()} == {
        *(".jsonl", ".png", ".abc", ".mid", ".musicxml", ".wav"),
    }
