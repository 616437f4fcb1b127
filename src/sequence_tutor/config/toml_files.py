"""A user's settings file: TOML of a size and depth that people write."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError, shortened

LARGEST = 2**20  # bytes; the largest shipped one has a few thousand
DEEPEST = 16  # tables and lists inside each other; our settings need five


def read_toml(path: Path) -> Mapping[str, Any]:
    """A user's settings file.

    Returns:
        Its tables; `Any` because values are checked only when settings are built.

    Raises:
        UserError: the file is missing, not TOML, or larger or deeper than any settings are.
    """
    if path.exists() and not path.is_file():  # several verbs read it twice, which no pipe allows
        what = "folder" if path.is_dir() else "pipe or a device"
        raise UserError(f"{path}: a {what}, expected a settings file")
    if not path.is_file():
        raise UserError(f"{path}: there is no such settings file")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UserError(f"{path}: larger than {LARGEST:,} bytes, expected a settings file")
    try:
        tables = tomllib.loads(content.decode("utf-8-sig"))
    except RecursionError:
        tables = None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path} line {line}: not UTF-8 text, expected a TOML file saved as UTF-8"
        ) from error
    except ValueError as error:  # not TOML, or a number of thousands of digits
        raise UserError(
            f"{path}: not a TOML file ({shortened(str(error), 200)}){_hint(error)}"
        ) from error
    if tables is None or _depth(tables) > DEEPEST:
        raise UserError(
            f"{path}: tables or lists more than {DEEPEST} deep inside each other, expected a "
            "settings file"
        )
    return tables


def _hint(error: ValueError) -> str:
    """Advice where a backslash is not an escape of TOML, as in a SMILES with a double bond."""
    if "\\" not in str(error) and "hex value" not in str(error):
        return ""
    return r"; text with a backslash stands in single quotes: 'F/C=C\C'"


def _depth(value: object) -> int:
    """The depth of tables and lists in a value, counted to one beyond `DEEPEST`."""
    depth = 0
    level = [value]
    while level and depth <= DEEPEST:
        lists = [list(one.values()) if isinstance(one, Mapping) else one for one in level]
        level = [inner for one in lists if isinstance(one, list) for inner in one]
        depth += bool(level)
    return depth
