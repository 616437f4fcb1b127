"""Standard streams that are not there, or whose readers have gone."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

_STREAMS = ("stdin", "stdout", "stderr")


def open_missing() -> None:
    """Give a program that was started without a standard stream one that leads nowhere.

    Services, some schedulers and `>&-` in a shell close them. A file opened later would otherwise
    take the number of the missing one, and what a library writes to standard error would end up
    in it.
    """
    for number, name in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            _occupy(number)
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            nowhere = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123  # as long as we
            setattr(sys, name, nowhere)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # names that its encoding has not


def forget(stream: TextIO) -> None:
    """Let what is written from now on lead nowhere; else Python complains once more as it ends."""
    with suppress(OSError, ValueError, AttributeError):  # no file of the system, as in a notebook
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _occupy(number: int) -> None:
    with suppress(OSError):
        opened = os.open(os.devnull, os.O_RDWR)  # the lowest that is free
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
