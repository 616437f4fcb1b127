"""Salts, solvents, charges and isotopes: what is meant of what is written."""

import pytest

from sequence_tutor.molecule.reading.entry import standardised


@pytest.mark.parametrize(
    ("written", "fragment", "parent"),
    [
        ("OCC", "OCC", "OCC"),  # as it is written
        ("CCN.Cl", "CCN", "CCN"),
        ("[Na+].CC(=O)[O-]", "CC(=O)[O-]", "CC(=O)O"),
        ("CC(=O)O[Na]", "CC(=O)[O-]", "CC(=O)O"),
        ("[Ca+2].CC(=O)[O-].CC(=O)[O-]", "CC(=O)[O-]", "CC(=O)O"),
        ("CCCCCN.OC(=O)C(F)(F)F", "CCCCCN", "CCCCCN"),  # trifluoroacetate is no molecule here
        ("CCN.F[P-](F)(F)(F)(F)F", "CCN", "CCN"),
        ("C[N+](C)(C)C.[Cl-]", "C[N+](C)(C)C", "C[N+](C)(C)C"),  # no way to neutralise it
        ("C[N+](=O)[O-]", "C[N+](=O)[O-]", "C[N+](=O)[O-]"),
        ("O=C([O-])CC[NH3+]", "O=C([O-])CC[NH3+]", "NCCC(=O)O"),
        ("[2H]C([2H])O", "[2H]C([2H])O", "CO"),
        ("C[C@H](N)C(=O)O.O", "C[C@H](N)C(=O)O", "C[C@H](N)C(=O)O"),
        ("[Na+].[Cl-]", "[Na+]", "[Na+]"),  # nothing but counter-ions
        ("C1.C1O", "C1.C1O", "C1.C1O"),  # a bond across the dot: one part
        ("no.ne", "no.ne", "no.ne"),
        ("", "", ""),
    ],
)
def test_what_is_meant(written: str, fragment: str, parent: str) -> None:
    assert standardised(written, "none") == written
    assert standardised(written, "fragment") == fragment
    assert standardised(written, "parent") == parent
