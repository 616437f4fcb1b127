"""Rules of melodies as a package: after `pip install`, `--rules early` means this module."""

from __future__ import annotations

from typing import Any

from torch import Tensor

WEIGHTS = {"soon": 4.0}


def soon(melodies: Any) -> Tensor:
    """Pay 1 for each note that begins in the first two quarters."""
    paid: Tensor = melodies.is_pitched.double()  # (B, T)
    paid[:, 8:] = 0.0
    return paid
