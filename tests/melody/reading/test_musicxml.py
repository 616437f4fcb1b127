from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reading.corpus import tunes_of
from sequence_tutor.melody.reading.extraction import ExtractionSettings
from sequence_tutor.melody.reading.musicxml import read_musicxml
from sequence_tutor.melody.reading.score import Part
from sequence_tutor.melody.reading.sources import read_sources

CORPORA = Path(__file__).parents[4] / "shared" / "data" / "melodies"
ATTRIBUTES = (
    "<attributes><divisions>2</divisions>"
    "<time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
)


def note(step: str, duration: int, extra: str = "", octave: int = 4, tie: str = "") -> str:
    ties = "".join(f'<tie type="{kind}"/>' for kind in tie.split())
    return (
        f"<note>{extra}<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
        f"<duration>{duration}</duration>{ties}</note>"
    )


def document(*measures: str) -> bytes:
    music = "".join(f"<measure>{measure}</measure>" for measure in measures)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
        '"http://www.musicxml.org/dtds/partwise.dtd"><score-partwise><part-list>'
        '<score-part id="P1"><part-name>Voice</part-name></score-part></part-list>'
        f'<part id="P1">{music}</part></score-partwise>'
    ).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def rows(part: Part) -> list[tuple[float, float, int]]:
    return list(zip(part.starts.tolist(), part.ends.tolist(), part.pitches.tolist(), strict=True))


def test_notes_rests_ties_chords_and_grace_notes() -> None:
    score = read_musicxml(
        document(
            ATTRIBUTES + note("C", 2) + "<note><rest/><duration>1</duration></note>"
            "<note><grace/><pitch><step>B</step><octave>5</octave></pitch></note>"
            + note("D", 3, tie="start"),
            note("D", 2, tie="stop") + note("G", 2, "<chord/>") + note("E", 4),
        ),
        "song",
    )
    assert score.meters == ((3, 4),)
    assert score.parts[0].name == "Voice"
    assert rows(score.parts[0]) == [(0, 1, 60), (1.5, 4, 62), (3, 4, 67), (4, 6, 64)]


def test_backup_forward_and_staves() -> None:
    staff = "<staff>2</staff>"
    music = (
        ATTRIBUTES + note("E", 4) + "<backup><duration>4</duration></backup>"
        "<forward><duration>2</duration></forward>"
        + note("C", 2, octave=3).replace("</note>", f"{staff}</note>")
    )
    upper, lower = read_musicxml(document(music, note("F", 2)), "piano").parts
    assert rows(upper) == [(0, 2, 64), (2, 3, 65)]
    assert rows(lower) == [(1, 2, 48)]


def test_transposing_instruments_sound_at_concert_pitch() -> None:
    clarinet = "<attributes><transpose><chromatic>-2</chromatic></transpose></attributes>"
    (part,) = read_musicxml(document(clarinet + note("D", 1)), "clarinet").parts
    assert part.pitches.tolist() == [60]


def test_compressed_files() -> None:
    score = document(ATTRIBUTES + note("C", 2))
    container = b'<container><rootfiles><rootfile full-path="b.xml"/></rootfiles></container>'
    named = {"META-INF/container.xml": container, "a.xml": b"<other/>", "b.xml": score}
    malformed = {"META-INF/container.xml": b"<rootfile full-path='a & b'/>", "b.xml": score}
    for members in (named, malformed, {"b.musicxml": score}):
        assert len(read_musicxml(zipped(members), "song.mxl").parts) == 1
    with pytest.raises(UserError, match="no score in the archive"):
        read_musicxml(zipped({"readme.txt": b""}), "song.mxl")


def test_billion_laughs_are_refused() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]><score-partwise>&l9;</score-partwise>'
    with pytest.raises(UserError, match="entities"):
        read_musicxml(bomb.encode(), "bomb.xml")


