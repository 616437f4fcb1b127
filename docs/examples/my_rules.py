"""Rules of one's own for melodies: what `--rules my_rules.py` takes."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.melody.view import Melodies

# at c = 8, the default, a point of these makes a melody e = 2.7 times as likely; see `check`
WEIGHTS = {"on_the_beat": 8.0, "narrow": 8.0}


def on_the_beat(melodies: Melodies) -> Tensor:
    """Pay 1 for each note that begins on a quarter."""
    steps = torch.arange(melodies.tokens.shape[1])
    return (melodies.is_pitched & (steps % 4 == 0)).double()  # (B, T)


def narrow(melodies: Melodies) -> Tensor:
    """Punish, at the last step, each semitone of range beyond an octave."""
    sung = melodies.is_pitched & melodies.mask
    highest = melodies.tokens.where(sung, 0).amax(1)  # (B,)
    lowest = melodies.tokens.where(sung, 99).amin(1)
    beyond = (highest - lowest - 12).clamp(min=0).double()
    paid = torch.zeros(melodies.tokens.shape, dtype=torch.float64)
    rows = torch.arange(len(paid))
    paid[rows, melodies.lengths - 1] = -beyond
    return paid
