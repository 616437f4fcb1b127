"""Dividing data into what is learned from, stopped by and reported on, by content alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TRAIN, VALIDATION, TEST = range(3)


def divide(places: NDArray[np.float64], validation: float, test: float) -> NDArray[np.int8]:
    """The side of each piece: its place below `validation`, in the `test` above it, or beyond.

    So a piece keeps its side whatever else is added. Only where the shares would leave a side
    empty, which among few pieces is bad luck, the ends of the sides move, in the order of places,
    until each has one; of fewer pieces than sides nothing is moved.

    Args:
        places: (S,) in [0, 1): a hash of each piece's content; equal places stay together.
        validation: share of that side; 0: it is to be empty.
        test: likewise.

    Returns:
        (S,) `TRAIN`, `VALIDATION` or `TEST`.

    Raises:
        ValueError: when the shares are negative or leave nothing to train on.
    """
    if validation < 0 or test < 0 or validation + test >= 1:
        raise ValueError(f"shares of {validation} and {test} must leave some for training")
    distinct, piece = np.unique(places, return_inverse=True)
    fewest = [int(validation > 0), int(test > 0), 1]
    first, second = np.searchsorted(distinct, (validation, validation + test)).tolist()
    if len(distinct) >= sum(fewest):
        first = max(first, fewest[0])
        second = min(max(second, first + fewest[1]), len(distinct) - 1)
        first = min(first, second - fewest[1])
    sizes = (first, second - first, len(distinct) - second)
    sides = np.repeat(np.array((VALIDATION, TEST, TRAIN), dtype=np.int8), sizes)
    return sides[piece]
