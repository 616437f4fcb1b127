from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.reward.user_terms import load_user_terms
from sequence_tutor.sequences import SequenceBatch


@dataclass(frozen=True)
class View:
    batch: SequenceBatch

    def to(self, device: str) -> View:
        return View(self.batch.to(device))


VIEW = View(SequenceBatch.from_lists([[3, 1, 2], [4]]))


def write(folder: Path, source: str) -> Path:
    path = folder / "my_rules.py"
    path.write_text(source, encoding="utf-8")
    return path


def test_every_public_function_is_a_rule(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
from math import floor
WEIGHTS = {"odd": 0.5}
def odd(view):
    return _rest(view.batch.tokens)
def four(view):
    return view.batch.tokens == 4
def _rest(tokens):
    return tokens % 2
""",
    )
    terms = load_user_terms(path)
    assert [(term.name, term.weight) for term in terms] == [("odd", 0.5), ("four", 1.0)]
    # Whole numbers and truth values count as numbers; padding is cleared.
    assert terms[0](VIEW).tolist() == [[1, 1, 0], [0, 0, 0]]
    assert terms[1](VIEW).tolist() == [[0, 0, 0], [1, 0, 0]]


def test_nothing_of_what_stands_beyond_the_end_matters(tmp_path: Path) -> None:
    path = write(tmp_path, "def inverse(view):\n    return 1.0 / view.batch.tokens\n")
    (term,) = load_user_terms(path)
    # The second melody's padding is 0, and 1 / 0 is infinite, yet no step of a melody is.
    assert term(VIEW)[1].tolist() == [0.25, 0, 0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return view.batch.tokens[:, 0]", "gave shape (2,), expected (B, T) = (2, 3)"),
        ("return 3", "gave a int, expected a tensor"),
        ("return view.batch.tokens + 1j", "gave torch.complex64, expected real numbers"),
        ("return view.nonsense", "failed at line 3: AttributeError: 'View' object has no"),
        (
            "return torch.where(view.batch.tokens == 2, float('nan'), 0)",
            "gave nan at step 3 of the sequence [3, 1, 2], expected finite numbers",
        ),
        (
            "return torch.where(view.batch.tokens == 4, float('inf'), 0)",
            "gave inf at step 1 of the sequence [4], expected finite numbers",
        ),
        ("return view.batch.tokens.add_(1)", "wrote into the tokens it was given"),
    ],
)
def test_a_broken_rule_stops_with_its_name(tmp_path: Path, body: str, message: str) -> None:
    path = write(tmp_path, f"import torch\ndef mine(view):\n    {body}\n")
    (term,) = load_user_terms(path)
    view = View(SequenceBatch(VIEW.batch.tokens.clone(), VIEW.batch.lengths))
    with pytest.raises(UserError, match=re.escape(f"rule 'mine' of {path} {message}")):
        term(view)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import math\n", "defines no rule"),
        ("x = 1\n1 / 0\n", "cannot be run at line 2: ZeroDivisionError"),
        ("def mine(view:\n", "cannot be run: SyntaxError"),
        ("WEIGHTS = [1]\ndef mine(view): ...\n", "is a list, expected a dict"),
        ("WEIGHTS = {'mien': 1}\ndef mine(view): ...\n", "did you mean 'mine'?"),
        ("WEIGHTS = {'mine': 'x'}\ndef mine(view): ...\n", "gives 'mine' 'x', expected a finite"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        load_user_terms(write(tmp_path, source))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.py is not there"):
        load_user_terms(tmp_path / "none.py")
    (tmp_path / "rules.txt").write_text("def mine(view): ...")
    with pytest.raises(UserError, match=r"expected a name that ends in \.py"):
        load_user_terms(tmp_path / "rules.txt")


def test_a_file_names_its_rules_that_look_ahead(tmp_path: Path) -> None:
    source = "LOOKS_AHEAD = ['last']\ndef last(view):\n    return view.batch.tokens.flip(1)\n"
    (term,) = load_user_terms(write(tmp_path, source))
    assert term.looks_ahead
    path = write(tmp_path, source.replace("['last']", "['lost']"))
    with pytest.raises(UserError, match=r"LOOKS_AHEAD of .* names 'lost', .* did you mean 'last'"):
        load_user_terms(path)
    with pytest.raises(UserError, match=r"LOOKS_AHEAD of .* is a str, expected a list"):
        load_user_terms(write(tmp_path, source.replace("['last']", "'last'")))
