"""A prior of one's own: what `--prior my_prior.py` takes. This one walks in small steps."""

from __future__ import annotations

import torch
from torch import Tensor

DOMAIN = "melody"
HOLD, FIRST_NOTE, TOKENS = 1, 2, 38
MIDDLE_C = 14


def log_probs(tokens: Tensor) -> Tensor:
    """Log p(.|s) of the next token.

    Args:
        tokens: (B, t), those so far; t is 0 before the first.

    Returns:
        (B, 38), normalised.
    """
    last = _last_note(tokens)  # (B,)
    distance = (torch.arange(TOKENS) - last[:, None]).abs()  # (B, 38)
    scores = -0.5 * distance.float()
    scores[:, 0] = -4.0  # a rest, now and then
    scores[:, HOLD] = 1.0
    return scores.log_softmax(-1)


def _last_note(tokens: Tensor) -> Tensor:
    """(B,) the last note of each melody, middle C before there is one."""
    last = torch.full((len(tokens),), MIDDLE_C)
    for column in tokens.unbind(1):
        last = torch.where(column >= FIRST_NOTE, column, last)
    return last
