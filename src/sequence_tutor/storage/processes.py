"""Which machine this is, and whether one of its processes is still there."""

from __future__ import annotations

import hashlib
import os
import platform
import signal
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_START_FIELD = 19  # of /proc/PID/stat after the name in brackets: the 22nd of proc(5)


@cache
def machine() -> str:
    """A name that two machines, two starts of one, or two containers do not share.

    Process numbers can be compared only where it is the same.
    """
    facts = [platform.node()]
    for path in ("sys/kernel/random/boot_id", "self/ns/pid"):
        place = _PROC / path
        try:
            fact = str(place.readlink()) if place.is_symlink() else place.read_text().strip()
        except OSError:  # a system without /proc
            fact = ""
        facts.append(fact)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def is_alive(process: int, start: str | None = None) -> bool:
    """Whether a process of this machine is there.

    Args:
        process: its number.
        start: what `start_of` said of it; another process of the same number is not it.
    """
    if sys.platform == "win32":  # where os.kill ends a process instead of asking for it
        return process == os.getpid()
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):  # gone; no number of a process
        return False
    except PermissionError:  # another user's
        pass
    if process != os.getpid() and _state(process) in ("Z", "X"):  # dead, and nobody asked yet
        return False
    return start is None or start_of(process) == start


def start_of(process: int) -> str | None:
    """When a process began, in the system's own units; None: the system does not say."""
    fields = _fields(process)
    return fields[_START_FIELD] if len(fields) > _START_FIELD else None


def end_marked(name: str, value: str) -> None:
    """Kill every process of this machine in whose environment a name has a value.

    A process may leave its group and its session, or outlive the one that started it, but it keeps
    the environment that it was started with. Without /proc nothing is done.

    Args:
        name: of a variable.
        value: a random one, so that nothing else has it.
    """
    mark = f"{name}={value}".encode()
    for entry in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # another user's, or gone
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)


def _state(process: int) -> str:
    return next(iter(_fields(process)), "")


def _fields(process: int) -> list[str]:
    """What stands in /proc/PID/stat after the name, which may hold anything; [] without it."""
    try:
        text = (_PROC / str(process) / "stat").read_text(errors="replace")
    except (OSError, ValueError):
        return []
    return text.rpartition(")")[2].split()
