"""The directives say what a page has wrong, and compute what they show."""

from __future__ import annotations

import math
import re
import sys
import wave
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from sequence_tutor.melody.reading.own_tunes import own_tunes

if find_spec("sphinx") is None:  # it is imported where it is used: that takes a second
    pytest.skip("the extra [docs] is not installed", allow_module_level=True)
pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")

DIRECTIVES = Path(__file__).parents[2] / "docs" / "directives"
TUNE = ("tuner.settings", "TuneSettings")


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


def test_raw_numbers_of_molecules(molecules: ModuleType) -> None:
    isomer = molecules.read_term("isomer", 'formula = "C2H6O"')
    assert molecules.raw_number(isomer, "CCO") == 0
    assert molecules.raw_number(isomer, "CC") == -1
    short = molecules.read_term("short", "limit = 4")
    assert molecules.raw_number(short, "CCl") == -2  # two tokens
    assert math.isnan(molecules.raw_number(isomer, "C1CC"))
    with pytest.raises(ValueError, match="user's own"):
        molecules.raw_number(molecules.read_term("program", 'command = "cat"'), "CCO")


def test_commands_of_recipes_are_called_with_few_candidates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipes = imported("recipe", monkeypatch)
    command = 'sequence-tutor sample tunes --keep "1-2, 7-8" -n 20 --best 8 --out filled'
    arguments = recipes.few(command)
    assert arguments[:4] == ["sample", "tunes", "--keep", "1-2, 7-8"]
    assert arguments[4:10] == ["-n", "4", "--best", "1", "--out", "filled"]
    with pytest.raises(ValueError, match="expected sequence-tutor sample"):
        recipes.few("sequence-tutor tune melody --out runs/psi")
    with pytest.raises(ValueError, match="expected -n and --out"):
        recipes.few("sequence-tutor sample tunes")


def test_what_a_recipe_writes_can_be_heard(
    melody_prior: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipes = imported("recipe", monkeypatch)
    command = f'sequence-tutor sample {melody_prior} --from song.abc --keep "1-6, 8" -n 8 --out a'
    tokens = recipes.first_written(command, tmp_path / "a.wav")
    tune = own_tunes(recipes.EXAMPLES / recipes.TUNE)
    (song,) = [begin.notes for begin in tune]
    assert len(tokens) == 128
    assert [token for token in tokens[:96] if token >= 2] == [
        note.pitch - 46 for note in song if note.start < 96
    ]
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() / file.getframerate() > 15  # eight bars at 110 a minute
    with pytest.raises(ValueError, match="all bars are kept"):
        recipes.first_written(command.replace("1-6, 8", "1-8"), tmp_path / "b.wav")


def test_settings_with_their_defaults_and_meanings(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = imported("settings_table", monkeypatch)
    tune = {name: rest for name, *rest in tables.rows(tables.find_settings(*TUNE))}
    assert tune["c"] == ["`4`", "temperature: divides the reward"]
    assert tune["budget"][0] == "none"
    assert tune["n_steps"][1].endswith("one-step target")  # any number may be given
    assert tune["start"][1].endswith('one of `"log_prior"`, `"zero"`, `"weights"`, `"default"`')
    assert "replay" not in tune  # a table of its own
    assert tables.rows(tables.find_settings("toy.domain", "ToyDataSettings"))
    with pytest.raises(ValueError, match="no_such_module"):
        tables.find_settings("no_such_module", "TuneSettings")
    with pytest.raises(ValueError, match="no class of settings"):
        tables.find_settings("errors", "UserError")


def test_every_table_of_tune_is_on_the_page_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = imported("settings_table", monkeypatch)
    page = (DIRECTIVES.parent / "settings.md").read_text(encoding="utf-8")
    shown = {tables.find_settings(*line.split()) for line in re.findall(r"\{settings\} (.+)", page)}
    tune = tables.find_settings(*TUNE)
    inside = {
        part
        for field in tune.model_fields.values()
        for part in tables.parts(field.annotation)
        if tables.is_table(part)
    }
    assert {table.__name__ for table in inside - shown} == {"Aim"}  # the page of aims has it
    assert tune in shown
