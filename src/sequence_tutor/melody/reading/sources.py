"""Files to read: single ones, folders, .zip and .tar archives; nothing is unpacked to disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import ARCHIVE_SUFFIXES, Member, members, read_capped, reason_of

MIDI_SUFFIXES = (".mid", ".midi", ".kar")  # karaoke: MIDI with lyrics
MELODY_SUFFIXES = (*MIDI_SUFFIXES, ".abc", ".xml", ".musicxml", ".mxl")
TOKEN_SUFFIXES = (".jsonl", ".json")
"""Of lists of tokens, which are no music files."""

_WANTED = (*MELODY_SUFFIXES, *ARCHIVE_SUFFIXES)

MAXIMUM_BYTES = 16 * 2**20


def read_sources(paths: Sequence[Path]) -> Iterator[Member]:
    """Every music file at or below the paths, in sorted order within each folder and archive.

    Other files in folders and archives are skipped; a path the user names must be of a known kind.
    A damaged archive gives what could be read, then one entry with the problem.

    Raises:
        UserError: when a path does not exist or is of an unknown kind.
    """
    for path in paths:
        if path.is_dir():
            for file in sorted(file for file in path.rglob("*") if _is_wanted(file.name)):
                yield from _read_path(file)
        elif not path.exists():
            raise UserError(f"{path}: no such file or folder")
        elif not _is_wanted(path.name):
            raise UserError(f"{path}: unknown kind of file, expected one of {' '.join(_WANTED)}")
        else:
            yield from _read_path(path)


def _is_wanted(name: str, suffixes: tuple[str, ...] = _WANTED) -> bool:
    # macOS adds a file "._tune.mid" of metadata beside every file that it archives
    return not Path(name).name.startswith(".") and name.lower().endswith(suffixes)


def _read_path(path: Path) -> Iterator[Member]:
    if path.name.lower().endswith(ARCHIVE_SUFFIXES):
        yield from members(path, lambda name: _is_wanted(name, MELODY_SUFFIXES), MAXIMUM_BYTES)
    elif path.is_file():
        try:
            with path.open("rb") as stream:
                member = read_capped(str(path), stream, MAXIMUM_BYTES)
        except Exception as error:
            member = Member(str(path), b"", reason_of(error))
        yield member


def holds_tokens(path: Path) -> bool:
    """Whether a file is a list of tokens rather than music.

    Raises:
        UserError: it is of no kind that holds melodies.
    """
    if path.suffix.lower() in TOKEN_SUFFIXES:
        return True
    if path.suffix.lower() not in MELODY_SUFFIXES or path.is_dir():
        known = " ".join((*TOKEN_SUFFIXES, *MELODY_SUFFIXES))
        what = "a folder, expected a file, " if path.is_dir() else "unknown kind of file, expected "
        raise UserError(f"{path}: {what}one of {known}")
    return False
