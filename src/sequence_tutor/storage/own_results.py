"""A folder's results are replaced by those that this program writes only if it wrote them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sequence_tutor.errors import UserError


def check_results(folder: Path, names: Sequence[str], entry: str) -> None:
    """Refuse, before hours of work, to replace files of somebody else in a folder of results.

    Args:
        folder: it may hold anything, and need not be there.
        names: of the files that will be written; the first one is JSON, and written first.
        entry: a name that ours has in it.

    Raises:
        UserError: there is a file of such a name, and the first one is not ours.
    """
    there = [name for name in names if (folder / name).exists() or (folder / name).is_symlink()]
    if not there:
        return
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads((folder / names[0]).read_text(encoding="utf-8"))
        if isinstance(found, dict) and entry in found:
            return
    raise UserError(
        f"{folder / there[0]}: not written by this command, which would replace it; use another "
        "folder"
    )
