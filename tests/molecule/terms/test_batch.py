from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.terms import UserFunction
from sequence_tutor.reward.user_terms import load_user_terms

EIGHT = ["C", "CC", "CCC", "CCCC", "N", "O", "CN", "CO"]


def load(folder: Path, source: str) -> UserFunction:
    path = folder / "my_terms.py"
    path.write_text(source, encoding="utf-8")
    (term,) = load_user_terms(path)
    return UserFunction(term)


def test_numbers_of_any_kind_and_none(tmp_path: Path) -> None:
    function = load(
        tmp_path,
        "import numpy\ndef mine(smiles):\n"
        "    return [None, float('nan'), float('inf'), 3, numpy.float32(0.5), True]\n",
    )
    values = function(EIGHT[:6])
    assert all(map(math.isnan, values[:3]))
    assert values[3:] == [3, 0.5, 1]


def test_an_array_is_a_list_too(tmp_path: Path) -> None:
    source = "import numpy\ndef mine(smiles):\n    return numpy.arange(len(smiles))\n"
    assert load(tmp_path, source)(EIGHT) == [0, 1, 2, 3, 4, 5, 6, 7]


def test_one_bad_molecule_costs_no_other_its_number(tmp_path: Path) -> None:
    function = load(
        tmp_path,
        "def mine(smiles):\n    if 'N' in smiles:\n        raise ValueError('no nitrogen')\n"
        "    return [len(one) for one in smiles]\n",
    )
    values = function(EIGHT)
    assert math.isnan(values[4])
    assert values[:4] + values[5:] == [1, 2, 3, 4, 1, 2, 2]
    assert math.isnan(function(["N"])[0])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 3", "gave a int, expected a list of 8 numbers"),
        ("return [1.0]", "gave 1 numbers for 8 molecules"),
        ("return ['high'] * len(smiles)", "gave 'high', expected a number, or None for none"),
        ("return [[1]] * len(smiles)", "gave a list, expected a number, or None for none"),
        ("return 1 / 0", "failed for each of 8 molecules at line 2: ZeroDivisionError: division"),
    ],
)
def test_a_broken_function_stops_with_its_own_words(
    tmp_path: Path, body: str, message: str
) -> None:
    function = load(tmp_path, f"def mine(smiles):\n    {body}\n")
    with pytest.raises(UserError, match=re.escape(f"my_terms.py {message}")):
        function(EIGHT)
