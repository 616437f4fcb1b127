"""Pictures of scores, where the extra `score` is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

from sequence_tutor.errors import UserError
from sequence_tutor.melody.writing import engraver

PATIENCE = 60.0  # seconds, and one more for each score; a score takes some milliseconds
AT_ONCE = 500
"""Scores drawn by one process, which bounds its memory."""


def can_engrave() -> bool:
    """Whether verovio is installed."""
    return find_spec("verovio") is not None


def engrave(scores: Sequence[str]) -> Iterator[str]:
    """Draw scores in a child process.

    Args:
        scores: MusicXML as `notation` writes it, and from nobody else.

    Yields:
        SVG of each; the same score gives the same picture.

    Raises:
        UserError: verovio failed.
    """
    for first in range(0, len(scores), AT_ONCE):
        yield from _drawn(scores[first : first + AT_ONCE])


def _drawn(scores: Sequence[str]) -> list[str]:
    # -P: the program's own folder has modules named as some of Python's
    command = [sys.executable, "-P", engraver.__file__]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(list(scores)),
            capture_output=True,
            text=True,
            timeout=PATIENCE + len(scores),
            check=True,
        )
    except subprocess.SubprocessError as error:
        said = (getattr(error, "stderr", None) or "").strip().rpartition("\n")[2]
        status = getattr(error, "returncode", None)
        how = "did not end in time" if status is None else f"ended with status {status}"
        raise UserError(
            f"scores could not be drawn: verovio {how}{f' ({said})' if said else ''}; "
            "pip uninstall verovio leaves them out"
        ) from error
    pictures: list[str] = json.loads(done.stdout)
    return pictures
