"""The directives say what a page has wrong, and compute what they show."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("sphinx", reason="the extra [docs] is not installed")
pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")

DIRECTIVES = Path(__file__).parents[2] / "docs" / "directives"


@pytest.fixture
def melodies(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return imported("melody_example", monkeypatch)


@pytest.fixture
def molecules(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return imported("molecule_example", monkeypatch)


def imported(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DIRECTIVES))
    __import__(name)
    return sys.modules[name]


def test_melodies_in_words(melodies: ModuleType) -> None:
    assert melodies.read_melody("C4 - F#4 . C3 B5") == [14, 1, 20, 0, 2, 37]
    with pytest.raises(ValueError, match="'H4' is no note"):
        melodies.read_melody("C4 H4")


def test_what_rules_pay(melodies: ModuleType) -> None:
    assert melodies.pay([14, 15, 1, 17], ["key"]) == {"key": [0, -1, 0, -1]}
    with pytest.raises(ValueError, match="'keys' is no rule"):
        melodies.pay([14], ["keys"])


def test_the_command_of_a_page_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = imported("recipe_example", monkeypatch)
    page = (DIRECTIVES.parent / "writing.md").read_text(encoding="utf-8")
    found = recipes.command_of(page, "practice")
    assert found[:4] == ["sample", "tunes", "--range", "flute"]
    with pytest.raises(ValueError, match="0 commands end with --out nowhere"):
        recipes.command_of(page, "nowhere")


def test_raw_numbers_of_molecules(molecules: ModuleType) -> None:
    isomer = molecules.read_term("isomer", 'formula = "C2H6O"')
    assert molecules.raw_number(isomer, "CCO") == 0
    assert molecules.raw_number(isomer, "CC") == -1
    short = molecules.read_term("short", "limit = 4")
    assert molecules.raw_number(short, "CCl") == -2  # two tokens
    assert math.isnan(molecules.raw_number(isomer, "C1CC"))
    with pytest.raises(ValueError, match="user's own"):
        molecules.raw_number(molecules.read_term("program", 'command = "cat"'), "CCO")
