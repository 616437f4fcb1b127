"""Checks of a verb's arguments before hours of work: what can be written, what fits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError, shown
from sequence_tutor.execution.memory import require_memory

OUTPUTS = ("out", "workspace", "json", "markdown", "html")
FOLDERS = ("workspace",)

OWN_FILES = ("run.json", "card.json", "prior.json", "training.jsonl")
"""Beside `.safetensors`, files of a run or a prior that no other output may replace."""

LARGEST_SEED = 2**53  # as `config.settings` has it, which is slow to import


def check_outputs(verb: object) -> None:
    """Check, before hours of work, that the output files and folders of a verb can be written.

    Args:
        verb: its arguments; `json`, `markdown` and `html` are files, `workspace` is a folder, and
            so is `out` unless the verb has `OUT_IS_FILE`.

    Raises:
        UserError: something else is there, this user may not write there, or a file that is read,
            one of a run or a prior, or another output would be replaced.
    """
    from sequence_tutor.storage.named_files import is_special

    written: dict[str, str] = {}
    made: Path | None = None
    for name in OUTPUTS:
        path: Path | None = getattr(verb, name, None) or getattr(
            getattr(verb, "shown", None), name, None
        )
        if path is None:
            continue
        is_file = getattr(verb, "OUT_IS_FILE", False) if name == "out" else name not in FOLDERS
        if is_file and is_special(path):
            if path.exists() and not os.access(path, os.W_OK):
                raise UserError(f"--{name} {path}: this user may not write there")
            continue
        if is_file and path.is_dir():
            raise UserError(f"--{name} {path}: a folder is there, expected a file")
        folder = Path(os.path.realpath(path)).parent if is_file else path
        above = (folder, *folder.absolute().parents)
        if is_file and path.parent.is_symlink() and not path.parent.exists():
            above = (path.parent,)
        nearest = next(one for one in above if one.exists() or one.is_symlink())
        if not nearest.exists():
            raise UserError(f"--{name} {path}: {nearest} is a link that leads nowhere")
        if not nearest.is_dir():
            raise UserError(f"--{name} {path}: {nearest} is a file, expected a folder")
        if not os.access(nearest, os.W_OK):
            raise UserError(f"--{name} {path}: nothing may be written in {nearest}")
        if is_file:
            written[f"--{name}"] = os.path.realpath(path)
        else:
            made = Path(os.path.realpath(path))
    for option, file in written.items():
        if made is not None and Path(file) in (made, *made.parents):
            raise UserError(f"{option} {file}: --out makes a folder there, expected a file")
    _check_losses(verb, written)


def _check_losses(verb: object, written: dict[str, str]) -> None:
    """Refuse output files that would replace each other, or what somebody still needs.

    Args:
        verb: its arguments.
        written: option -> file that it writes.
    """
    read = {os.path.realpath(path) for path in _files_read(verb)}
    by_file: dict[str, str] = {}
    for option, file in written.items():
        path = Path(file)
        if file in by_file:
            raise UserError(
                f"{by_file[file]} and {option} are both {path.name}, expected two files"
            )
        by_file[file] = option
        if file in read:
            raise UserError(f"{option} {path.name}: the same file is read, expected another name")
        is_own = path.name in OWN_FILES or path.suffix == ".safetensors"
        beside = any((path.parent / one).exists() for one in ("run.json", "prior.safetensors"))
        if is_own and beside and path.exists():
            raise UserError(
                f"{option} {path}: a file of the run or prior in {path.parent.name}, expected "
                "another name"
            )


def _files_read(arguments: Any) -> Iterator[Path]:
    """The existing files that a verb is given to read."""
    for name in (field.name for field in fields(arguments)):
        given = getattr(arguments, name)
        if is_dataclass(given):
            yield from _files_read(given)
        elif name not in OUTPUTS:
            several = given if isinstance(given, tuple) else (given,)
            yield from (one for one in several if isinstance(one, Path) and one.is_file())


def check_sizes(verb: object) -> None:
    """Refuse numbers of sequences or studies that cannot fit into memory, at 8 bytes each.

    A seed is such as a settings file may have: generators take no larger ones, some none below 0.

    Raises:
        UserError: it names the option and what would fit.
    """
    seed = getattr(verb, "seed", None)
    if isinstance(seed, int) and not 0 <= seed <= LARGEST_SEED:
        raise UserError(f"--seed {shown(seed)}: expected a number from 0 to {LARGEST_SEED:,}")
    for name in ("samples", "pool", "pairs", "studies", "seeds"):
        number = getattr(verb, name, None)
        if isinstance(number, int):
            require_memory(f"--{name}", number, 8)
