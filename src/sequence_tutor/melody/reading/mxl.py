"""XML from untrusted files, and the score inside a compressed MusicXML file (.mxl).

An .mxl file is a zip archive in which a container names the score. Real containers write blanks as
%20, backslashes, a leading ./ or capitals, and some are not well-formed XML. If no container names
a score, the only one in the archive is read; among several none is guessed.

Source: MusicXML 4.0, https://www.w3.org/2021/06/musicxml40/tutorial/compressed-mxl-files/.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from html import unescape
from pathlib import PurePosixPath
from typing import NoReturn
from urllib.parse import unquote
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import one_line

MOST_ELEMENTS = 3_000_000
"""A symphony of an hour has a million."""

DEEPEST = 100
"""Nested elements; MusicXML has a dozen."""

MAXIMUM_BYTES = 64 * 2**20  # of XML, after decompression
MAXIMUM_MEMBERS = 10_000  # scores with pictures and sounds have a few dozen

_CONTAINER = "meta-inf/container.xml"
_SCORE_TYPES = ("", "application/vnd.recordare.musicxml+xml", "application/vnd.recordare.musicxml")
_FULL_PATH = re.compile(rb"full-path\s*=\s*(\"[^\"<>]*\"|'[^'<>]*')")


def parse_xml(text: bytes) -> Element:
    """An element tree, with names without namespace prefixes; nothing external is fetched.

    Raises:
        UserError: entities are declared, or there are too many or too deeply nested elements.
        ExpatError: the text is not well-formed.
    """
    builder = TreeBuilder()
    elements = depth = 0

    def start(prefixed: str, attributes: dict[str, str]) -> None:
        nonlocal elements, depth
        elements += 1
        depth += 1
        if elements > MOST_ELEMENTS:
            raise UserError(f"more than {MOST_ELEMENTS} elements of XML, expected one score")
        if depth > DEEPEST:
            raise UserError(f"elements of XML more than {DEEPEST} deep, expected a score")
        builder.start(prefixed.rpartition(":")[2], attributes)

    def end(prefixed: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(prefixed.rpartition(":")[2])

    def refuse_entity(*_declaration: object) -> NoReturn:
        raise UserError("declares XML entities, which are refused")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse_entity
    parser.Parse(text, True)
    return builder.close()


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
    """A name in the form in which paths are compared."""
    whole = unicodedata.normalize("NFC", unquote(name)).replace("\\", "/").casefold()
    return str(PurePosixPath("/", whole)).lstrip("/")


def _may_be_score(path: str) -> bool:
    """By its suffix; resource forks and hidden files, which archivers add, are none."""
    pieces = path.split("/")
    beside = pieces[0] in ("meta-inf", "__macosx") or pieces[-1].startswith(".")
    return path.endswith((".xml", ".musicxml")) and not beside


def _named(archive: zipfile.ZipFile, by_path: dict[str, str]) -> list[str]:
    """The paths that the container names, scores first; none where it is missing."""
    if _CONTAINER not in by_path:
        return []
    text = _read(archive, by_path[_CONTAINER])
    try:
        files = list(parse_xml(text).iter("rootfile"))
    except expat.ExpatError:  # ampersands and quotes of file names are often not escaped
        return [
            unescape(path[1:-1].decode("utf-8", "replace")) for path in _FULL_PATH.findall(text)
        ]
    files.sort(key=lambda file: file.get("media-type", "") not in _SCORE_TYPES)
    return [file.get("full-path", "") for file in files]


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as stream:
        data = stream.read(MAXIMUM_BYTES + 1)
    if len(data) > MAXIMUM_BYTES:
        raise UserError(f"more than {MAXIMUM_BYTES // 2**20} MiB of XML")
    return data
