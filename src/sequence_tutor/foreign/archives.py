"""Members of .zip and .tar archives, compressed or not; nothing is unpacked to disk.

A member that cannot be read gives one problem, and later members are still read. Sizes and counts
in an archive may be wrong on purpose, so all of them are limited here.
"""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, Self

from sequence_tutor.errors import UserError
from sequence_tutor.foreign.door import door, one_line, reason_of, said
from sequence_tutor.foreign.packing import MOST_TIMES, SMALL, unpacked

_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
ARCHIVE_SUFFIXES = (".zip", *_TAR_SUFFIXES)
MAXIMUM_MEMBERS = 1_000_000
_TOO_MANY = f"more than {MAXIMUM_MEMBERS} members"
_PROPER_ENDS = ("EOFHeaderError", "EmptyHeaderError")  # the names that typeshed does not know


class Member(NamedTuple):
    """One file of an archive."""

    name: str  # `archive.zip/folder/tune.mid`; the archive's own if the rest of it cannot be read
    data: bytes  # empty if there is a problem
    problem: str = ""  # why there is no data, or empty


def members(path: Path, wanted: Callable[[str], bool], most_bytes: int) -> Iterator[Member]:
    """The files of an archive whose names are wanted, up to a size limit.

    A larger file is a problem, and so is each archive inside the archive.
    """
    read = _zip_members if path.name.lower().endswith(".zip") else _tar_members
    try:
        with door(path):
            yield from read(path, wanted, most_bytes)
    except UserError as error:
        yield Member(str(path), b"", str(error).removeprefix(f"{path}: "))


def read_capped(name: str, stream: IO[bytes], most_bytes: int) -> Member:
    """The whole of a stream, up to a size limit."""
    data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        return Member(name, b"", f"larger than {most_bytes // 2**20} MiB")
    return Member(name, data)


def _zip_members(path: Path, wanted: Callable[[str], bool], most_bytes: int) -> Iterator[Member]:
    allowed = max(SMALL, MOST_TIMES * path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        index = archive.infolist()
        if len(index) > MAXIMUM_MEMBERS:
            raise UserError(_TOO_MANY)
        for entry in sorted(index, key=lambda info: info.filename):
            name = f"{path}/{one_line(entry.filename)}"
            if not wanted(entry.filename):
                yield from _nested(name)
            if entry.is_dir() or not wanted(entry.filename):
                continue
            try:
                with archive.open(entry) as stream:
                    member = read_capped(name, stream, most_bytes)
            except Exception as error:  # encrypted, an unknown method, damaged in any packer's way
                member = Member(name, b"", reason_of(error))
            allowed -= len(member.data)
            if allowed < 0:  # members may share their packed bytes
                raise UserError(f"unpacks to more than {MOST_TIMES} times its size")
            yield member


def _tar_members(path: Path, wanted: Callable[[str], bool], most_bytes: int) -> Iterator[Member]:
    """Read as a stream; a negative size, which leads back to an earlier header, is refused."""
    with (
        unpacked(path) as (stream, _),
        tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive,
    ):
        for number, entry in enumerate(archive):
            archive.members.clear()  # type: ignore[attr-defined]  # kept for a second reading
            if number >= MAXIMUM_MEMBERS:
                raise UserError(_TOO_MANY)
            name = f"{path}/{one_line(entry.name)}"
            if not entry.isfile():
                continue
            if not wanted(entry.name):
                yield from _nested(name)
            elif (content := archive.extractfile(entry)) is not None:
                yield read_capped(name, content, most_bytes)


class _Header(tarfile.TarInfo):
    """A member's header; `tarfile` takes a damaged one, except the first, for the archive's end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            header = super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ in _PROPER_ENDS:
                raise
            raise UserError(f"cannot be read from here on (damaged tar: {said(error)})") from error
        if header.size < 0:  # the next header would be this one, for ever
            raise UserError(f"cannot be read from here on (a member of {header.size} bytes)")
        return header


def _nested(name: str) -> Iterator[Member]:
    if name.lower().endswith(ARCHIVE_SUFFIXES) and not Path(name).name.startswith("."):
        yield Member(name, b"", "an archive within an archive; unpack the outer one first")
