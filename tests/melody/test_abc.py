from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequence_tutor.errors import UserError
from sequence_tutor.melody.abc import read_abc
from sequence_tutor.melody.abc_writing import to_abc, write_abc
from sequence_tutor.melody.corpus import read_corpus
from sequence_tutor.melody.encoding import decode
from sequence_tutor.melody.extraction import ExtractionSettings, extract
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.key_names import parse_key
from sequence_tutor.melody.score import Score

HEAD = "X:1\nT:t\nM:4/4\nL:1/8\nK:C\n"
CORPORA = Path(__file__).parents[3] / "shared" / "data" / "melodies"


def read_one(text: str) -> Score:
    ((_, score),) = read_abc(text.encode(), "tune")
    return score


def played(music: str, head: str = HEAD) -> list[tuple[float, float, int]]:
    """(start, end, pitch) of the one voice, in quarter notes."""
    (part,) = read_one(head + music).parts
    return list(zip(part.starts.tolist(), part.ends.tolist(), part.pitches.tolist(), strict=True))


def pitches(music: str, head: str = HEAD) -> list[int]:
    return [pitch for _, _, pitch in played(music, head)]


def lengths(music: str) -> list[float]:
    return [round(end - start, 4) for start, end, _ in played(music)]


def test_pitches_and_lengths() -> None:
    assert pitches("C,, C, C c c'") == [36, 48, 60, 72, 84]
    assert lengths("A2 A A/ A/4 A3/2 A//") == [1.0, 0.5, 0.25, 0.125, 0.75, 0.125]
    assert played("A z2 B") == [(0.0, 0.5, 69), (1.5, 2.0, 71)]


def test_keys_and_accidentals_last_to_the_bar_line() -> None:
    assert pitches("F C|^F F f|F", HEAD.replace("K:C", "K:D")) == [66, 61, 66, 66, 78, 66]
    assert pitches("=F F|F", HEAD.replace("K:C", "K:D")) == [65, 65, 66]
    assert pitches("B E A", HEAD.replace("K:C", "K:Gdor")) == [70, 64, 69]
    assert pitches("B E A", HEAD.replace("K:C", "K:C minor")) == [70, 63, 68]
    assert pitches("__B ^^F", HEAD) == [69, 67]
    assert pitches("F[K:G]F") == [65, 66]


def test_tuplets_broken_rhythm_ties_and_chords() -> None:
    assert lengths("(3ABc d") == [0.3333, 0.3333, 0.3333, 0.5]
    assert lengths("A>B c<d e>>f") == [0.75, 0.25, 0.25, 0.75, 0.875, 0.125]
    assert played("A2-|A2 B") == [(0.0, 2.0, 69), (2.0, 2.5, 71)]
    assert sorted(pitches('"Am"[Ac]2 !trill!{g}e')) == [69, 72, 76]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("A|B|", "AB"),
        ("A:|B:|", "AABB"),
        ("A|:B:|C", "ABBC"),
        ("|:A::B:|", "AABB"),
        ("|:A|1 B:|2 C||D|", "ABACD"),
        ("|:A [1 B:|[2 C|D:|", "ABACD"),
        ("|:A|1,3 B:|2 C:|4 D||", "ABACABAD"),
        ("|:A|1 B|C:|2 D|E||F:|", "ABCADEFF"),
        ("P:A\nA:|\nP:B\nB:|\n", "AABB"),
    ],
)
def test_repeats_are_played_out(music: str, expected: str) -> None:
    letters = {69: "A", 71: "B", 60: "C", 62: "D", 64: "E", 65: "F"}
    assert "".join(letters[pitch] for pitch in pitches(music)) == expected


def test_parts_follow_the_header() -> None:
    head = HEAD.replace("K:C", "P:ABA\nK:C")
    assert pitches("P:A\nC|\nP:B\nD|\n", head) == [60, 62, 60]


def test_tune_books_voices_and_meters() -> None:
    book = "X:7\nM:6/8\nK:G\nGAB|\n\nX:8\nM:C|\nK:G\nV:1\nG2|\nV:2\nD2|\nM:3/4\nE2|\n"
    tunes = dict(read_abc(book.encode(), "book"))
    assert list(tunes) == ["book#7", "book#8"]
    assert tunes["book#7"].meters == ((6, 8),)
    assert [part.name for part in tunes["book#8"].parts] == ["1", "2"]
    assert tunes["book#8"].meters == ((2, 2), (3, 4))


def test_text_that_is_no_abc() -> None:
    with pytest.raises(UserError, match=r"letter\.abc: no tune in it"):
        list(read_abc(b"Dear Sir,\nhow are you?", "letter.abc"))


@given(
    st.lists(st.integers(0, 37), min_size=1, max_size=80).filter(decode),
    st.sampled_from(["C", "G", "F#m", "Gb", "C#", "Ddor"]),
    st.integers(-12, 12),
)
@settings(deadline=None)
def test_notes_survive_an_abc_file(tokens: list[int], key: str, transpose: int) -> None:
    (part,) = read_one(to_abc(tokens, heard=Heard(parse_key(key).key, transpose=transpose))).parts
    notes = decode(tokens)
    assert part.pitches.tolist() == [note.pitch + transpose for note in notes]
    assert part.starts.tolist() == [note.start / 4 for note in notes]
    assert part.ends.tolist() == [note.end / 4 for note in notes]


def test_a_melody_comes_back_as_the_same_tokens(tmp_path: Path) -> None:
    tokens = [14, 1, 15, 1, 0, 1, 37, 2] * 9
    write_abc(tmp_path / "melody.abc", tokens, title="two\nlines", heard=Heard(tempo=90))
    score = read_one((tmp_path / "melody.abc").read_text())
    assert extract(score, ExtractionSettings.as_written()) == [tokens]


def test_nothing_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="at least one"):
        to_abc([])


@given(st.text(alphabet="ABcz[]|:1234,-(){}<>/^_=\"! \n&PKLMVX+Z'", max_size=200))
def test_scribbles_are_read_without_a_crash(scribble: str) -> None:
    assert len(list(read_abc((HEAD + scribble).encode(), "scribble"))) >= 1


@given(st.binary(max_size=100))
def test_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(UserError):
        list(read_abc(data, "bytes"))


@pytest.mark.parametrize("unit", ['"', "{", "[", "(", "!", "|", ":", "A", "[1"])
def test_long_lines_take_linear_time(unit: str) -> None:
    assert len(list(read_abc((HEAD + unit * 20_000).encode(), "long"))) == 1


@pytest.mark.data
def test_nottingham_abc_agrees_with_its_midi_files() -> None:
    book, midi = CORPORA / "nottingham-abc.tar.gz", CORPORA / "nottingham.tar.gz"
    if not (book.exists() and midi.exists()):
        pytest.skip("the Nottingham corpora are not beside this repository")
    written = _openings(book)
    played_midi = _openings(midi)
    assert len(written) == len(played_midi) == 915
    # The MIDI files were made without ties and without accidentals lasting through the bar.
    same = sum(tokens == played_midi[name] for name, tokens in written.items())
    assert same >= 0.85 * 915


def _openings(archive: Path) -> dict[str, Sequence[int]]:
    """The first 48 tokens of each tune, by a name that MIDI file and ABC tune have in common."""
    anything = ExtractionSettings.as_written()
    return {
        Path(melody.name).name.replace(".abc#", "").removesuffix(".mid"): melody.tokens[
            :48
        ].tolist()
        for melody in reversed(read_corpus([archive], anything).melodies)
    }
