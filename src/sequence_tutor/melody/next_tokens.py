"""Figure 4 of the paper: next-token probabilities of every model along one melody."""

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
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF, PITCH_OFFSET
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.writing.pictures import LABELLED, LEAST_PROBABILITY, token_name

CELL = (9, 6)
"""Width and height of one probability in the drawing."""

LEFT, TOP, BOTTOM = 52, 4, 18


@dataclass(frozen=True)
class TokenMap:
    """One heat map ready to draw.

    Attributes:
        model, style: the model's name, and its place in the list.
        image: address of the map, one pixel a probability, high tokens on top.
        played: centre (x, y) of each token of the melody.
        labels: (y, name) of some notes.
        others: (x, y, name) of hold and off, beside each other, for their rows are lower than text.
        bars: (x, number) of each bar's beginning.
        log_likelihood: mean log-probability of the melody's tokens, nats.
    """

    model: str
    style: int
    image: str
    played: Sequence[tuple[float, float]]
    labels: Sequence[tuple[float, str]]
    others: Sequence[tuple[float, float, str]]
    bars: Sequence[tuple[int, int]]
    log_likelihood: float
    inner_width: int
    inner_height: int
    left: int = LEFT
    top: int = TOP

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
    """A map for each model along the same melody of T tokens."""
    maps = []
    for place, model in enumerate(models):
        tokens = torch.tensor([melody], device=model.device)
        log_probs = model.policy.sequence_log_probs(tokens)[0].cpu().numpy()
        maps.append(token_map(model.name, place, melody, log_probs, meter))
    return maps


def token_map(
    model: str,
    style: int,
    melody: Sequence[int],
    log_probs: NDArray[np.floating],
    meter: Meter = COMMON,
) -> TokenMap:
    """The map of one model.

    Args:
        model, style: its name, and its place in the list.
        melody: T tokens.
        log_probs: (T, V); row t is the distribution of token t given those before it.
        meter: of the melody's bars.
    """
    steps, vocabulary = log_probs.shape
    width, height = CELL

    def middle(token: int) -> float:
        return float(TOP + (vocabulary - token - 0.5) * height)

    notes = range(FIRST_NOTE + 1, vocabulary)
    bars = enumerate(range(0, steps, meter.steps), start=1)
    return TokenMap(
        model,
        style,
        image=data_uri(_png(log_probs), "image/png"),
        played=[(LEFT + (t + 0.5) * width, middle(token)) for t, token in enumerate(melody)],
        labels=[(middle(n), token_name(n)) for n in notes if (n + PITCH_OFFSET) % 12 in LABELLED],
        others=[(LEFT - 4, middle(HOLD), "hold"), (LEFT - 32, middle(NOTE_OFF) + 1, "off")],
        bars=[(LEFT + step * width, bar) for bar, step in bars],
        log_likelihood=float(log_probs[np.arange(steps), list(melody)].mean()),
        inner_width=steps * width,
        inner_height=vocabulary * height,
    )


@dataclass(frozen=True)
class ColourScale:
    """The colours of a map from the least probability to 1.

    Attributes:
        image: address of a picture, dark at the left.
        least: the probability at the dark end, as text.
    """

    image: str
    least: str


def colour_scale() -> ColourScale:
    """The scale that all maps have."""
    content = io.BytesIO()
    imsave(content, colormaps["magma"](np.linspace(0, 1, 64)[None, :]), format="png")
    return ColourScale(data_uri(content.getvalue(), "image/png"), f"{LEAST_PROBABILITY:g}")


def _png(log_probs: NDArray[np.floating]) -> bytes:
    """The probabilities (T, V) as a picture of T x V pixels on a logarithmic scale of colours."""
    least = np.log(LEAST_PROBABILITY)
    shares = np.clip(1 - log_probs / least, 0, 1)  # 0 at the least, 1 at certainty
    content = io.BytesIO()
    imsave(content, colormaps["magma"](shares.T[::-1]), format="png")  # (V, T, 4)
    return content.getvalue()
