"""Small files that were once read wrongly, or ended the program: each with what is right.

They stand beside the repository with the other development data; the notes that each melody file
holds are listed there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kit import uncounted
from sequence_tutor import UserError, find_domain, score
from sequence_tutor.config.settings import Settings
from sequence_tutor.melody.encoding import decode
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import open_order

CASES = Path(__file__).parents[2] / "shared" / "cases"
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
EXPECTED = CASES / "expected_notes.json"
NOTES: dict[str, list[str]] = json.loads(EXPECTED.read_text()) if EXPECTED.is_file() else {}

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not NOTES, reason="the development cases are not beside this checkout"),
]


@pytest.fixture
def in_process(tmp_path: Path) -> Path:
    """Settings that score molecules in this process, which is quicker for a few."""
    pytest.importorskip("rdkit", reason="the extra molecule is not installed")
    path = tmp_path / "in_process.toml"
    path.write_text("[reward]\nworkers = 0\n")
    return path


def written(tokens: list[int]) -> str:
    """Notes as name, octave and sixteenths, such as `C4:4`; `z2` is a rest of two."""
    shown, now = [], 0
    for start, end, pitch in decode(tokens):
        shown += [f"z{start - now}"] * (start > now)
        shown.append(f"{NAMES[pitch % 12]}{pitch // 12 - 1}:{end - start}")
        now = end
    return " ".join(shown)


@pytest.mark.parametrize("name", NOTES)
def test_melody_files_hold_these_notes(name: str) -> None:
    found = [written(list(one["tokens"])) for one in score("melody", CASES / name, quiet=True)]
    assert found == NOTES[name]


@pytest.mark.parametrize(
    "name",
    [
        *("F20/cr_only.smi", "F20/cr.sdf", "F22/no_blank_after_field.sdf", "F23/two_smiles.csv"),
        *("F23/target_smiles.csv", "F29/comma.smi", "F29/id_first.txt"),
    ],
)
def test_molecule_files_hold_eight_molecules(name: str, in_process: Path) -> None:
    found = score("molecule", CASES / name, config=in_process, quiet=True)
    assert len(found) == 8
    assert found[0]["smiles"] == "CCO"
    assert all(one["valid"] for one in found)


@pytest.mark.parametrize("name", ["S04/k_bar.abc", "S05/alter_inf.xml", "S08/pb15k.abc"])
def test_what_cannot_be_read_is_one_sentence(name: str) -> None:
    with pytest.raises(UserError, match=Path(name).name):
        score("melody", CASES / name, quiet=True)


def test_what_stands_before_the_damage_is_scored(in_process: Path) -> None:
    packed = CASES / "F25" / "corrupt.smi.gz"
    found = score("molecule", [packed], config=in_process, quiet=True)
    assert found.valid == 956
    (damage,) = found.damaged
    assert "corrupt.smi.gz line 957: cannot be read from here on" in damage


def test_one_odd_file_never_ends_a_folder(tmp_path: Path) -> None:
    for name in (
        *("S04/k_bar.abc", "S05/alter_inf.xml", "S07/lz_bad.zip", "S08/pb15k.abc"),
        *("F26/sjis.zip", "F26/version80.zip", "S18/neg_mid.tar", "S18/neg_txt.tar.gz"),
    ):
        shutil.copy(CASES / name, tmp_path)
    good = "".join(
        f"X:{number}\nM:4/4\nL:1/4\nK:C\nC D E F | G A B {note} | {note} B A G | F E D C |\n"
        for number, note in enumerate("cdefgab", start=1)
    )
    (tmp_path / "good.abc").write_text(good)
    domain = find_domain("melody")
    settings = domain.data_settings.model_validate({"minimum_bars": 2})
    assert isinstance(settings, Settings)
    data = domain.read_training([tmp_path], settings, None, uncounted)
    assert len(data.train) + len(data.validation) + len(data.test) >= 7
    skipped = " ".join(f"{file} {reason}" for file, reason in data.skipped)
    for name in ("k_bar.abc", "alter_inf.xml", "lz_bad.zip", "pb15k.abc", "version80.zip", "neg"):
        assert name in skipped


def test_a_table_in_doubled_brackets_is_refused() -> None:
    path = CASES / "S11" / "double.toml"
    with pytest.raises(UserError, match="tune"):
        _ = open_order("melody", "default", path, {}, Given()).spec
