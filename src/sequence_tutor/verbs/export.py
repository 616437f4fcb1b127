"""`export`: a tuned run or a prior as a file or folder for another program."""

from __future__ import annotations

import warnings
from pathlib import Path

from sequence_tutor.errors import Remark
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.exporting.formats import find_format
from sequence_tutor.storage.files import PathLike, named_path


def export(
    model: Model | PathLike,
    out: PathLike,
    *,
    to: str,
    trust: bool = False,
    prior: PathLike | None = None,
) -> Path:
    """Write a model in the format of another program.

    Args:
        model: the model, or the folder of a finished run or of a prior, or a shipped prior's name.
        out: the file or the folder to write.
        to: a name of `exporting.formats.FORMATS`, such as "json".
        trust: run the code that the folder's records name, see `trust`.
        prior: new location of a prior that is not ours, if it has moved.

    Returns:
        The path of what was written.

    Raises:
        UserError: there is no such model or format, or the format has no place for the model.
    """
    out, chosen = named_path(out), find_format(to)
    if not isinstance(model, Model):
        model = load_model(model, trust=trust, prior=prior)
    for remark in chosen.write(model, out):
        warnings.warn(remark, Remark, stacklevel=2)
    return out
