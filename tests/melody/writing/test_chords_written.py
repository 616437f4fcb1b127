"""Chord symbols in files, read back, and their accompaniment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sequence_tutor.melody.frame import Frame, Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.midi import midi_bytes, read_midi
from sequence_tutor.melody.progressions import parse_progression
from sequence_tutor.melody.reading.own_tunes import OwnTune, own_tunes
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.signature import parse_key
from sequence_tutor.melody.writing.abc import to_abc
from sequence_tutor.melody.writing.accompaniment import accompaniment
from sequence_tutor.melody.writing.audio import synthesise
from sequence_tutor.melody.writing.notation import to_musicxml

TOKENS = [14, 1, 1, 1] * 3 + [18] + [1] * 19 + [16, 1, 1, 1]
HEARD = Heard(Key(tonic="D"), transpose=2, upbeat=4, chords=parse_progression("D | Em7 A7/C#"))
PLACES = [(4.0, "D"), (20.0, "Em7"), (28.0, "A7/C#")]


def test_files_are_read_back_with_their_chords(tmp_path: Path) -> None:
    written = {"abc": to_abc(TOKENS, heard=HEARD), "musicxml": to_musicxml(TOKENS, HEARD)}
    assert '"D"' in written["abc"]
    assert '"A7/C#"' in written["abc"]
    for kind, content in written.items():
        path = tmp_path / f"tune.{kind}"
        path.write_text(content)
        (tune,) = own_tunes(path)
        assert [(time, chord) for time, chord in tune.chords] == PLACES
        (plain,) = own_tunes_of(tmp_path, kind)
        assert tune.notes == plain.notes  # a note that is cut by a chord symbol is one note


def own_tunes_of(folder: Path, kind: str) -> Iterator[OwnTune]:
    heard = Heard(Key(tonic="D"), transpose=2, upbeat=4)
    text = to_abc(TOKENS, heard=heard) if kind == "abc" else to_musicxml(TOKENS, heard)
    path = folder / f"plain.{kind}"
    path.write_text(text)
    return own_tunes(path)


def test_annotations_and_unknown_chords_are_no_chords(tmp_path: Path) -> None:
    path = tmp_path / "tune.abc"
    path.write_text('X:1\nM:4/4\nL:1/4\nK:C\n"^slowly"C "Am"E "what?"G "_low"E|"F"F4|]\n')
    (tune,) = own_tunes(path)
    assert tune.chords == ((4.0, "Am"), (16.0, "F"))


def test_chords_move_with_the_key() -> None:
    frame = Frame(Key(), Meter(4, 4), chords=parse_progression("C | Am F"))
    heard = frame.heard(parse_key("Eb"))
    assert [str(span.chord) for span in heard.chord_spans(32)] == ["Eb", "Cm", "Ab"]
    assert frame.heard(transpose=12).chords == frame.chords


def test_the_accompaniment_sounds_quietly() -> None:
    silent, sounding = Heard(chords=HEARD.chords), Heard(chords=HEARD.chords, accompanied=True)
    assert accompaniment(silent, 32) == []
    notes = accompaniment(sounding, 32)
    first = [note.pitch for note in notes if note.start == 0]
    assert first == [38, 54, 57, 62]  # D2, then F sharp 3, A3, D4
    assert next(note.pitch for note in notes if note.start == 24) == 37  # the bass C sharp
    assert max(note.end for note in notes) == 32
    score = read_midi(midi_bytes(TOKENS[:32], sounding), "x.mid")
    assert [part.name for part in score.parts] == ["melody", "chords"]
    assert len(read_midi(midi_bytes(TOKENS[:32], silent), "x.mid").parts) == 1
    alone, backed = synthesise(TOKENS[:32]), synthesise(TOKENS[:32], backing=notes)
    assert len(alone) == len(backed)
    assert np.abs(backed).max() <= 0.801
    rest = synthesise([0] * 32, backing=notes)
    assert np.abs(rest).max() > 0.7
