"""Sequences as JSON lines: one object `{"tokens": [...]}` a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import door, lines, one_line, unpacked
from sequence_tutor.storage.files import replacing

LONGEST_LINE = 2**20  # characters; the longest sequence takes a few thousand
_EXPECTED = '{"tokens": [...]}'


def read_token_lines(path: Path, vocab_size: int, longest: int) -> list[list[int]]:
    """All sequences of a file: see `token_lines`."""
    return list(token_lines(path, vocab_size, longest))


def token_lines(path: Path, vocab_size: int, longest: int) -> Iterator[list[int]]:
    """The sequences of a file, one by one; blank lines and other fields are ignored.

    Sequences have 1 to `longest` tokens from 0 to V - 1.

    Raises:
        UserError: with the number of the first line that is not such a sequence.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    with door(path), unpacked(path) as (stream, _):
        try:
            for line in lines(stream, LONGEST_LINE):
                where = f"{path} line {line.number}"
                if line.problem:
                    raise UserError(f"{where}: {line.problem}, expected {_EXPECTED}")
                if line.text.strip():
                    yield _tokens(line.text, where, vocab_size, longest)
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not a text file in UTF-8 ({error.reason})") from error


def write_json_lines(path: Path, records: Iterable[object]) -> None:
    """Write one JSON value a line, atomically; NaN and infinity are refused.

    Characters of all languages are kept. A lone surrogate, which in Python stands for a byte of a
    file name that is not UTF-8, becomes a JSON escape.
    """
    with json_lines_writer(path) as write:
        for record in records:
            write(record)


@contextmanager
def json_lines_writer(path: Path) -> Iterator[Callable[[object], None]]:
    """Give a function that writes the next value, as `write_json_lines` does."""
    with (
        replacing(path) as beside,
        beside.open("w", encoding="utf-8", errors="backslashreplace") as file,
    ):

        def write(record: object) -> None:
            file.write(json.dumps(record, allow_nan=False, ensure_ascii=False) + "\n")

        yield write


def _tokens(line: str, where: str, vocab_size: int, longest: int) -> list[int]:
    try:
        value: Any = json.loads(line)  # whatever the file holds
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not JSON, expected {_EXPECTED}") from error
    tokens = value.get("tokens") if isinstance(value, dict) else None
    if not isinstance(tokens, list):
        raise UserError(f'{where}: no list "tokens", expected {_EXPECTED}')
    check_tokens(tokens, where, vocab_size, longest)
    return tokens


def check_tokens(tokens: Sequence[object], where: str, vocab_size: int, longest: int) -> None:
    """Refuse tokens that are not a sequence of a vocabulary.

    Raises:
        UserError: beginning with `where`.
    """
    if not 1 <= len(tokens) <= longest:
        raise UserError(f"{where}: {len(tokens)} tokens, expected 1 to {longest}")
    for token in tokens:
        if type(token) is not int or not 0 <= token < vocab_size:  # True is an int to isinstance
            raise UserError(
                f"{where}: token {one_line(repr(token))}, expected integers 0 to {vocab_size - 1}"
            )
