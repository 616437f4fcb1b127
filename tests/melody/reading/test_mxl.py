"""Containers of compressed MusicXML as programs and archivers write them."""

from __future__ import annotations

import io
import zipfile

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reading.mxl import score_of

WANTED = b"<score-partwise/>"


def packed(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def container(*files: str) -> bytes:
    rows = "".join(f"<rootfile {file}/>" for file in files)
    return f"<container><rootfiles>{rows}</rootfiles></container>".encode()


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("s.xml", "./s.xml"),
        ("s.xml", "/s.xml"),
        ("My song.xml", "My%20song.xml"),
        ("100%.xml", "100%.xml"),
        ("scores/s.xml", "scores\\s.xml"),
        ("scores\\s.xml", "scores/s.xml"),
        ("Score.XML", "score.xml"),
        ("Lied für zwei.musicxml", "Lied fu\u0308r zwei.musicxml"),
        ("song.score", "song.score"),  # any suffix, where the container says so
    ],
)
def test_what_a_container_names(name: str, path: str) -> None:
    members = {
        "META-INF/container.xml": container(f'full-path="{path}"'),
        "a.xml": b"",
        name: WANTED,
    }
    assert score_of(packed(members)) == WANTED


def test_prefixes_encodings_and_capitals_of_the_container_itself() -> None:
    prefixed = b'<c:container xmlns:c="urn:x"><c:rootfile full-path="z.xml"/></c:container>'
    wide = '<?xml version="1.0" encoding="UTF-16"?><container><rootfile full-path="z.xml"/>'
    wide += "</container>"
    broken = b"<container><rootfile full-path='z.xml'/><title>Salt & Pepper</title>"
    for text in (prefixed, wide.encode("utf-16"), broken):
        for place in ("META-INF/container.xml", "meta-inf\\Container.xml"):
            members = {place: text, "a.xml": b"", "z.xml": WANTED}
            assert score_of(packed(members)) == WANTED


def test_the_first_rootfile_that_is_music() -> None:
    files = container(
        'full-path="s.pdf" media-type="application/pdf"',
        'full-path="gone.xml"',
        'full-path="s.xml" media-type="application/vnd.recordare.musicxml+xml"',
        'full-path="b.xml"',
    )
    members = {"META-INF/container.xml": files, "s.pdf": b"", "b.xml": b"", "s.xml": WANTED}
    assert score_of(packed(members)) == WANTED


def test_without_a_container_the_only_score_is_read_and_none_is_guessed() -> None:
    beside = {"__MACOSX/._s.xml": b"", "folder/.hidden.xml": b"", "META-INF/other.xml": b""}
    assert score_of(packed({**beside, "s.xml": WANTED})) == WANTED
    with pytest.raises(UserError, match="2 scores in the archive, and no container names one"):
        score_of(packed({"a.xml": b"", "b.xml": b""}))
    wrong = {"META-INF/container.xml": container('full-path="gone.xml"')}
    assert score_of(packed({**wrong, "s.xml": WANTED})) == WANTED
    with pytest.raises(UserError, match=r"2 scores .* the container names 'gone\.xml'"):
        score_of(packed({**wrong, "a.xml": b"", "b.xml": b""}))
    with pytest.raises(UserError, match="no score"):
        score_of(packed(beside))


def test_members_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequence_tutor.melody.reading.mxl.MAXIMUM_MEMBERS", 1)
    with pytest.raises(UserError, match="more than 1 members"):
        score_of(packed({"a.xml": b"", "b": b""}))
