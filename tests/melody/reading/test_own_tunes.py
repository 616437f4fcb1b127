from __future__ import annotations

from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.melody.beginnings import begin_with
from sequence_tutor.melody.encoding import decode
from sequence_tutor.melody.frame import Frame, Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.melody.reading.own_tunes import OwnTune, own_tune, own_tunes
from sequence_tutor.melody.reading.score import Part, TuneScore, WrittenKey
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.writing.abc import write_abc
from sequence_tutor.melody.writing.notation import to_musicxml
from sequence_tutor.melody.writing.output import MelodyOutputSettings

MAJOR_TUNE = [62, 66, 69, 74, 73, 71, 69, 67, 66, 64, 62, 62]  # D major
DORIAN = Frame().judged_in(Key(tonic="D", scale="dorian"))


def melody(
    pitches: list[int], starts: list[float] | None = None, length: float = 0.5, name: str = ""
) -> Part:
    onsets = [place / 2 for place in range(len(pitches))] if starts is None else starts
    return Part.from_notes(
        name, [(start, start + length, p) for start, p in zip(onsets, pitches, strict=True)]
    )


def tune(part: Part, *others: Part, **facts: object) -> OwnTune:
    return own_tune(TuneScore((part, *others), **facts), "mine")  # type: ignore[arg-type]


def test_the_key_is_named_or_told_by_the_notes() -> None:
    found = tune(melody(MAJOR_TUNE))
    assert (found.key, found.key_is_named) == (Key(tonic="D"), False)
    named = tune(melody(MAJOR_TUNE), key=WrittenKey(0, "dorian"))
    assert (named.key, named.key_is_named) == (Key(tonic="D", scale="dorian"), True)
    relative = tune(melody([59, 62, 66, 71, 70, 71]), key=WrittenKey(2))  # B, D, F#, A#: minor
    assert relative.key == Key(tonic="B", scale="harmonic_minor")
    assert tune(melody(MAJOR_TUNE), key=WrittenKey(-6, "ionian")).key.tonic == "Gb"


def test_an_upbeat_keeps_the_bar_lines_and_a_rest_at_the_end_is_kept() -> None:
    found = tune(melody([67, 72], [3.0, 4.0], 1.0), end=8.0)
    assert found.upbeat(found.meter) == 4  # type: ignore[arg-type]
    assert found.steps == 20
    assert found.tokens() == [21, 1, 1, 1, 26, 1, 1, 1, 0, *[1] * 11]
    short = tune(melody([67, 72], [0.0, 1.0], 1.0), downbeat=1.0)  # an incomplete first bar
    assert short.upbeat(short.meter) == 4  # type: ignore[arg-type]
    waltz = tune(melody([67, 72], [0.5, 3.0], 1.0), meters=((3, 4),))
    assert waltz.upbeat(waltz.meter) == 10  # type: ignore[arg-type]


def test_an_endless_rest_ends_with_its_bar_and_is_said() -> None:
    assert tune(melody([67, 72]), end=9.0).steps == 36
    found = tune(melody([67, 72]), end=1000.0)
    assert found.steps == 16
    assert "a rest of 3984 sixteenths at the end left out" in found.changes


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (melody([60, 62, 64], [0, 1 / 3, 2 / 3], 1 / 3), "2 notes of triplets moved to sixteenths"),
        (melody([60, 64, 67, 62], [0, 0, 0, 1]), "2 lower notes of chords left out"),
        (melody([72, 60, 71], [0, 0.5, 1], 1.0), "2 notes cut short by the next"),
        (
            melody([60, 62, 64, 65, 67], [0, 0.125, 1, 2, 3], 0.125),
            "1 note moved to the nearest sixteenth",
        ),
        (melody([60, 62], [8, 9]), "2 bars of rest at the beginning left out"),
    ],
)
def test_what_was_changed_is_said(part: Part, said: str) -> None:
    assert said in tune(part).changes


def test_the_part_is_named_and_nothing_is_said_of_a_plain_tune() -> None:
    high = melody([72, 74], name="Flute")
    found = tune(melody([40, 42], name="Tuba"), high)
    assert found.changes == ("part 2 of 2 (Flute) taken, the others left out",)
    assert tune(melody(MAJOR_TUNE)).changes == ()
    assert tune(high, meters=((4, 4), (3, 4))).changes == ("bars of 3/4 counted as 4/4",)


def heard_pitches(found: OwnTune, frame: Frame, **settings: object) -> tuple[list[int], str]:
    """Where the tune is heard once it is written, and the key that the files name."""
    chosen = MelodyOutputSettings(**settings)
    begun = begin_with(found, chosen, frame)
    assert isinstance(begun.settings, MelodyOutputSettings)
    heard = begun.settings.heard(frame)
    pitches = [note.pitch + heard.transpose for note in decode(begun.tokens)]
    return pitches, heard.signature.abc


@pytest.mark.parametrize("octave", [-36, -12, 0, 12, 24])
@pytest.mark.parametrize("key", [None, "D"])
@pytest.mark.parametrize("frame", [Frame(), Frame().judged_in(Key())])
def test_a_prime_is_heard_where_it_stands(frame: Frame, key: str | None, octave: int) -> None:
    pitches = [pitch + octave for pitch in MAJOR_TUNE]
    assert heard_pitches(tune(melody(pitches)), frame, key=key) == (pitches, "D")


