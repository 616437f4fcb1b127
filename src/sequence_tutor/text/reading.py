"""Lines of files: any text in UTF-8 or marked UTF-16, packed or not, one sequence a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import door, lines, unpacked

LONGEST_LINE = 2**16
"""Characters; what is longer is no line that a small model could learn."""

_REPORTED = 10_000  # lines between two reports of progress


def text_files(paths: Sequence[Path]) -> list[Path]:
    """Every file at or below the paths; hidden ones only if they are named.

    Raises:
        UserError: a path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file())
            found += [file for file in inside if not file.name.startswith(".")]
        elif path.exists():
            found.append(path)
        else:
            raise UserError(f"{path}: no such file or folder")
    return found


def read_lines(
    path: Path, report: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[int, str]]:
    """Number and text of every line of a file that is not blank, without spaces at its ends.

    Args:
        path: the file.
        report: called now and then with the bytes of it that are read.

    Raises:
        UserError: the file is no text, is damaged, or has a line of more than `LONGEST_LINE`.
    """
    with door(path), unpacked(path) as (stream, raw):
        try:
            for line in lines(stream, LONGEST_LINE):
                if line.number % _REPORTED == 0:
                    report(raw.tell())
                if line.problem:
                    raise UserError(
                        f"{path} line {line.number}: {line.problem}, expected shorter ones"
                    )
                if "\0" in line.text:
                    raise UserError(
                        f"{path} line {line.number}: a zero byte, expected a text file in UTF-8"
                    )
                if text := line.text.strip():
                    yield line.number, text
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not a text file in UTF-8 ({error.reason})") from error
