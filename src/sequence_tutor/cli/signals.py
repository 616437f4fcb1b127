"""What a process does when it is asked to end: by Ctrl-C, by a scheduler, by a closed terminal."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

PROMPT = 128  # and the signal's number is the exit status, as shells have it
_IMPORTING = "<frozen importlib._bootstrap>"
_ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")


class Terminated(KeyboardInterrupt):  # what it derives from is no error either
    """The process was asked to end; whatever cleans up after Ctrl-C does so now.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def status_of(interruption: KeyboardInterrupt) -> int:
    """The exit status of a process that ended by it."""
    number = interruption.number if isinstance(interruption, Terminated) else signal.SIGINT
    return PROMPT + number


def word_of(interruption: KeyboardInterrupt) -> str:
    """What happened, in a word."""
    return "terminated" if isinstance(interruption, Terminated) else "interrupted"


def as_a_process() -> None:
    """Answer the signals that end a process, as long as nothing else was arranged for them.

    What `nohup` or a shell's background job ignores stays ignored.
    """
    usual = (signal.SIG_DFL, signal.default_int_handler)
    for name in _ENDINGS:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) in usual:
            signal.signal(number, _answer)


def _answer(number: int, frame: FrameType | None) -> NoReturn:
    """Interrupt what is done, or end at once where that would go wrong.

    An import cannot be interrupted: C code of the libraries turns the exception into others, and
    half a module stays behind. Nothing is lost by ending there, for files are whole at any moment.
    """
    if _is_importing(frame):
        word = "interrupted" if number == signal.SIGINT else "terminated"
        _end(number, word)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise Terminated(number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


def _end(number: int, word: str) -> NoReturn:
    try:
        os.write(2, f"sequence-tutor: {word}\n".encode())
    finally:
        os._exit(PROMPT + number)
