from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.image import imread

from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import prior_of
from sequence_tutor.melody.next_tokens import CELL, LEFT, TOP, token_map, token_maps

CERTAIN = np.full((3, 38), -np.inf)
CERTAIN[[0, 1, 2], [14, 1, 16]] = 0.0


def pixels(uri: str) -> np.ndarray:
    return imread(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_probability_is_a_pixel_with_high_tokens_on_top() -> None:
    found = token_map("psi", 1, [14, 1, 16], CERTAIN)
    image = pixels(found.image)
    assert image.shape == (38, 3, 4)
    bright, dark = (np.asarray(colormaps["magma"](end)) for end in (1.0, 0.0))
    for step, token in enumerate((14, 1, 16)):
        assert image[37 - token, step] == pytest.approx(bright, abs=0.01)
        assert image[36 - token, step] == pytest.approx(dark, abs=0.01)


def test_the_tokens_played_are_marked_in_their_cells() -> None:
    found = token_map("psi", 1, [14, 1, 16], CERTAIN)
    width, height = CELL
    assert found.played[0] == (LEFT + width / 2, TOP + (37 - 14 + 0.5) * height)
    assert found.played[2] == (LEFT + 2.5 * width, TOP + (37 - 16 + 0.5) * height)
    assert found.log_likelihood == 0.0
    assert [name for _, name in found.labels][:3] == ["E3", "G3", "C4"]
    assert found.bars == [(LEFT, 1)]


def test_every_model_along_the_same_melody(melody_run: Path) -> None:
    tuned = load_model(melody_run)
    melody = [14] * 32
    prior, psi = token_maps([prior_of(tuned), tuned], melody)
    assert (prior.model, psi.model, prior.style, psi.style) == ("prior", "likes-c", 0, 1)
    assert psi.log_likelihood > prior.log_likelihood  # it likes middle C better
    assert prior.played == psi.played
    assert len(prior.bars) == 2
