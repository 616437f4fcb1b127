"""Learning curves: what is drawn is found again in the pixels."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from numpy.typing import NDArray

from sequence_tutor.drawing.figures import (
    PALETTE,
    Curve,
    Panel,
    learning_curves,
    new_figure,
    save_png,
)

STEPS = list(range(0, 20_001, 1000))


def has_colour(picture: NDArray[np.float32], colour: str) -> bool:
    near = np.abs(picture[..., :3] - np.asarray(to_rgb(colour))) < 0.02
    return bool(near.all(-1).any())


def falling(label: str) -> Curve:
    return Curve(label, STEPS, [1 / (1 + step) for step in STEPS])


def test_each_run_has_its_colour_in_every_panel(tmp_path: Path) -> None:
    panels = [Panel("reward", [falling("Q"), falling("Psi")]), Panel("KL", [falling("Psi")])]
    learning_curves(panels, tmp_path / "curves.png", "Tuning")
    picture = imread(tmp_path / "curves.png")
    right = picture[:, picture.shape[1] // 2 :][: int(0.8 * picture.shape[0])]  # without legend
    assert has_colour(picture, PALETTE[0])
    assert has_colour(right, PALETTE[1])
    assert not has_colour(right, PALETTE[0])


def test_a_band_is_a_paler_shade_around_its_line(tmp_path: Path) -> None:
    plain = Curve("Q", [0, 1, 2], [0, 1, 2])
    banded = Curve("Q", [0, 1, 2], [0, 1, 2], low=[-1, 0, 1], high=[1, 2, 3])
    shares = []
    for curve in (plain, banded):
        learning_curves([Panel("reward", [curve])], tmp_path / "band.png")
        picture = imread(tmp_path / "band.png")[..., :3]
        pale_blue = (picture[..., 2] - picture[..., 0] > 0.1) & (picture[..., 0] > 0.5)
        shares.append(pale_blue.mean())
    assert shares[1] > 0.05 > 0.01 > shares[0]


@pytest.mark.parametrize(
    "count", [1, *(pytest.param(count, marks=pytest.mark.long) for count in (2, 3, 4)), 7]
)
def test_any_number_of_panels_makes_one_picture(tmp_path: Path, count: int) -> None:
    panels = [Panel(f"panel {place}", [falling("run")]) for place in range(count)]
    learning_curves(panels, tmp_path / "new" / "curves.png")
    assert [entry.name for entry in (tmp_path / "new").iterdir()] == ["curves.png"]


def test_single_points_gaps_and_many_runs_are_drawn(tmp_path: Path) -> None:
    curves = [Curve(f"run {place}", [0, 1, 2], [0, np.nan, place]) for place in range(9)]
    curves.append(Curve("one point", [1], [5]))
    learning_curves([Panel("reward", curves), Panel("empty", [])], tmp_path / "many.png")
    assert imread(tmp_path / "many.png").size > 0


def test_a_legend_of_long_names_is_not_cut_off(tmp_path: Path) -> None:
    curves = [falling(f"a run with quite a long name {place}") for place in range(6)]
    learning_curves([Panel("reward", curves)], tmp_path / "long.png")
    ink = imread(tmp_path / "long.png")[..., :3].min(-1) < 0.9
    assert not ink[:, [0, -1]].any()
    assert all(has_colour(imread(tmp_path / "long.png"), colour) for colour in PALETTE[:6])


def test_a_point_is_a_point_in_the_legend(tmp_path: Path) -> None:
    curves = [Curve("psi", [0, 1], [0, 1]), Curve("best of n", [0], [2])]
    learning_curves([Panel("reward", curves)], tmp_path / "point.png")
    legend = imread(tmp_path / "point.png")[-45:, :, :3]
    widths = []
    for colour in PALETTE[:2]:
        near = (np.abs(legend - np.asarray(to_rgb(colour))) < 0.02).all(-1)
        widths.append(np.ptp(np.flatnonzero(near.any(0))))
    assert widths[0] > 35
    assert 5 < widths[1] < 20


def test_no_panel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        learning_curves([], tmp_path / "curves.png")


def test_a_curve_checks_its_lengths() -> None:
    with pytest.raises(ValueError, match="curve 'Q': 1 values for 2 steps"):
        Curve("Q", [0, 1], [0])
    with pytest.raises(ValueError, match="low and high must come together"):
        Curve("Q", [0], [0], low=[0])


def test_a_picture_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    for width in (2, 3):
        save_png(new_figure(width, 1, "title"), path)
    assert imread(path).shape[1] == 3 * 150
    assert [entry.name for entry in tmp_path.iterdir()] == ["figure.png"]
