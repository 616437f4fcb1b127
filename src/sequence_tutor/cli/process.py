"""The process itself: the signals that end it, its standard streams, the library's remarks."""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn, TextIO

from sequence_tutor.errors import Remark, printable

FIRST_SIGNAL_STATUS = 128  # a shell's exit status after a signal is this plus its number


class Terminated(KeyboardInterrupt):  # so that whatever cleans up after Ctrl-C does so here too
    """The process was asked to end by a signal of this `number`, not by Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def status_of(interruption: KeyboardInterrupt) -> int:
    """The exit status of a process that ended by it."""
    number = interruption.number if isinstance(interruption, Terminated) else signal.SIGINT
    return FIRST_SIGNAL_STATUS + number


def word_of(interruption: KeyboardInterrupt) -> str:
    """What happened, in a word."""
    return "terminated" if isinstance(interruption, Terminated) else "interrupted"


def handle_signals() -> None:
    """Handle Ctrl-C, termination and hang-up, unless the process was started with other handlers.

    What `nohup` or a shell's background job ignores stays ignored.
    """
    defaults = (signal.SIG_DFL, signal.default_int_handler)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) in defaults:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Raise an interruption, or end at once during an import.

    C code of the libraries turns an exception during an import into others, and leaves half a
    module behind. Nothing is lost by ending there, because files are written atomically.
    """
    ended = Terminated(number) if number != signal.SIGINT else KeyboardInterrupt()
    while frame is not None and frame.f_code.co_filename != "<frozen importlib._bootstrap>":
        frame = frame.f_back
    if frame is None:
        raise ended
    try:
        os.write(2, f"sequence-tutor: {word_of(ended)}\n".encode())
    finally:
        os._exit(status_of(ended))


def open_missing() -> None:
    """Connect standard streams that the process was started without to the null device.

    Services, some schedulers and `>&-` in a shell close them. A file opened later would otherwise
    take the number of the missing stream, and receive what a library writes to standard error.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            _occupy(number)
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123  # never closed
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # for names that its encoding lacks


def _occupy(number: int) -> None:
    with suppress(OSError):
        opened = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


def discard(stream: TextIO) -> None:
    """Send later output to the null device; otherwise Python complains again as it ends."""
    with suppress(OSError, ValueError, AttributeError):  # no file of the system, as in a notebook
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


@contextmanager
def remarks(*, quiet: bool) -> Iterator[None]:
    """Print each remark of the library once, without its place in the program.

    Args:
        quiet: print none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if quiet else "default", Remark)
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
            if issubclass(category, Remark):
                print(f"sequence-tutor: {printable(str(message))}", file=sys.stderr)
            else:
                usual(message, category, *rest, **more)

        warnings.showwarning = show
        yield
