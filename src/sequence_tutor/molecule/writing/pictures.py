"""Pictures of molecules: a grid of structures with numbers below each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rdkit import Chem
from rdkit.Chem.Draw import rdDepictor, rdMolDraw2D

from sequence_tutor.molecule.chemistry import parse, quiet
from sequence_tutor.molecule.writing.marks import NOTHING, Marked
from sequence_tutor.storage.files import replacing, write_text

PANEL = (280, 240)
"""Width and height of one molecule in pixels."""

MOST_COLUMNS = 5
LEGEND_SIZE = 16
LEGEND_SHARE = 0.09
"""Height of a line of the legend, as a share of the panel."""

LEAST_LETTERS = 11
"""Pixels of an atom's letters, at least."""

MOST_BOND = 45
"""Pixels of a bond where the molecule fits at that size."""

BOND = 1.5
"""Length of a bond in the layout, for whose unit RDKit asks the pixels."""


def picture_grid(smiles: Sequence[str], legends: Sequence[str], path: Path) -> None:
    """Draw molecules with texts below them as `path` with the suffixes .png and .svg.

    Raises:
        ValueError: no molecule, an invalid one, or not one legend for each.
    """
    if not smiles or len(legends) != len(smiles):
        raise ValueError(f"{len(legends)} legends were given for {len(smiles)} molecules")
    mols = [_laid_out(text) for text in smiles]
    columns = min(len(mols), MOST_COLUMNS)
    width, height = PANEL[0] * columns, PANEL[1] * -(-len(mols) // columns)
    cairo = rdMolDraw2D.MolDraw2DCairo(width, height, *PANEL)
    svg = rdMolDraw2D.MolDraw2DSVG(width, height, *PANEL)
    with quiet():
        _draw(cairo, mols, legends)
        _draw(svg, mols, legends)
    with replacing(path.with_suffix(".png")) as beside:
        beside.write_bytes(cairo.GetDrawingText())
    write_text(path.with_suffix(".svg"), svg.GetDrawingText())


WANTED, UNWANTED = (0.70, 0.88, 0.72), (0.98, 0.72, 0.68)
"""Colours of marked atoms: light green, light red."""


def picture_svg(smiles: str, marked: Marked = NOTHING) -> str:
    """One molecule as an SVG image on white.

    Args:
        smiles: of the molecule.
        marked: atoms with a coloured ground, by their numbers in the SMILES.

    Raises:
        ValueError: it is no molecule.
    """
    drawer = rdMolDraw2D.MolDraw2DSVG(*PANEL)
    drawer.drawOptions().padding = 0.08  # type: ignore[assignment]  # as in `_draw`
    with quiet():
        colours = {
            **dict.fromkeys(sorted(marked.wanted), WANTED),
            **dict.fromkeys(sorted(marked.unwanted), UNWANTED),
        }
        drawer.DrawMolecule(
            _laid_out(smiles), highlightAtoms=list(colours), highlightAtomColors=colours
        )
        drawer.FinishDrawing()
    return drawer.GetDrawingText()


def _laid_out(smiles: str) -> Chem.Mol:
    """The molecule with 2D coordinates, ready to draw."""
    mol = parse(smiles)
    if mol is None:
        raise ValueError(f"{smiles!r} is no valid molecule")
    with quiet():
        rdDepictor.Compute2DCoords(mol)
        return rdMolDraw2D.PrepareMolForDrawing(mol)


def _draw(drawer: rdMolDraw2D.MolDraw2D, mols: Sequence[Chem.Mol], legends: Sequence[str]) -> None:
    options = drawer.drawOptions()
    # the stubs take these properties for options themselves
    options.legendFontSize = LEGEND_SIZE  # type: ignore[assignment]
    options.padding = 0.08  # type: ignore[assignment]
    options.minFontSize = LEAST_LETTERS  # type: ignore[assignment]
    # each as large as there is room for: one scale for all makes them as small as the longest
    options.drawMolsSameScale = False  # type: ignore[assignment]
    options.fixedBondLength = MOST_BOND / BOND  # type: ignore[assignment]
    lines = max(text.count("\n") for text in legends) + 1
    options.legendFraction = LEGEND_SHARE * lines  # type: ignore[assignment]
    drawer.DrawMolecules(list(mols), legends=list(legends))
    drawer.FinishDrawing()
