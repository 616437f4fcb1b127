"""Checks of a verb's arguments before hours of work: what can be written, what fits."""

from __future__ import annotations

import os
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.execution.memory import require_memory


def check_outputs(verb: object) -> None:
    """Check, before hours of work, that the output files and folders of a verb can be written.

    Args:
        verb: its arguments; `json`, `markdown` and `html` are files, `out` is a folder unless the
            verb has `OUT_IS_FILE`.

    Raises:
        UserError: something else is there, or this user may not write there.
    """
    from sequence_tutor.storage.named_files import is_special

    for name in ("out", "json", "markdown", "html"):
        path: Path | None = getattr(verb, name, None) or getattr(
            getattr(verb, "shown", None), name, None
        )
        if path is None:
            continue
        is_file = name != "out" or getattr(verb, "OUT_IS_FILE", False)
        if is_file and is_special(path):
            if path.exists() and not os.access(path, os.W_OK):
                raise UserError(f"--{name} {path}: this user may not write there")
            continue
        if is_file and path.is_dir():
            raise UserError(f"--{name} {path}: a folder is there, expected a file")
        folder = Path(os.path.realpath(path)).parent if is_file else path
        above = (folder, *folder.absolute().parents)
        nearest = next(one for one in above if one.exists() or one.is_symlink())
        if not nearest.exists():
            raise UserError(f"--{name} {path}: {nearest} is a link that leads nowhere")
        if not nearest.is_dir():
            raise UserError(f"--{name} {path}: {nearest} is a file, expected a folder")
        if not os.access(nearest, os.W_OK):
            raise UserError(f"--{name} {path}: nothing may be written in {nearest}")


def check_sizes(verb: object) -> None:
    """Refuse numbers of sequences or studies that cannot fit into memory, at 8 bytes each.

    Raises:
        UserError: it names the option and what would fit.
    """
    for name in ("samples", "pool", "pairs", "studies", "seeds"):
        number = getattr(verb, name, None)
        if isinstance(number, int):
            require_memory(f"--{name}", number, 8)
