"""The result file of a finished run of a comparison or a benchmark, and its model.

A result contains a SHA-256 of its content, which is checked on reading: a number that was damaged
or changed by hand is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model, executed_by
from sequence_tutor.foreign import said
from sequence_tutor.prior.protocol import device_of
from sequence_tutor.storage.files import write_text
from sequence_tutor.tuner.loop import STATE_FILE
from sequence_tutor.tuner.order import Order
from sequence_tutor.tuner.run_record import load_spec

RESULT_FILE = "result.json"
CHECKSUM = "sha256"

Result = TypeVar("Result")


def write_result(path: Path, found: Mapping[str, Any]) -> None:
    """Write a result; infinite ends of intervals stay, because only `read_result` reads it."""
    write_text(path, json.dumps({**found, CHECKSUM: _checksum(found)}, indent=2) + "\n")


def read_result(path: Path, understood: Callable[[dict[str, Any]], tuple[Result, bool]]) -> Result:
    """A result.

    Args:
        path: of its `RESULT_FILE`.
        understood: makes the result from its JSON, and tells whether it has the settings that are
            asked for now.

    Raises:
        UserError: it is damaged, or has other settings.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        written = found.pop(CHECKSUM, None)  # earlier versions wrote none
        if written not in (None, _checksum(found)):
            raise ValueError("its checksum is not that of its content")
        result, is_asked = understood(found)
    except Exception as error:  # no JSON, brackets without an end, a table of another kind, ...
        raise UserError(
            f"{path}: damaged ({said(error)}); delete it, and the run is repeated"
        ) from error
    if not is_asked:
        raise UserError(
            f"{path.parent}: holds a run with other settings; use another --out or delete it"
        )
    return result


def _checksum(found: Mapping[str, Any]) -> str:
    text = json.dumps(json.loads(json.dumps(found)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def drop_state(folder: Path) -> None:
    """Remove the state from which a run would resume: tens of megabytes."""
    (folder / STATE_FILE).unlink(missing_ok=True)


def tuned(order: Order, out: Path) -> Model:
    """The tuned model of an order that was carried out in a folder."""
    given = order.given
    model = load_model(
        out, device_of(order.stored.prior), given.rules, prior=order.stored, reward=given.reward
    )
    # code that this call named may run, but not code named by a folder of somebody else's
    trust = load_spec(out).folder == order.spec.folder
    return executed_by(replace(model, trust=trust), order.executor)
