"""Identity of this machine, and whether one of its processes is alive."""

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
    """An identifier that differs between machines, restarts of one, and containers.

    Process numbers are comparable only if it is equal.
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
    """Whether a process of this machine is alive.

    With `start`, its `start_of`, another process with the same number does not count.
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
    """When a process started, in the system's units; None: the system does not tell."""
    fields = _fields(process)
    return fields[_START_FIELD] if len(fields) > _START_FIELD else None


def end_marked(name: str, value: str) -> None:
    """Kill every process of this machine that has `name=value` in its environment.

    A process can leave its group and session, or outlive its parent, but keeps its environment.
    Without /proc nothing is done. The value must be random.
    """
    mark = f"{name}={value}".encode()
    for entry in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # another user's, or gone
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)


def _state(process: int) -> str:
    return next(iter(_fields(process)), "")


def _fields(process: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; [] if there are none."""
    try:
        text = (_PROC / str(process) / "stat").read_text(errors="replace")
    except (OSError, ValueError):
        return []
    return text.rpartition(")")[2].split()
