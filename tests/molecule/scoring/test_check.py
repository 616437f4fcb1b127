from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import parse
from sequence_tutor.molecule.scoring.check import TEN_MOLECULES, check_scorer


def lengths(smiles: Sequence[str]) -> list[float]:
    return [math.nan if "Na" in one else float(len(one)) for one in smiles]


def by_place(smiles: Sequence[str]) -> list[float]:
    return [float(place) for place, _ in enumerate(smiles)]


def test_the_ten_are_molecules() -> None:
    assert len(TEN_MOLECULES) == 10
    assert all(parse(smiles) is not None for smiles in TEN_MOLECULES)


def test_a_good_scorer_is_described() -> None:
    checked = check_scorer("mine", lengths)
    assert checked.failures == ("[Na+].[Cl-]",)
    assert checked.values[4] == 3
    assert checked.seconds >= 0


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda _: [1.0], "term 'mine' gave 1 numbers for ten molecules"),
        (lambda smiles: [math.nan] * len(smiles), "gave no number for any of ten molecules"),
        (by_place, r"gave 'CC\(=O\)Oc1ccccc1C\(=O\)O' 0 and then, in another order, 9"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    function: Callable[[Sequence[str]], list[float]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        check_scorer("mine", function)
