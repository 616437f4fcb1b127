"""Files to read: single ones, folders, .zip and .tar.gz archives; nothing is unpacked to disk."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sequence_tutor.errors import UserError

MIDI_SUFFIXES = (".mid", ".midi", ".kar")  # karaoke: MIDI with lyrics
MELODY_SUFFIXES = (*MIDI_SUFFIXES, ".abc", ".xml", ".musicxml", ".mxl")
_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz")
ARCHIVE_SUFFIXES = (".zip", *_TAR_SUFFIXES)
MAXIMUM_BYTES = 16 * 2**20
MAXIMUM_MEMBERS = 1_000_000


@dataclass(frozen=True)
class SourceFile:
    """One file as found: its bytes, or the reason why they were not read.

    Attributes:
        source: the path the user gave, to which this file belongs.
        name: the file's own path; inside an archive `archive.zip/folder/tune.mid`.
        data: empty where `problem` is set.
        problem: empty where all is well.
    """

    source: str
    name: str
    data: bytes
    problem: str = ""


def read_sources(paths: Sequence[Path]) -> Iterator[SourceFile]:
    """Every melody file at or below the paths, in sorted order within each folder and archive.

    Files of other kinds in folders and archives are passed over; a path the user names must be of
    a kind we know. A damaged archive gives what could be read, then one entry with the problem.

    Raises:
        UserError: when a path does not exist or is of an unknown kind.
    """
    for path in paths:
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if _is_wanted(file.name))
            for file in found:
                yield from _read_path(str(path), file)
        elif not path.exists():
            raise UserError(f"{path}: no such file or folder")
        elif not _is_wanted(path.name):
            known = " ".join((*MELODY_SUFFIXES, *ARCHIVE_SUFFIXES))
            raise UserError(f"{path}: unknown kind of file, expected one of {known}")
        else:
            yield from _read_path(str(path), path)


def _is_wanted(name: str) -> bool:
    # macOS puts "._tune.mid" beside every file it archives: metadata under a borrowed suffix
    hidden = Path(name).name.startswith(".")
    return not hidden and name.lower().endswith((*MELODY_SUFFIXES, *ARCHIVE_SUFFIXES))


def _is_melody(name: str) -> bool:
    return _is_wanted(name) and name.lower().endswith(MELODY_SUFFIXES)


def _read_path(source: str, path: Path) -> Iterator[SourceFile]:
    name = path.name.lower()
    try:
        if name.endswith(".zip"):
            yield from _read_zip(source, path)
        elif name.endswith(_TAR_SUFFIXES):
            yield from _read_tar(source, path)
        elif path.is_file():
            with path.open("rb") as stream:
                yield _read_capped(source, str(path), stream)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error) as error:
        yield SourceFile(source, str(path), b"", f"cannot be read ({error})")


def _read_zip(source: str, path: Path) -> Iterator[SourceFile]:
    with zipfile.ZipFile(path) as archive:
        for member in sorted(archive.infolist(), key=lambda info: info.filename):
            if not member.is_dir() and _is_melody(member.filename):
                yield _read_zip_member(source, path, archive, member)


def _read_zip_member(
    source: str, path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> SourceFile:
    name = f"{path}/{member.filename}"
    try:
        with archive.open(member) as stream:
            return _read_capped(source, name, stream)
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        # RuntimeError: encrypted; NotImplementedError: a compression method we lack
        return SourceFile(source, name, b"", f"cannot be read ({error})")


def _read_tar(source: str, path: Path) -> Iterator[SourceFile]:
    with tarfile.open(path) as archive:
        for count, member in enumerate(archive):
            if count >= MAXIMUM_MEMBERS:
                raise tarfile.TarError(f"more than {MAXIMUM_MEMBERS} members")
            if member.isfile() and _is_melody(member.name):
                stream = archive.extractfile(member)
                if stream is not None:
                    yield _read_capped(source, f"{path}/{member.name}", stream)


def _read_capped(source: str, name: str, stream: IO[bytes]) -> SourceFile:
    data = stream.read(MAXIMUM_BYTES + 1)  # the size in an archive's index may lie
    if len(data) > MAXIMUM_BYTES:
        return SourceFile(source, name, b"", f"larger than {MAXIMUM_BYTES // 2**20} MiB")
    return SourceFile(source, name, data)
