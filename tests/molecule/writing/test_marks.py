"""Atoms that a reward's patterns match, by hand."""

from __future__ import annotations

import re

from rdkit import Chem

from sequence_tutor.molecule.terms import Alerts, Qed, Substructure
from sequence_tutor.molecule.writing.marks import NOTHING, Marked, Marks
from sequence_tutor.molecule.writing.pictures import picture_svg

NITROPHENOL = "Oc1ccc(cc1)[N+](=O)[O-]"  # atoms 7, 8, 9 are the nitro group
TERMS = {
    "phenol": Substructure(smarts=("c[OX2H1]",)),
    "no_nitro": Substructure(smarts=("[N+](=O)[O-]",), present=False),
    "qed": Qed(),
}


def test_wanted_and_unwanted_atoms() -> None:
    found = Marks(TERMS).of(Chem.MolFromSmiles(NITROPHENOL))
    assert found == Marked(frozenset({0, 1}), frozenset({7, 8, 9}), ("phenol", "no_nitro"))
    assert Marks(TERMS).of(Chem.MolFromSmiles("CC")) == NOTHING


def test_what_is_unwanted_is_seen_in_any_case() -> None:
    terms = {"any": Substructure(smarts=("[N+]",)), **TERMS}
    found = Marks(terms).of(Chem.MolFromSmiles(NITROPHENOL))
    assert 7 in found.unwanted
    assert 7 not in found.wanted


def test_alerts_are_marked_by_their_names() -> None:
    quinone = Chem.MolFromSmiles("O=C1C=CC(=O)C=C1")
    found = Marks({"alerts": Alerts(lists=("nih",))}).of(quinone)
    assert found.unwanted
    assert all(found.found)
    assert found.wanted == frozenset()


def test_marks_are_drawn() -> None:
    plain = picture_svg(NITROPHENOL)
    marked = picture_svg(NITROPHENOL, Marks(TERMS).of(Chem.MolFromSmiles(NITROPHENOL)))
    colours = [set(re.findall(r"#[0-9A-F]{6}", picture)) for picture in (plain, marked)]
    assert len(colours[1] - colours[0]) == 2  # light green and light red
