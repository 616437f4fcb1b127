from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from sequence_tutor.molecule.writing.pictures import PANEL, picture_grid


def test_a_grid_of_seven_has_two_rows_of_five(tmp_path: Path) -> None:
    smiles = ["CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", *["CC(N)Cc1ccccc1"] * 5]
    picture_grid(smiles, [f"qed 0.{place}" for place in range(7)], tmp_path / "grid.any")
    image = imread(tmp_path / "grid.png")
    assert image.shape[:2] == (2 * PANEL[1], 5 * PANEL[0])
    ink = image[..., :3].min(-1) < 0.9
    cells = ink.reshape(2, PANEL[1], 5, PANEL[0]).any(axis=(1, 3))
    np.testing.assert_array_equal(cells, [[True] * 5, [True, True, False, False, False]])
    svg = (tmp_path / "grid.svg").read_text()
    assert svg.startswith("<?xml")
    assert svg.rstrip().endswith("</svg>")


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'C1CC' is no valid molecule"):
        picture_grid(["C1CC"], [""], tmp_path / "grid")
    with pytest.raises(ValueError, match="1 legends were given for 0 molecules"):
        picture_grid([], [""], tmp_path / "grid")
    assert list(tmp_path.iterdir()) == []
