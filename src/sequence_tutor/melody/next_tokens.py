"""Figure 4 of the paper: what every model expects next along one melody."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.image import imsave
from numpy.typing import NDArray

from sequence_tutor.domain import ShownModel
from sequence_tutor.drawing.fragments import data_uri
from sequence_tutor.melody.encoding import FIRST_NOTE, PITCH_OFFSET
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.writing.pictures import LEAST_PROBABILITY, token_name

CELL = (9, 6)
"""Width and height of one probability in the drawing."""

LEFT, TOP, BOTTOM = 52, 4, 18
_NAMED = frozenset({0, 4, 7})  # C, E and G, as on the piano rolls


@dataclass(frozen=True)
class TokenMap:
    """One heat map ready to draw.

    Attributes:
        model, style: whose it is, and its place in the list.
        image: address of the map, one pixel a probability, high tokens on top.
        played: centre (x, y) of each token in fact played.
        labels: (y, name) of some notes.
        notes_end: y below the lowest note, where holding and silence come.
        bars: (x, number) of each bar's beginning.
        log_likelihood: mean log-probability of a token played, nats.
    """

    model: str
    style: int
    image: str
    played: Sequence[tuple[float, float]]
    labels: Sequence[tuple[float, str]]
    notes_end: float
    bars: Sequence[tuple[int, int]]
    log_likelihood: float
    left: int
    top: int
    inner_width: int
    inner_height: int

    @property
    def width(self) -> int:
        """Of the drawing."""
        return self.left + self.inner_width + 6

    @property
    def height(self) -> int:
        """Of the drawing."""
        return self.top + self.inner_height + BOTTOM


@torch.no_grad()
def token_maps(
    models: Sequence[ShownModel], melody: Sequence[int], meter: Meter = COMMON
) -> list[TokenMap]:
    """A map for each model along the same melody.

    Args:
        models: of melodies.
        melody: T tokens.
        meter: of its bars.
    """
    tokens = torch.tensor([list(melody)])  # (1, T)
    return [
        token_map(
            model.name,
            place,
            melody,
            model.policy.sequence_log_probs(tokens.to(model.device))[0].cpu().numpy(),
            meter,
        )
        for place, model in enumerate(models)
    ]


def token_map(
    model: str,
    style: int,
    melody: Sequence[int],
    log_probs: NDArray[np.floating],
    meter: Meter = COMMON,
) -> TokenMap:
    """The map of one model.

    Args:
        model: its name.
        style: its place.
        melody: T tokens.
        log_probs: (T, V); row t is the distribution of token t given those before it.
        meter: of the melody's bars.
    """
    steps, vocabulary = log_probs.shape
    width, height = CELL
    return TokenMap(
        model,
        style,
        data_uri(_png(log_probs), "image/png"),
        [
            (LEFT + (step + 0.5) * width, TOP + (vocabulary - token - 0.5) * height)
            for step, token in enumerate(melody)
        ],
        [
            (TOP + (vocabulary - token - 0.5) * height, token_name(token))
            for token in range(FIRST_NOTE + 1, vocabulary)
            if (token + PITCH_OFFSET) % 12 in _NAMED
        ],
        TOP + (vocabulary - FIRST_NOTE) * height,
        [
            (LEFT + step * width, bar)
            for bar, step in enumerate(range(0, steps, meter.steps), start=1)
        ],
        float(log_probs[np.arange(steps), list(melody)].mean()),
        LEFT,
        TOP,
        steps * width,
        vocabulary * height,
    )


def _png(log_probs: NDArray[np.floating]) -> bytes:
    """The probabilities (T, V) as a picture of T x V pixels on a logarithmic scale of colours."""
    least = np.log(LEAST_PROBABILITY)
    shares = np.clip(1 - log_probs / least, 0, 1)  # 0 at the least, 1 at certainty
    content = io.BytesIO()
    imsave(content, colormaps["magma"](shares.T[::-1]), format="png")  # (V, T, 4)
    return content.getvalue()
