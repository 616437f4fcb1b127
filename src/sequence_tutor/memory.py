"""Freed memory stays with the program, where the next tensor of that size finds it warm."""

from __future__ import annotations

import ctypes
import platform

# Names and numbers of glibc's <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_GIB = 2**30
_MOST_OF_OLD_VERSIONS = 32 * 2**20  # of M_MMAP_THRESHOLD; they refuse a larger one


def keep_freed_memory() -> bool:
    """Let glibc keep what is freed, up to 1 GiB, and serve blocks of up to 1 GiB from it.

    By default it hands large blocks back to the system at once, and whoever needs the next one
    waits for fresh pages: a fifth of an update on 64 molecules. The whole process is concerned, so
    this is for programs to call, not for libraries. With another C library nothing happens.

    Returns:
        Whether it was done.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    served = mallopt(_M_MMAP_THRESHOLD, _GIB) or mallopt(_M_MMAP_THRESHOLD, _MOST_OF_OLD_VERSIONS)
    return bool(served and mallopt(_M_TRIM_THRESHOLD, _GIB))
