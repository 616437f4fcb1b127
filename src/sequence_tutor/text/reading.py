"""Lines of files: any text in UTF-8, packed by gzip or not, one sequence a line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path

from sequence_tutor.errors import UserError

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
    try:
        with path.open("rb") as raw:
            packed = gzip.GzipFile(fileobj=raw) if path.suffix.lower() == ".gz" else raw
            with TextIOWrapper(packed, encoding="utf-8-sig", newline=None) as file:
                number = 0
                while line := file.readline(LONGEST_LINE + 1):
                    number += 1
                    if number % _REPORTED == 0:
                        report(raw.tell())
                    if len(line) > LONGEST_LINE:
                        raise UserError(
                            f"{path} line {number}: more than {LONGEST_LINE} characters, expected "
                            "a line of a text"
                        )
                    if text := line.strip():
                        yield number, text
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text file in UTF-8 ({error.reason})") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path}: damaged, or not packed by gzip ({error})") from error
