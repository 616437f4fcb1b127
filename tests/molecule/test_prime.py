"""Beginnings of molecules: which lead to one, and which to none."""

import pytest

from sequence_tutor.molecule.reading.beginnings import can_begin


@pytest.mark.parametrize(
    "beginning",
    [
        *("C", "c1ccc(cc1)C(=O)N", "CC(", "CC(=O", "c1ccc", "c1cc2", "O=C(N[C@@H]1", "C%12CC"),
        *("C1CF", "C1(C)(C)(C)", "C=1", "C#", "F/C=C\\", "CC.", "C[N", "C[", "CC%1", "C12", "C0"),
    ],
)
def test_what_can_go_on(beginning: str) -> None:
    assert can_begin(beginning)


@pytest.mark.parametrize(
    "beginning",
    ["CC)(", ")", "(CC", "=C", "1CC", "C((", "C()C", "]", "x", "C(C)(C)(C)(C)C", "CF(", "O#"],
)
def test_what_leads_nowhere(beginning: str) -> None:
    assert not can_begin(beginning)