def test_zip_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequence_tutor.melody.reading.mxl.MAXIMUM_BYTES", 2**20)
    with pytest.raises(UserError, match="more than 1 MiB"):
        read_musicxml(zipped({"a.xml": b" " * (2**20 + 1)}), "bomb.mxl")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged"),
        (b"<score-partwise>", "damaged"),
        (b"<html></html>", "root element <html>"),
        (b"PK\3\4 nonsense", "damaged"),
        (document(ATTRIBUTES), "no note"),
        (document("<attributes><divisions>0</divisions></attributes>"), "divisions"),
        (document(note("H", 1)), "pitch step 'H'"),
        (document(note("C", 1, octave=40)), "outside"),
        (document(note("C", 1).replace(">1<", ">nan<")), "duration"),
        (document(note("C", 1).replace(">1<", ">x<")), "not readable"),
        (
            document(note("C", 1).replace("</step>", "</step><alter>inf</alter>")),
            "alteration of inf",
        ),
        (
            document(note("C", 1).replace("</step>", "</step><alter>nan</alter>")),
            "alteration of nan",
        ),
        (document(ATTRIBUTES.replace(">3<", f">{'9' * 400}<")), "a time signature of 999"),
        (document(ATTRIBUTES.replace(">3<", f">{'9' * 5000}<")), "not readable"),
        (document("<x>" * 200 + "</x>" * 200), "100 deep"),
    ],
)
def test_unusable_files_say_why(data: bytes, reason: str) -> None:
    with pytest.raises(UserError, match=f"^song: .*{reason}"):
        read_musicxml(data, "song")


@given(st.data())
@settings(deadline=None)
def test_damaged_files_never_raise_anything_but_a_user_error(data: st.DataObject) -> None:
    plain = document(ATTRIBUTES + note("C", 2, tie="start"), note("C", 2, tie="stop"))
    damaged = bytearray(data.draw(st.sampled_from([plain, zipped({"a.xml": plain})])))
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    try:
        score = read_musicxml(bytes(damaged[:cut]), "damaged")
    except UserError:
        return
    assert all(len(part) for part in score.parts)


@pytest.mark.data
@pytest.mark.slow
def test_real_files_agree_with_their_conversions() -> None:
    names = ("musicxml-sample", "lieder", "openewld")
    archives = [CORPORA / f"{name}.tar.gz" for name in names]
    if not all(archive.exists() for archive in archives):
        pytest.skip("the song corpora are not beside this repository")
    as_written = ExtractionSettings.as_written()
    first = [
        {
            Path(tune.name).stem: tune.melodies[0]
            for file in reversed(list(read_sources([archive])))
            for tune in tunes_of(file, as_written)
            if not tune.problem
        }
        for archive in archives
    ]
    converted = {**first[1], **first[2]}
    same = sum(converted.get(name) == tokens for name, tokens in first[0].items())
    assert len(first[0]) >= 250
    # The others: choirs, whose voice is a matter of choice, and notes shorter than a sixteenth.
    assert same >= 0.9 * len(first[0])


def test_key_upbeat_end_and_what_is_left_out() -> None:
    """Of a clarinet in B flat: D major on paper, C major in the air."""
    note = "<note><pitch><step>D</step><octave>5</octave></pitch><duration>{}</duration></note>"
    text = (
        '<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1">'
        '<measure number="0" implicit="yes"><attributes><divisions>1</divisions>'
        "<key><fifths>2</fifths><mode>major</mode></key>"
        "<time><beats>4</beats><beat-type>4</beat-type></time>"
        "<transpose><chromatic>-2</chromatic></transpose></attributes>"
        f'{note.format(1)}</measure><measure number="1">{note.format(2)}'
        "<note><grace/><pitch><step>E</step><octave>5</octave></pitch></note>"
        "<note><rest/><duration>2</duration></note>"
        '<barline location="right"><repeat direction="backward"/></barline></measure>'
        "</part></score-partwise>"
    )
    score = read_musicxml(text.encode(), "clarinet")
    assert score.key == (0, "ionian")
    assert (score.downbeat, score.end) == (1.0, 5.0)
    assert score.left_out == ("1 grace note left out", "repeats not played out")
