"""Files to read: single ones, folders, .zip and .tar archives; nothing is unpacked to disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import ARCHIVE_SUFFIXES, Member, members, read_capped, reason_of

MIDI_SUFFIXES = (".mid", ".midi", ".kar")  # karaoke: MIDI with lyrics
MELODY_SUFFIXES = (*MIDI_SUFFIXES, ".abc", ".xml", ".musicxml", ".mxl")
MAXIMUM_BYTES = 16 * 2**20


TOKEN_SUFFIXES = (".jsonl", ".json")
"""Of lists of tokens, which are no music files."""


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
    if path.name.lower().endswith(ARCHIVE_SUFFIXES):
        found: Iterable[Member] = members(path, _is_melody, MAXIMUM_BYTES)
    elif path.is_file():
        found = [_read_file(path)]
    else:
        found = []
    for member in found:
        yield SourceFile(source, member.name, member.data, member.problem)


def _read_file(path: Path) -> Member:
    try:
        with path.open("rb") as stream:
            return read_capped(str(path), stream, MAXIMUM_BYTES)
    except Exception as error:
        return Member(str(path), b"", reason_of(error))


def holds_tokens(path: Path) -> bool:
    """Whether a file is a list of tokens rather than music.

    Raises:
        UserError: it is of no kind that holds melodies.
    """
    if path.suffix.lower() in TOKEN_SUFFIXES:
        return True
    if path.suffix.lower() not in MELODY_SUFFIXES or path.is_dir():
        known = " ".join((*TOKEN_SUFFIXES, *MELODY_SUFFIXES))
        raise UserError(f"{path}: unknown kind of file, expected one of {known}")
    return False
