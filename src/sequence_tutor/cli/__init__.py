"""The command line: one file a verb, which parses, calls and prints.

Nothing but the standard library is imported here, so that a command that is interrupted while the
rest is imported, which takes a second or two, ends as it should.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from sequence_tutor.cli.signals import as_a_process, status_of, word_of
from sequence_tutor.cli.streams import forget, open_missing

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: as after the program's name; None: the process's own, whose signals are then
            answered too.

    Returns:
        The exit status: 0; 2 after one sentence about what the user gave; 130 if interrupted, 143
        if terminated; 1 if whoever read the output has gone, as `| head` does when it has seen
        enough.
    """
    open_missing()
    if arguments is None:
        as_a_process()
        arguments = sys.argv[1:]
    try:
        from sequence_tutor.cli.program import run

        return _flushed(run(list(arguments)))
    except BrokenPipeError:
        forget(sys.stdout)
        forget(sys.stderr)
        return 1  # as rich does
    except OSError as error:  # of what is printed before a verb runs
        return _unprinted(error)
    except KeyboardInterrupt as interruption:  # while arguments were read, or once more
        print(f"sequence-tutor: {word_of(interruption)}", file=sys.stderr)
        return status_of(interruption)


def _flushed(status: int) -> int:
    """Meet a reader that has gone, or a full disk, here and not as the interpreter ends."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if status == 0:
            return _unprinted(error)
        forget(sys.stdout)  # it was said already
    return status


def _unprinted(error: OSError) -> int:
    forget(sys.stdout)
    reason = os.strerror(error.errno) if error.errno else str(error)
    print(f"sequence-tutor: standard output: {reason}", file=sys.stderr)
    return USAGE_ERROR
