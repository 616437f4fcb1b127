"""The command line: one dataclass a verb, which parses its arguments, calls and prints.

Only light modules are imported here, so that a command that is interrupted while the rest is
imported, which takes a second or two, ends cleanly.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from sequence_tutor.cli.process import discard, handle_signals, open_missing, status_of, word_of

USAGE_ERROR = 2

SPINS = 2000
"""Tries for which a thread waits on its core before it sleeps; see docs/scale.md."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: as after the program's name; None: the process's own, whose signals are then
            handled too.

    Returns:
        The exit status: 0; 2 after one sentence about what the user gave; 130 if interrupted, 143
        if terminated; 1 if the reader of the output has gone, as `| head` does.
    """
    open_missing()
    _wait_briefly()
    if arguments is None:
        handle_signals()
        arguments = sys.argv[1:]
    try:
        from sequence_tutor.cli.program import run

        return _flushed(run(list(arguments)))
    except BrokenPipeError:
        discard(sys.stdout)
        discard(sys.stderr)
        return 1  # as rich does
    except OSError as error:  # raised by what is printed before a verb runs
        return _unprinted(error)
    except KeyboardInterrupt as interruption:  # while arguments were read, or a second time
        print(f"sequence-tutor: {word_of(interruption)}", file=sys.stderr)
        return status_of(interruption)


def _wait_briefly() -> None:
    """Threads that wait for one another soon leave their cores to other programs.

    GNU OpenMP reads this once, when torch is loaded. Without it threads spin for milliseconds, and
    where all wait at once without spinning (`OMP_WAIT_POLICY=passive`) two are slower than one.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def _flushed(status: int) -> int:
    """Detect a reader that has gone, or a full disk, here and not as the interpreter ends."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if status == 0:
            return _unprinted(error)
        discard(sys.stdout)  # an error was printed already
    return status


def _unprinted(error: OSError) -> int:
    discard(sys.stdout)
    reason = os.strerror(error.errno) if error.errno else str(error)
    print(f"sequence-tutor: standard output: {reason}", file=sys.stderr)
    return USAGE_ERROR
