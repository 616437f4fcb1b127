"""The score inside a compressed MusicXML file (.mxl): a zip archive whose container names it.

Source: MusicXML 4.0, https://www.w3.org/2021/06/musicxml40/tutorial/compressed-mxl-files/. Real
containers name a file of the archive with its blanks as %20, with backslashes, from ./ on, or in
capitals; some are no XML at all. A score that no container names is read where it is the only one,
and never guessed among several.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from html import unescape
from pathlib import PurePosixPath
from urllib.parse import unquote
from xml.parsers import expat

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import one_line
from sequence_tutor.melody.reading.xml_tree import parse_xml

MAXIMUM_BYTES = 64 * 2**20  # of XML, after decompression
MAXIMUM_MEMBERS = 10_000  # scores with pictures and sounds have a few dozen

_CONTAINER = "meta-inf/container.xml"
_SCORE_TYPES = ("", "application/vnd.recordare.musicxml+xml", "application/vnd.recordare.musicxml")
_FULL_PATH = re.compile(rb"full-path\s*=\s*(\"[^\"<>]*\"|'[^'<>]*')")


def score_of(data: bytes) -> bytes:
    """The XML of the score in an archive.

    Raises:
        UserError: there is none, there are several and no container names one, or it is too large.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        if len(names) > MAXIMUM_MEMBERS:
            raise UserError(f"more than {MAXIMUM_MEMBERS} members in the archive")
        by_path = {_path(name): name for name in reversed(names)}
        named = _named(archive, by_path)
        for path in named:
            name = path if path in names else by_path.get(_path(path))
            if name is not None:
                return _read(archive, name)
        scores = [name for path, name in by_path.items() if _may_be_score(path)]
        if len(scores) == 1:
            return _read(archive, scores[0])
        if not scores:
            raise UserError("no score in the archive")
        what = f"the container names {one_line(named[0])!r}" if named else "no container names one"
        raise UserError(f"{len(scores)} scores in the archive, and {what}; unpack it")


def _path(name: str) -> str:
    """A name as paths are compared: percent signs, backslashes and capitals aside."""
    whole = unicodedata.normalize("NFC", unquote(name)).replace("\\", "/").casefold()
    return str(PurePosixPath("/", whole)).lstrip("/")


def _may_be_score(path: str) -> bool:
    """By its suffix, and not of those that archivers add: resource forks, hidden files."""
    pieces = path.split("/")
    beside = pieces[0] in ("meta-inf", "__macosx") or pieces[-1].startswith(".")
    return path.endswith((".xml", ".musicxml")) and not beside


def _named(archive: zipfile.ZipFile, by_path: dict[str, str]) -> list[str]:
    """The paths that the container names, scores first; none where it is missing.

    Real containers hold file names whose ampersands and quotes are not escaped.
    """
    if _CONTAINER not in by_path:
        return []
    text = _read(archive, by_path[_CONTAINER])
    try:
        files = list(parse_xml(text).iter("rootfile"))
    except expat.ExpatError:
        paths = [
            unescape(found[1:-1].decode("utf-8", "replace")) for found in _FULL_PATH.findall(text)
        ]
    else:
        files.sort(key=lambda file: file.get("media-type", "") not in _SCORE_TYPES)
        paths = [file.get("full-path", "") for file in files]
    return paths


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        data = stream.read(MAXIMUM_BYTES + 1)
    if len(data) > MAXIMUM_BYTES:
        raise UserError(f"more than {MAXIMUM_BYTES // 2**20} MiB of XML")
    return data
