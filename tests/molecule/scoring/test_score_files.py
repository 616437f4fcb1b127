"""Scored molecules as files, with all that was read beside them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rdkit import Chem

from sequence_tutor.cli import main
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.reading.molecules import read_molecules
from sequence_tutor.verbs import score as verb

TABLE = """Compound ID,smiles,IC50,qed,remark
X-1,CCO,5.1,old,"a, ""b"" c"
X-2,Cl.CCN,,,ü
X-3,C1CC,7,,
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "assay.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


Scores = Callable[..., list[Any]]


@pytest.fixture
def score(tmp_path_factory: pytest.TempPathFactory) -> Scores:
    """Scores molecules without processes beside this one."""
    config = tmp_path_factory.mktemp("settings") / "alone.toml"
    config.write_text("[reward]\nworkers = 0\n")
    return partial(verb.score, "molecule", config=config)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_keeps_every_column(score: Scores, table: Path, tmp_path: Path) -> None:
    out, lines = tmp_path / "scored.csv", tmp_path / "scored.jsonl"
    found = score(table, lines, table=out)
    assert [json.loads(line) for line in lines.read_text().splitlines()] == found
    assert out.read_text().splitlines()[0] == (
        "smiles,name,valid,canonical,Compound ID,IC50,input_qed,remark,"
        "qed,sa,logp,logp_score,ring,total"
    )
    written = rows(out)
    assert [row["name"] for row in written] == ["X-1", "X-2", "X-3"]
    assert [row["smiles"] for row in written] == ["CCO", "Cl.CCN", "C1CC"]
    assert [row["IC50"] for row in written] == ["5.1", "", "7"]
    assert [row["remark"] for row in written] == ['a, "b" c', "ü", ""]
    assert written[0]["input_qed"] == "old"  # ours has the name
    assert float(written[0]["qed"]) == found[0]["terms"]["qed"]
    assert float(written[0]["total"]) == found[0]["total"]
    assert [row["valid"] for row in written] == ["yes", "yes", "no"]
    assert written[2]["qed"] == ""


