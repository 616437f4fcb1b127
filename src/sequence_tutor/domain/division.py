"""Dividing data into training, validation and test parts, by content alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TRAIN, VALIDATION, TEST = range(3)


def divide(places: NDArray[np.float64], validation: float, test: float) -> NDArray[np.int8]:
    """The part of each item: validation below `validation`, test in the `test` above, else train.

    An item keeps its part when others are added. Only if a part would be empty, by chance among few
    items, are the boundaries moved until each part has one; with fewer items than parts nothing is
    moved.

    Args:
        places: (S,) in [0, 1): a hash of each item's content; equal ones stay together.
        validation: share of that part; 0: it is empty.
        test: likewise.

    Returns:
        (S,) `TRAIN`, `VALIDATION` or `TEST`.

    Raises:
        ValueError: the shares are negative or leave nothing for training.
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
