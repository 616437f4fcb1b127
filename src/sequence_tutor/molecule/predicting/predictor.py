"""What a model is to a term: rows of features in, one number for each out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.features import Row

Numbers = NDArray[np.float64]


class Predictor(Protocol):
    """A model that is loaded.

    Attributes:
        size: features of a molecule that it takes; None: it does not say.
        feature_names: of the data that it was trained with; None: it does not say.
        version: of the library that computes it.
    """

    size: int | None
    feature_names: Sequence[str] | None
    version: str

    def predict(self, rows: Row) -> Numbers:
        """(N,) numbers of (N, F) features, NaN where there is none.

        Raises:
            UserError: the model cannot, or gives something else.
        """


def one_column(found: object, count: int, column: int | None, source: str) -> Numbers:
    """(N,) of the N predictions of a model, (N,) or (N, K).

    Args:
        found: what the model gave.
        count: N.
        column: which of K; None: there must be one.
        source: the term and its file, for messages.

    Raises:
        UserError: another shape, several columns and none chosen, or no such column.
    """
    try:
        values = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError(
            f"{source} gave {type(found).__name__} that holds no numbers, expected a number for "
            "each molecule"
        ) from None
    if values.ndim == 0 or len(values) != count or values.ndim > 2:
        raise UserError(
            f"{source} gave numbers of shape {values.shape} for {count} molecules, expected "
            f"({count},) or ({count}, K)"
        )
    table = values.reshape(count, -1)
    columns = table.shape[1]
    if column is None and columns != 1:
        raise UserError(
            f"{source} gave {columns} numbers for a molecule, expected column = 0 to {columns - 1} "
            "in the term's table"
        )
    if column is not None and column >= columns:
        raise UserError(
            f"{source} gave {columns} numbers for a molecule, expected column below {columns}, got "
            f"{column}"
        )
    return np.asarray(table[:, column or 0])
