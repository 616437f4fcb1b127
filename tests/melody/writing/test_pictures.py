"""Pictures are read back as pixels: the right size, and ink where the music is."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from numpy.typing import NDArray

from sequence_tutor.drawing.figures import PALETTE
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.writing.pictures import (
    next_token_probabilities,
    piano_rolls,
    pitch_name,
    token_name,
)


def pixels_of(picture: NDArray[np.float32], colour: str) -> int:
    """How many pixels have this colour."""
    near = np.abs(picture[..., :3] - np.asarray(to_rgb(colour))) < 0.02
    return int(near.all(-1).sum())


@pytest.mark.parametrize(("pitch", "name"), [(48, "C3"), (60, "C4"), (61, "C♯4"), (83, "B5")])
def test_pitches_are_named_in_scientific_notation(pitch: int, name: str) -> None:
    assert pitch_name(pitch) == name


def test_tokens_are_named_by_what_they_do() -> None:
    assert [token_name(token) for token in (0, 1, 2, 14, 37)] == ["off", "hold", "C3", "C4", "B5"]


def test_the_ink_of_a_note_grows_with_how_long_it_is_held(tmp_path: Path) -> None:
    body = []
    for held in (4, 8, 12):
        melody = [14] + [1] * (held - 1) + [0] + [1] * (15 - held)
        piano_rolls([melody], tmp_path / "roll.png")
        body.append(pixels_of(imread(tmp_path / "roll.png"), PALETTE[5]))
    assert body[2] - body[1] == pytest.approx(body[1] - body[0], rel=0.1)
    assert body[0] > 0


def test_every_note_has_a_dark_start(tmp_path: Path) -> None:
    starts = []
    for melody in ([14, 1, 1, 1] * 4, [14] + [1] * 15):
        piano_rolls([melody], tmp_path / "roll.png")
        starts.append(pixels_of(imread(tmp_path / "roll.png"), PALETTE[0]))
    assert starts[0] == pytest.approx(4 * starts[1], rel=0.1)


def test_a_rest_leaves_no_ink(tmp_path: Path) -> None:
    piano_rolls([[0] + [1] * 15], tmp_path / "rest.png")
    picture = imread(tmp_path / "rest.png")
    assert pixels_of(picture, PALETTE[0]) == pixels_of(picture, PALETTE[5]) == 0


@pytest.mark.parametrize(
    "lengths",
    [
        *(pytest.param(many, marks=pytest.mark.long) for many in ([32] * 20, [512, 300])),
        [1],
        [16, 32, 48],
    ],
)
def test_any_number_of_melodies_of_any_lengths_fits_a_picture(
    tmp_path: Path, lengths: list[int]
) -> None:
    melodies = [([14, 1, 16, 0] * 128)[:length] for length in lengths]
    piano_rolls(melodies, tmp_path / "rolls.png", "A title", heard=Heard(transpose=3))
    height, width, _ = imread(tmp_path / "rolls.png").shape
    assert 100 < height < 3000
    assert 100 < width < 3000
    assert [entry.name for entry in tmp_path.iterdir()] == ["rolls.png"]


@pytest.mark.parametrize("melodies", [[], [[]]])
def test_no_melody_is_refused(tmp_path: Path, melodies: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        piano_rolls(melodies, tmp_path / "rolls.png")


def test_fewer_names_than_melodies_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="1 names were given for 2 melodies"):
        piano_rolls([[14], [16]], tmp_path / "rolls.png", names=["one"])
    assert not list(tmp_path.iterdir())


def certain(tokens: list[int]) -> NDArray[np.float64]:
    """(T, V) log-probabilities of a model that is all but sure of these tokens."""
    probs = np.full((len(tokens), 38), 1e-9)
    probs[np.arange(len(tokens)), tokens] = 1
    logarithms: NDArray[np.float64] = np.log(probs / probs.sum(1, keepdims=True))
    return logarithms


def test_a_likely_token_is_bright_and_an_unlikely_one_dark(tmp_path: Path) -> None:
    melody = [14, 1, 16, 1, 18, 1, 1, 1] * 2
    uniform = np.full((16, 38), -np.log(38))
    next_token_probabilities(melody, {"sure": certain(melody)}, tmp_path / "sure.png")
    next_token_probabilities(melody, {"uniform": uniform}, tmp_path / "uniform.png")
    sure, even = imread(tmp_path / "sure.png"), imread(tmp_path / "uniform.png")
    bright, dark = "#fcfdbf", "#000004"  # the ends of magma
    assert pixels_of(sure, bright) > 2 * pixels_of(even, bright)
    assert pixels_of(sure, dark) > 20 * pixels_of(even, dark)


@pytest.mark.long
def test_maps_of_short_melodies_stand_side_by_side_and_of_long_ones_below_each_other(
    tmp_path: Path,
) -> None:
    shapes = {}
    for steps in (16, 128):
        melody = ([14, 1, 16, 1] * 32)[:steps]
        models = {name: certain(melody) for name in ("prior", "psi", "q")}
        next_token_probabilities(melody, models, tmp_path / "maps.png", "Expected")
        shapes[steps] = imread(tmp_path / "maps.png").shape
    assert shapes[128][0] > 2.5 * shapes[16][0]


def test_probabilities_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"log_probs\['prior'\] must be \(2, 38\), got \(2, 37\)"):
        next_token_probabilities([14, 1], {"prior": np.zeros((2, 37))}, tmp_path / "map.png")
    with pytest.raises(ValueError, match="nothing to draw"):
        next_token_probabilities([14, 1], {}, tmp_path / "map.png")
