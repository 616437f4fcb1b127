"""One process at a time writes in a folder; a lock of a dead process does not block.

A file `.lock` names the process and machine that write. It is created exclusively, which also works
on network disks without `flock`, and touched every few seconds. Another process takes the lock
over once its holder is dead: on the same machine the system knows that at once; on another machine,
or in another container, it is assumed after a minute without a touch.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.storage.files import LEFTOVER, LOCK_FILE, remove_leftovers
from sequence_tutor.storage.processes import is_alive, machine, start_of

HEARTBEAT = 10.0  # seconds
SILENCE = 60.0  # seconds without a heartbeat until a process elsewhere counts as dead
_LONGEST_NOTE = 4096  # bytes of a lock


class _TakenError(Exception):
    """A process of another machine holds a lock."""


@dataclass(frozen=True)
class Holder:
    """The process that writes in a folder."""

    host: str  # the machine's name, for messages
    machine: str  # `processes.machine` there
    process: int  # its number
    start: str | None  # `processes.start_of` it
    token: str  # random, of this one lock

    @classmethod
    def this_process(cls) -> Holder:
        """The current process, with a new token."""
        own = os.getpid()
        return cls(platform.node(), machine(), own, start_of(own), secrets.token_hex(8))


@contextmanager
def writing_in(folder: Path, wait: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Lock a folder against other processes.

    The folder is created, and removed again if nothing was written into it; partial files from a
    crash are removed. `wait` sleeps for a number of seconds; it is used only if a process of
    another machine touched the lock less than a minute ago.

    Raises:
        UserError: another process writes there.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    lock, own = folder / LOCK_FILE, Holder.this_process()
    while not _take(lock, own):
        _clear(lock, wait)
    stopped = threading.Event()
    beating = threading.Thread(target=_beat, args=(lock, own, stopped), daemon=True)
    beating.start()
    try:
        remove_leftovers(folder)
        yield
    finally:
        stopped.set()
        beating.join()
        if _holder(lock) == own:
            lock.unlink(missing_ok=True)
        if is_new:
            with suppress(OSError):  # something was written
                folder.rmdir()


@contextmanager
def lease(folder: Path) -> Iterator[bool]:
    """Whether this process may write in a folder; if so, it holds the lock until the block ends.

    As `writing_in`, but it waits for nobody and refuses with False.
    """
    held = writing_in(folder, wait=_pass_over)
    try:
        held.__enter__()
    except (UserError, _TakenError, FileNotFoundError):  # held, or just given up by another
        yield False
        return
    try:
        yield True
    finally:
        held.__exit__(None, None, None)


def writer_of(folder: Path) -> int | None:
    """The process of this machine that writes in a folder now; None: there is none."""
    holder = _holder(folder / LOCK_FILE)
    if holder is None or holder.machine != machine():
        return None
    return holder.process if is_alive(holder.process, holder.start) else None


def _take(lock: Path, own: Holder) -> bool:
    """Create the lock with its content at once; False: there is one already."""
    beside = lock.with_name(f"{LEFTOVER}{own.machine[:8]}-{own.process}-{own.token}-lock")
    try:
        beside.write_text(json.dumps(asdict(own)), encoding="utf-8")
        try:
            lock.hardlink_to(beside)
        except FileExistsError:
            return False
        except OSError:  # a disk without hard links
            return _create(lock, beside.read_bytes())
    finally:
        beside.unlink(missing_ok=True)
    return True


def _create(lock: Path, content: bytes) -> bool:
    try:
        number = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except FileExistsError:
        return False
    try:
        os.write(number, content)
    finally:
        os.close(number)
    return True


def _clear(lock: Path, wait: Callable[[float], None]) -> None:
    """Remove a lock whose process is dead; refuse to go on if it is alive."""
    holder = _holder(lock)
    if holder is not None and holder.machine == machine():
        if is_alive(holder.process, holder.start):
            raise UserError(
                f"{lock.parent}: process {holder.process} of this machine writes there; wait until "
                "it has ended, or use another --out"
            )
    elif _is_touched(lock, wait):
        who = f"process {holder.process} of {holder.host}" if holder else "another process"
        raise UserError(
            f"{lock.parent}: {who} writes there; wait until it has ended, or use another --out; if "
            f"it is gone, give the same command again in a minute, or delete {lock}"
        )
    _remove(lock, holder)


def _is_touched(lock: Path, wait: Callable[[float], None]) -> bool:
    """Whether a process of another machine still holds the lock, by the disk's clock."""
    begun = _touched_at(lock)
    while begun is not None and _now_at(lock) - begun < SILENCE:
        wait(1.0)
        if _touched_at(lock) != begun:
            return _touched_at(lock) is not None
    return False


def _touched_at(lock: Path) -> float | None:
    try:
        with lock.open("rb") as file:  # opening it makes a network disk ask its server
            return os.fstat(file.fileno()).st_mtime
    except OSError:
        return None


def _now_at(lock: Path) -> float:
    """The time by the clock that stamps files there."""
    own = Holder.this_process()
    probe = lock.with_name(f"{LEFTOVER}{own.machine[:8]}-{own.process}-{own.token}-now")
    try:
        probe.touch()
        return probe.stat().st_mtime
    finally:
        probe.unlink(missing_ok=True)


def _remove(lock: Path, holder: Holder | None) -> None:
    """Remove the lock of this holder, but not one that replaced it meanwhile."""
    aside = lock.with_name(f"{LEFTOVER}{machine()[:8]}-{os.getpid()}-{secrets.token_hex(6)}-old")
    try:
        lock.rename(aside)
    except FileNotFoundError:  # another process was faster
        return
    if _holder(aside) != holder:
        with suppress(OSError):
            lock.hardlink_to(aside)
    aside.unlink(missing_ok=True)


def _holder(lock: Path) -> Holder | None:
    """The holder that a lock names; None: it is missing or damaged."""
    try:
        with lock.open("rb") as file:
            return Holder(**json.loads(file.read(_LONGEST_NOTE)))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _beat(lock: Path, own: Holder, stopped: threading.Event) -> None:
    """Touch the lock until it is released or belongs to another process."""
    while not stopped.wait(HEARTBEAT):
        if _holder(lock) != own:
            return
        with suppress(OSError):
            os.utime(lock)


def _pass_over(_seconds: float) -> None:
    raise _TakenError