def test_the_model_thinks_in_its_own_key() -> None:
    def tokens(found: OwnTune, frame: Frame, **settings: object) -> list[int]:
        begun = begin_with(found, MelodyOutputSettings(**settings), frame)
        return [note.pitch for note in decode(begun.tokens)]

    in_d = tune(melody(MAJOR_TUNE))
    assert tokens(in_d, Frame())[:4] == [60, 64, 67, 72]
    dorian = tune(melody([62, 65, 69, 71]), key=WrittenKey(0, "dorian"))
    assert tokens(dorian, DORIAN) == [62, 65, 69, 71]
    assert heard_pitches(dorian, DORIAN) == ([62, 65, 69, 71], "Ddor")
    assert heard_pitches(dorian, DORIAN, transpose=2) == ([64, 67, 71, 73], "Edor")
    minor = tune(melody([64, 67, 71, 76, 75, 76]), key=WrittenKey(1, "aeolian"))
    assert tokens(minor, Frame())[:3] == [69, 72, 76]
    assert heard_pitches(minor, Frame())[1] == "Em"
    own_keys = Frame(key=None)
    assert heard_pitches(in_d, own_keys)[0] == MAJOR_TUNE


def test_a_named_key_is_moved_to_the_one_asked_for_and_another_is_trusted() -> None:
    named = tune(melody([67, 71, 74]), key=WrittenKey(1, "ionian"))
    assert heard_pitches(named, Frame(), key="D") == ([62, 66, 69], "D")
    begun = begin_with(named, MelodyOutputSettings(key="D"), Frame())
    assert "moved 5 semitones down for D, the key asked for" in begun.remarks[0]
    found = tune(melody([67, 71, 74]))
    assert heard_pitches(found, Frame(), key="D") == ([67, 71, 74], "D")


def test_a_major_tune_and_a_minor_key_share_their_signature() -> None:
    named = tune(melody([67, 71, 74]), key=WrittenKey(1, "ionian"))
    assert heard_pitches(named, Frame(), key="Em") == ([67, 71, 74], "Em")
    in_a_minor = tune(melody([69, 72, 76]), key=WrittenKey(0, "aeolian"))
    assert heard_pitches(in_a_minor, Frame(), key="D") == ([71, 74, 78], "D")


def test_notes_beyond_three_octaves_are_said() -> None:
    wide = tune(melody([36, 60, 62, 64, 67, 84]))
    (remark,) = begin_with(wide, MelodyOutputSettings(), Frame()).remarks
    assert "1 note moved by octaves into the range of three" in remark
    with pytest.raises(UserError, match="tuned in D dorian"):
        begin_with(wide, MelodyOutputSettings(key="D major"), DORIAN)


def test_a_model_in_another_meter_says_so() -> None:
    waltz = tune(melody([67, 72]), meters=((3, 4),))
    (remark,) = begin_with(waltz, MelodyOutputSettings(), Frame()).remarks
    assert "its meter is 3/4, that of the model 4/4" in remark


@pytest.mark.parametrize("suffix", ["mid", "abc", "musicxml"])
@pytest.mark.parametrize("upbeat", [0, 4, 10])
@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8"])
def test_own_files_are_read_back_whole(
    tmp_path: Path, suffix: str, upbeat: int, meter: str
) -> None:
    """The last rest is there, and the bar lines are where they were."""
    tokens = [14, 1, 1, 1, 18, 1, 21, 1, 1, 1, 26, 1, 25, 1, 21, 1, 1, 1, 0, 1, 1, 1, 1, 1]
    heard = Heard(meter=Meter.parse(meter), upbeat=upbeat)
    path = tmp_path / f"tune.{suffix}"
    if suffix == "mid":
        write_midi(path, tokens, heard)
    elif suffix == "abc":
        write_abc(path, tokens, heard=heard)
    else:
        path.write_text(to_musicxml(tokens, heard))
    (found,) = own_tunes(path)
    assert found.tokens() == tokens
    assert found.upbeat(heard.meter) == upbeat
    assert str(found.meter) == meter
    assert found.changes == ()


def test_keys_are_named_in_the_files_of_a_run(tmp_path: Path) -> None:
    key = Key(tonic="E", scale="dorian")
    write_abc(tmp_path / "tune.abc", [18, 1, 21, 1], heard=Heard(key))
    (tmp_path / "tune.musicxml").write_text(to_musicxml([18, 1, 21, 1], Heard(key)))
    for suffix in ("abc", "musicxml"):
        (found,) = own_tunes(tmp_path / f"tune.{suffix}")
        assert (found.key, found.key_is_named) == (key, True)
    write_midi(tmp_path / "tune.mid", [18, 1, 21, 1, 25, 1], Heard(Key(tonic="E"), transpose=0))
    (found,) = own_tunes(tmp_path / "tune.mid")  # four sharps: E major or C sharp minor
    assert found.key_is_named
    assert found.key.tonic in ("E", "C#")


def test_a_tune_with_one_note_out_of_range_is_judged_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "high.abc"
    path.write_text("X:1\nM:4/4\nL:1/4\nK:C\nc d e f | g a b c' |\n")
    (tune,) = own_tunes(path)
    assert tune.judged_octaves() == 0
    assert [pitch for _, _, pitch in decode(tune.tokens())] == [72, 74, 76, 77, 79, 81, 83, 72]


def test_a_tune_that_could_not_be_read_says_why() -> None:
    with pytest.raises(UserError, match="the tune is too long"):
        own_tune(TuneScore((), problem="the tune is too long"), "mine")
