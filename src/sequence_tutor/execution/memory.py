"""The memory of this machine: checks before an allocation, and the error for too little."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

from sequence_tutor.errors import UserError

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_TORCH = re.compile(
    r"can't allocate memory: you tried to allocate (\d+) bytes|Storage size calculation overflowed|"
    r"invalid argument for resize|out of memory"
)


@cache
def total_memory() -> int | None:
    """Bytes of memory of this machine or container; None: unknown."""
    found = []
    with suppress(ValueError, OSError, AttributeError):  # a system without sysconf
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for limit in _LIMITS:
        with suppress(ValueError, OSError):  # none, which is called "max", or no Linux
            found.append(int(Path(limit).read_text(encoding="ascii")))
    return min(found, default=None)


def require_memory(size: str, number: int, each: int) -> None:
    """Refuse a value of the setting `size` for which memory is too small.

    Raises:
        UserError: `number` times `each` bytes are more than the machine has.
    """
    total = total_memory()
    if total is not None and number * each > total:
        raise UserError(
            f"{size} is {number:,}, which takes at least {_bytes(number * each)} of memory; "
            f"expected at most {total // max(each, 1):,}, for which the {_bytes(total)} of this "
            "machine would do"
        )


def too_large(error: Exception) -> str | None:
    """A sentence for an error that means that memory is exhausted; None for any other error."""
    asked = ""
    if isinstance(error, RuntimeError):
        found = _TORCH.search(str(error))
        if found is None:
            return None
        asked = f" ({_bytes(int(found[1]))} were asked for at once)" if found[1] else ""
    elif not isinstance(error, MemoryError):
        return None
    return (
        f"there is not enough memory for that{asked}; expected smaller numbers, such as tune.batch "
        "and tune.collect, a shorter length, or fewer samples"
    )


def _bytes(number: int) -> str:
    power = min((len(str(number)) - 1) // 3, len(_UNITS) - 1)
    return f"{number / 1000**power:,.3g} {_UNITS[power]}"
