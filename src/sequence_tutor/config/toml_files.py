"""A user's settings file: TOML of a size and depth that people write."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError, shortened

LARGEST = 2**20  # bytes; the largest that comes along takes a few thousand
DEEPEST = 16  # tables and lists inside each other; five are enough for all there are


def read_toml(path: Path) -> Mapping[str, Any]:
    """A user's settings file.

    Args:
        path: the file.

    Returns:
        Its tables; `Any` because values are checked only when settings are built.

    Raises:
        UserError: missing, not TOML, or larger or deeper than any settings are.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such settings file")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UserError(f"{path}: larger than {LARGEST:,} bytes, expected a settings file")
    try:
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except RecursionError as error:
        raise _too_deep(path) from error
    except ValueError as error:  # not TOML, not UTF-8, or a number of thousands of digits
        raise UserError(
            f"{path}: not a TOML file ({shortened(str(error), 200)}){_hint(error)}"
        ) from error
    if _depth(tables) > DEEPEST:
        raise _too_deep(path)
    return tables


def _hint(error: ValueError) -> str:
    """What helps where a backslash is not TOML's own, as in a SMILES with one double bond."""
    if "\\" not in str(error) and "hex value" not in str(error):
        return ""
    return r"; text with a backslash stands in single quotes: 'F/C=C\C'"


def _too_deep(path: Path) -> UserError:
    return UserError(
        f"{path}: tables or lists more than {DEEPEST} deep inside each other, expected a settings "
        "file"
    )


def _depth(value: object) -> int:
    """How many tables and lists a value is deep, counted until it is too deep anyway."""
    depth = 0
    level = [value]
    while level and depth <= DEEPEST:
        level = [inner for outer in level for inner in _inside(outer)]
        depth += bool(level)
    return depth


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
