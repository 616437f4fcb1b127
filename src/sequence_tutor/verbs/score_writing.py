"""Writing scores, as they come, into one or two files at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from sequence_tutor.domain import Domain
from sequence_tutor.step_scores import Scored
from sequence_tutor.token_lines import json_lines_writer

_JSON_SUFFIXES = (".jsonl", ".json")


def write_scores(
    room: Domain, lines: Path | None, table: Path | None, scored: Iterable[Scored]
) -> None:
    """Write every score; the files appear once all are there.

    Args:
        room: what the scores are of.
        lines: file of JSON lines, whatever it is called; None: none.
        table: file of the kind that its name says; None: none.
        scored: the scores, taken one by one.

    Raises:
        UserError: a kind of file that cannot be written; nothing was scored.
    """
    with ExitStack() as stack:
        writers: list[Callable[[Scored], None]] = []
        if lines is not None:
            writers.append(stack.enter_context(json_lines_writer(lines)))
        if table is not None:
            is_json = table.suffix.lower() in _JSON_SUFFIXES
            writer = json_lines_writer(table) if is_json else room.score_writer(table)
            writers.append(stack.enter_context(writer))
        for one in scored:
            for write in writers:
                write(one)