def test_a_table_with_the_columns_of_reinvent(table: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "columns.toml", tmp_path / "scored.csv"
    config.write_text(
        "[reward]\nworkers = 0\n[reward.weights]\nqed = 1.0\n[reward.terms.logp]\nweight = 2.0\n"
        'transform = { kind = "step", threshold = 0.0 }\n[output]\nreinvent = true\n'
    )
    found = verb.score("molecule", table, table=out, config=config, standardise="parent")
    assert out.read_text().splitlines()[0] == (
        "SMILES,Compound ID,IC50,qed,remark,RDKit_SMILES (REINVENT),Score,qed.2,logp,"
        "qed (raw),logp (raw)"
    )
    first, second, last = rows(out)
    assert (first["SMILES"], first["Compound ID"], first["qed"]) == ("CCO", "X-1", "old")
    assert float(first["Score"]) == found[0]["total"]
    assert float(first["qed.2"]) == float(first["qed (raw)"]) == found[0]["terms"]["qed"]
    assert (float(first["logp"]), float(first["logp (raw)"])) == (
        0.0,
        found[0]["terms"]["logp"],
    )
    assert (second["SMILES"], second["RDKit_SMILES (REINVENT)"]) == ("Cl.CCN", "CCN")
    assert (last["qed.2"], last["qed (raw)"]) == ("", "")
    named = written(tmp_path / "named.smi", "CCO ethanol")
    verb.score("molecule", named, table=out, config=config)
    assert [row["Comment"] for row in rows(out)] == ["ethanol"]
    with pytest.raises(UserError, match=r"the columns of REINVENT are those of a \.csv"):
        verb.score("molecule", table, table=tmp_path / "scored.sdf", config=config)


def test_the_parent_is_scored_where_that_is_asked(
    score: Scores, table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scored.csv"
    _, second, _ = score(table, table=out, standardise="parent")
    (plain,) = score(written(tmp_path / "b.smi", "CCN"))
    assert second["smiles"] == "Cl.CCN"
    assert second["standardised"] == "CCN"
    assert second["terms"] == plain["terms"]
    assert [row["standardised"] for row in rows(out)] == ["", "CCN", ""]


def test_structures_keep_names_and_fields(score: Scores, table: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "scored.sdf", tmp_path / "again.sdf"
    found = score(table, table=out)
    first, second = read_molecules(out, every_line=True)  # the third is no molecule
    assert (first.name, first.smiles) == ("X-1", "CCO")
    fields = dict(first.fields)
    assert (fields["IC50"], fields["input_qed"]) == ("5.1", "old")
    assert float(fields["total"]) == pytest.approx(found[0]["total"])
    assert dict(second.fields)["smiles"] == "Cl.CCN"
    score(out, table=again)
    assert next(molecule.GetProp("IC50") for molecule in Chem.SDMolSupplier(str(again))) == "5.1"


def test_parquet_has_the_table_with_input_as_text(
    score: Scores, table: Path, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table.write_text(TABLE.replace("X-1", "001"), encoding="utf-8")
    out, plain = tmp_path / "scored.parquet", tmp_path / "scored.csv"
    found = score(table, table=out)
    score(table, table=plain)
    read = parquet.read_table(out).to_pylist()
    assert list(read[0]) == list(rows(plain)[0])
    assert [row["Compound ID"] for row in read] == ["001", "X-2", "X-3"]
    assert [row["IC50"] for row in read] == ["5.1", "", "7"]
    assert read[0]["total"] == found[0]["total"]
    assert read[2]["qed"] is None


def test_a_list_keeps_names(score: Scores, tmp_path: Path) -> None:
    mine = written(tmp_path / "a.smi", "OCC ethanol of  the lab", "C1CC none", "CN")
    out = tmp_path / "scored.smi"
    score(mine, table=out)
    assert out.read_text() == "OCC\tethanol of the lab\nCN\tBAVYZALUXZFZLV-UHFFFAOYSA-N\n"


def test_of_nothing_there_is_no_table(score: Scores, tmp_path: Path) -> None:
    out = tmp_path / "scored.csv"
    with pytest.raises(UserError, match=r"a\.smi: no molecules to score, expected at least one"):
        score(written(tmp_path / "a.smi"), table=out)
    assert not out.exists()


def test_files_of_several_columns_are_one_table(score: Scores, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "scored.csv"
    mine = written(tmp_path / "b.smi", "smiles\tassay", "CF\t3")
    score([mine, table], table=out)
    assert [row["assay"] for row in rows(out)] == ["3", "", "", ""]
    assert [row["IC50"] for row in rows(out)] == ["", "5.1", "", "7"]


def test_what_would_break_a_record_is_kept_harmless(score: Scores, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('smiles,name,"a> <b"\nCCO,"two\nlines","x\n\n$$$$\n> <y>\n"\nCN,n,z\n')
    out = tmp_path / "scored.sdf"
    score(path, table=out)
    assert [entry.smiles for entry in read_molecules(out)] == ["CCO", "CN"]


def test_a_kind_that_cannot_be_written_is_said_before_the_work(
    score: Scores, tmp_path: Path
) -> None:
    mine = written(tmp_path / "a.smi", "CCO")
    with pytest.raises(UserError, match=r"scored\.xlsx: unknown kind of file, expected one"):
        score(mine, table=tmp_path / "scored.xlsx")
    with pytest.raises(UserError, match="scores of toy are written as JSON lines"):
        verb.score("toy", mine, table=tmp_path / "scored.csv", quiet=True)
    with pytest.raises(UserError, match="--column is of molecules, not of toy"):
        verb.score("toy", mine, column="smiles", quiet=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.smi"]


def test_a_damaged_file_is_scored_up_to_there_and_ends_in_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "a.smi.gz", tmp_path / "scored.jsonl"
    text = "".join(f"{'C' * (1 + number % 7)} {number * number}\n" for number in range(5000))
    path.write_bytes(gzip.compress(text.encode())[:-3000])
    config = tmp_path / "alone.toml"
    config.write_text("[reward]\nworkers = 0\n")
    given = ["--config", str(config), "--json", str(out), "--quiet"]
    assert main(["score", "molecule", str(path), *given]) == 2
    *lines, last = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) > 100
    assert all(line["valid"] for line in lines)
    assert last["problem"].startswith("cannot be read from here on (damaged gzip")
    told = " ".join(capsys.readouterr().err.split())
    assert f"a.smi.gz line {len(lines) + 1}: cannot be read from here on" in told


def test_records_that_cannot_be_read_are_counted_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def block(smiles: str) -> str:
        return str(Chem.MolToMolBlock(Chem.MolFromSmiles(smiles, sanitize=False)))

    cut = "\n".join(block("c1ccccc1").splitlines()[:7])
    five_bonds = block("CC(C)(C)(C)C")
    path, out, config = (tmp_path / name for name in ("a.sdf", "scored.csv", "alone.toml"))
    config.write_text("[reward]\nworkers = 0\n")
    given = ["score", "molecule", str(path), "--config", str(config), "--out", str(out)]
    records = [block("CCO"), f"{cut}\n", block("CCN"), five_bonds, block("CF")]
    for record_end in ("$$$$\n", "$$$$\r\n"):
        path.write_text(record_end.join(records).replace("\r\n", "\n"), newline=record_end[4:])
        assert main(given) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert f"2 of 5 cannot be read, first {path} record 2: a record that is no molecule" in told
        assert "3 of 5 valid" in told
        with out.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["smiles"] for row in rows] == ["CCO", "", "CCN", "", "CF"]
        assert [row["problem"] for row in rows] == [
            *("", "a record that is no molecule", "", "a record that is no molecule", "")
        ]
    path.write_text("".join(records[:2]))
    assert main(given) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"{path} record 2: a record that is no molecule" in told
    before = out.read_bytes()
    for text, what in (
        (f"{cut}\n$$$$\n{five_bonds}", f"{path} record 1: a record that is no molecule; there is"),
        ("", f"{path}: no molecules to score, expected at least one"),
        ("\r\n\r\n", f"{path}: no molecules to score, expected at least one"),
    ):
        path.write_text(text)
        assert main(given) == 2
        assert what in " ".join(capsys.readouterr().err.split())
        assert out.read_bytes() == before  # nothing is half-written, nothing lost


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
