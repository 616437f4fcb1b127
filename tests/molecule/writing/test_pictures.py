from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from sequence_tutor.molecule.writing.pictures import PANEL, picture_grid

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def test_a_grid_of_seven_has_two_rows_of_five(tmp_path: Path) -> None:
    smiles = [ASPIRIN, "Cn1c(=O)c2c(ncn2C)n(C)c1=O", *["CC(N)Cc1ccccc1"] * 5]
    picture_grid(smiles, [f"qed 0.{place}" for place in range(7)], tmp_path / "grid.any")
    image = imread(tmp_path / "grid.png")
    assert image.shape[:2] == (2 * PANEL[1], 5 * PANEL[0])
    ink = image[..., :3].min(-1) < 0.9
    cells = ink.reshape(2, PANEL[1], 5, PANEL[0]).any(axis=(1, 3))
    np.testing.assert_array_equal(cells, [[True] * 5, [True, True, False, False, False]])
    svg = (tmp_path / "grid.svg").read_text()
    assert svg.startswith("<?xml")
    assert svg.rstrip().endswith("</svg>")


@pytest.mark.parametrize(("smiles", "least", "most"), [(ASPIRIN, 0.6, 1.0), ("CC", 0.1, 0.2)])
def test_a_structure_fills_its_panel_but_a_small_one_is_not_blown_up(
    smiles: str, least: float, most: float, tmp_path: Path
) -> None:
    picture_grid([smiles], [""], tmp_path / "one")
    ink = imread(tmp_path / "one.png")[..., :3].min(-1) < 0.9
    reach = max(np.ptp(np.flatnonzero(ink.any(axis))) / ink.shape[1 - axis] for axis in (0, 1))
    assert least < reach < most


def test_a_long_molecule_does_not_make_the_others_small(tmp_path: Path) -> None:
    picture_grid([ASPIRIN, f"C{'C' * 40}O"], ["", ""], tmp_path / "two")
    ink = imread(tmp_path / "two.png")[..., :3].min(-1) < 0.9
    reach = [np.ptp(np.flatnonzero(half.any(0))) / PANEL[0] for half in np.split(ink, 2, 1)]
    assert min(reach) > 0.6


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'C1CC' is no valid molecule"):
        picture_grid(["C1CC"], [""], tmp_path / "grid")
    with pytest.raises(ValueError, match="1 legends were given for 0 molecules"):
        picture_grid([], [""], tmp_path / "grid")
    assert list(tmp_path.iterdir()) == []
