from __future__ import annotations

import csv
import math
import os
import resource
import sys
from pathlib import Path

import pytest
from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.writing.output import (
    MoleculeOutputSettings,
    Row,
    write_molecules,
    write_sdf,
)
from sequence_tutor.molecule.writing.pictures import PANEL
from sequence_tutor.molecule.writing.table_files import parquet_of

ASPIRIN, AMPHETAMINE = "CC(=O)Oc1ccccc1C(=O)O", "CC(N)Cc1ccccc1"
ROWS = [
    Row("OC(=O)c1ccccc1OC(C)=O", ASPIRIN, {"qed": 0.5501, "logp": 1.3101}),
    Row("C1CC", None, {}),
    Row("NC(C)Cc1ccccc1", AMPHETAMINE, {"qed": 0.6, "logp": math.nan}),
]
NAMES = ["qed", "logp"]


def test_a_table_of_all_and_structures_of_the_valid(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    write_molecules(
        ROWS, NAMES, tmp_path / "out", MoleculeOutputSettings(), lambda *done: steps.append(done)
    )
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (tmp_path / "out" / "molecules.smi").read_text() == f"{ASPIRIN}\n{AMPHETAMINE}\n"
    with (tmp_path / "out" / "molecules.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["smiles", "canonical", "qed", "logp"],
            ["OC(=O)c1ccccc1OC(C)=O", ASPIRIN, "0.5501", "1.3101"],
            ["C1CC", "", "", ""],
            ["NC(C)Cc1ccccc1", AMPHETAMINE, "0.6", ""],
        ]
    mols = list(Chem.SDMolSupplier(str(tmp_path / "out" / "molecules.sdf")))
    assert [Chem.MolToSmiles(mol) for mol in mols] == [ASPIRIN, AMPHETAMINE]
    assert mols[0].GetDoubleProp("logp") == 1.3101
    assert not mols[1].HasProp("logp")
    assert {path.suffix for path in (tmp_path / "out").iterdir()} >= {".png", ".svg"}


def test_the_best_come_first_and_copies_once(tmp_path: Path) -> None:
    settings = MoleculeOutputSettings(sort_by="qed", pictured=2, sdf=False)
    write_molecules([*ROWS, *ROWS], NAMES, tmp_path, settings)
    assert f"width='{2 * PANEL[0]}px'" in (tmp_path / "best.svg").read_text()  # not four
    assert not (tmp_path / "molecules.sdf").exists()
    with pytest.raises(UserError, match="sort_by is 'qde', expected one of qed, logp"):
        write_molecules(ROWS, NAMES, tmp_path, MoleculeOutputSettings(sort_by="qde"))


def test_nothing_valid_is_written_as_nothing(tmp_path: Path) -> None:
    write_molecules(ROWS[1:2], NAMES, tmp_path, MoleculeOutputSettings())
    assert (tmp_path / "molecules.smi").read_text() == ""
    assert not (tmp_path / "best.png").exists()


def test_structures_that_the_disk_has_no_place_for_are_no_file(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OSError, match=r"molecules\.sdf"):
            write_sdf(tmp_path / "molecules.sdf", [ROWS[0]] * 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")
def test_a_folder_whose_name_is_not_utf_8_is_written_in(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"old\xff")
    settings = MoleculeOutputSettings(parquet=True)
    write_molecules(ROWS, NAMES, folder, settings)
    mols = Chem.SDMolSupplier()
    mols.SetData((folder / "molecules.sdf").read_text())
    assert [Chem.MolToSmiles(mol) for mol in mols] == [ASPIRIN, AMPHETAMINE]
    with (folder / "molecules.parquet").open("rb") as file:
        assert len(pytest.importorskip("pyarrow.parquet").read_table(file)) == 3


def test_rdkit_says_nothing_of_strange_molecules(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [Row(one, one, {"qed": 0.3}) for one in ("[C]", "F[U]F")]
    Chem.rdBase.LogErrorMsg("heard")
    write_molecules(rows, ["qed"], tmp_path, MoleculeOutputSettings())
    heard = capfd.readouterr().err.strip().splitlines()
    assert len(heard) == 1
    assert heard[0].endswith("heard")


def test_parquet_without_pyarrow_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    with pytest.raises(UserError, match=r"pip install 'sequence-tutor\[parquet\]'"):
        write_molecules(ROWS, NAMES, tmp_path, MoleculeOutputSettings(parquet=True))
    assert list(tmp_path.iterdir()) == []


def test_parquet_holds_what_the_table_holds(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra")
    table = tmp_path / "table.csv"
    table.write_text("canonical,step,qed\nCCO,0,0.5\nCCC,3,\n")
    parquet_of(table)
    assert parquet.read_table(table.with_suffix(".parquet")).to_pydict() == {
        "canonical": ["CCO", "CCC"],
        "step": [0, 3],
        "qed": [0.5, None],
    }
