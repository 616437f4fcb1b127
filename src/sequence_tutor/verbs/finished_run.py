"""A run that is over, of a comparison or a benchmark: its result stays, its state goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import said
from sequence_tutor.tuner.loop import STATE_FILE

RESULT_FILE = "result.json"

Result = TypeVar("Result")


def read_result(path: Path, understood: Callable[[dict[str, Any]], tuple[Result, bool]]) -> Result:
    """What a run came to.

    Args:
        path: of its `RESULT_FILE`.
        understood: makes of its tables (JSON, hence `Any`) the result, and says whether it is
            that of what is asked for now.

    Raises:
        UserError: it is damaged, or of something else.
    """
    try:
        result, is_asked = understood(json.loads(path.read_text(encoding="utf-8")))
    except Exception as error:  # no JSON, brackets without an end, a table of another kind, ...
        raise UserError(
            f"{path}: damaged ({said(error)}); delete it, and the run is made anew"
        ) from error
    if not is_asked:
        raise UserError(
            f"{path.parent}: holds a run with other settings; use another --out, or delete it to "
            "run it anew"
        )
    return result


def drop_state(folder: Path) -> None:
    """Remove the state that a run would have gone on from: tens of megabytes."""
    (folder / STATE_FILE).unlink(missing_ok=True)
