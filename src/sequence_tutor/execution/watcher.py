"""A small process that ends users' programs once this process is gone, even if it was killed.

A program that computes does not notice that its input was closed, and one that docks a batch would
go on for hours for nobody. `PR_SET_PDEATHSIG` is no help: it is set between fork and exec, where
Python may hang beside other threads, it follows the thread that started the program, and what the
program has started itself lives on. So another process waits for the end of a pipe that this one
alone holds; whichever way this one ends, the system closes the pipe.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

WATCHED = "SEQUENCE_TUTOR_WATCHED"
"""Environment variable of the programs of one watcher, and of all that they start."""

_PROGRAM = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from sequence_tutor.storage.processes import end_marked
sys.stdin.buffer.read()
end_marked(*sys.argv[2:])
"""


class Watcher:
    """Ends every process that has `environment` in its own when this process ends, or `close`.

    It finds them by /proc; without that nothing is watched.

    Attributes:
        environment: what the programs are to be started with.
    """

    def __init__(self) -> None:
        self.environment = {WATCHED: secrets.token_hex(16)}
        self._end: Callable[[], object] = lambda: None
        if not Path("/proc/self/environ").exists():
            return
        arguments = [json.dumps(sys.path), WATCHED, self.environment[WATCHED]]
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what interrupts this process does not end it
        )
        self._end = weakref.finalize(self, _end, process)

    def close(self) -> None:
        """End what is left of the programs; may be called again."""
        self._end()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.communicate()  # closes its input, which it waits for
