"""Files of molecules in every form, whole and broken."""

import gzip
import lzma
from pathlib import Path

import pytest
from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.reading.entry import LONGEST_LINE, Choice
from sequence_tutor.molecule.reading.molecules import molecule_files, read_molecules


def packed(content: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(content)
    return lzma.compress(content) if suffix == ".xz" else content


def smiles_of(path: Path, column: str | None = None) -> list[str]:
    return [entry.smiles for entry in read_molecules(path, Choice(column))]


@pytest.mark.parametrize("name", ["a.smi", "a.smi.gz", "a.smi.xz", "a.SMILES", "a.txt.GZ"])
def test_a_list_packed_or_not(tmp_path: Path, name: str) -> None:
    text = b"smiles name\nCCO ethanol\n\n# remark\nc1ccccc1\tbenzene\r\nCN"
    path = tmp_path / name
    path.write_bytes(packed(text, path.suffix.lower()))
    entries = list(read_molecules(path))
    assert [entry.smiles for entry in entries] == ["CCO", "c1ccccc1", "CN"]
    assert [entry.place for entry in entries] == [2, 5, 6]


def test_every_line_of_a_list_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.smi"
    path.write_text("smiles\n\nCCO x\n# remark\n")
    entries = list(read_molecules(path, every_line=True))
    assert [entry.smiles for entry in entries] == ["", "CCO", "#"]  # the heading is none


def test_a_line_too_long_or_not_in_utf_8_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.smi"
    path.write_bytes(
        b"CC\n" + b"C" * (3 * LONGEST_LINE) + b"\nC\xffC\nCO\n" + b"N" * (LONGEST_LINE + 1)
    )
    entries = list(read_molecules(path))
    assert [entry.smiles for entry in entries] == ["CC", "", "C\xffC", "CO", ""]
    assert [entry.place for entry in entries] == [1, 2, 3, 4, 5]
    assert "more than" in entries[1].problem


def test_a_table_without_a_readable_header_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x" * 200_000 + ",smiles\nCCO,CC\n")  # more than a cell may have
    with pytest.raises(UserError, match=r"a\.csv line 1: not the header of a table"):
        smiles_of(path)


def test_a_table_whose_column_is_found_or_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    # quoted cells with line ends in them, as the table of Gomez-Bombarelli et al. has them
    path.write_text('id,canonical_smiles,other\n1,"CCO\n",N\n2,CC,O\n3\n4,,F\n')
    entries = list(read_molecules(path))
    assert [entry.smiles for entry in entries] == ["CCO", "CC", "", ""]
    assert "no value in column 'canonical_smiles'" in entries[2].problem
    assert smiles_of(path, "other") == ["N", "O", "", "F"]
    tabs = tmp_path / "a.tsv.gz"
    tabs.write_bytes(gzip.compress(b"name\tSMILES\nx\tCN\n"))
    assert smiles_of(tabs) == ["CN"]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_table_with_other_marks_between_its_cells(tmp_path: Path, name: str, mark: str) -> None:
    path = tmp_path / name
    path.write_text(f'id{mark}SMILES{mark}remark\n1{mark}CCO{mark}"a, b;\nc"\n2{mark}CN{mark}\n')
    assert smiles_of(path) == ["CCO", "CN"]


@pytest.mark.parametrize("name", ["a.csv", "a.smi", "a.smi.gz"])
def test_utf_16_as_windows_writes_it(tmp_path: Path, name: str) -> None:
    heading, before = ("id,SMILES", "1,") if name == "a.csv" else ("smiles", "")
    text = f"{heading}\r\n{before}CCO\r\n{before}c1ccccc1\r\n"
    (tmp_path / name).write_bytes(packed(text.encode("utf-16"), Path(name).suffix))
    assert smiles_of(tmp_path / name) == ["CCO", "c1ccccc1"]


def test_a_table_in_utf_16_that_does_not_say_so_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,SMILES\n1,CCO\n", encoding="utf-16-le")
    (entry,) = read_molecules(path)
    assert "text in UTF-16 that does not say so; save it in UTF-8" in entry.problem


def test_a_table_without_the_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,structure\n1,CC\n")
    with pytest.raises(UserError, match=r"a\.csv line 1: columns 'id', 'structure'.*'smiles'"):
        smiles_of(path)
    with pytest.raises(UserError, match="none of them 'mol'"):
        smiles_of(path, "mol")


def test_a_row_that_is_none_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("smiles\nCC\n" + "C" * 200_000 + "\nCO\n")
    entries = list(read_molecules(path))
    assert [entry.smiles for entry in entries] == ["CC", "", "CO"]
    assert "not a row" in entries[1].problem


@pytest.mark.filterwarnings("error")
def test_structures(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.sdf"
    blocks = [Chem.MolToMolBlock(Chem.MolFromSmiles(smiles)) for smiles in ("OCC", "c1ccccc1")]
    path.write_text("$$$$\n".join([blocks[0], "no molecule\n\n\nnonsense\n", blocks[1], ""]))
    entries = list(read_molecules(path))
    assert [entry.smiles for entry in entries] == ["CCO", "", "c1ccccc1"]
    assert entries[1].problem == "a record that is no molecule"
    small = tmp_path / "a.sdf.gz"
    small.write_bytes(gzip.compress(path.read_bytes()))
    assert smiles_of(small) == smiles_of(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
def test_a_damaged_archive_gives_what_can_be_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.smi{suffix}"
    lines = "\n".join("C" * (1 + number % 50) + f" {number * number}" for number in range(9999))
    path.write_bytes(packed(lines.encode(), suffix)[:-5000])
    entries = list(read_molecules(path))
    assert entries[-1].problem.startswith("cannot be read from here on")
    assert all(not entry.problem for entry in entries[:-1])


def test_a_file_that_is_not_packed_as_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / "a.smi.gz"
    path.write_bytes(b"CCO\n")
    (entry,) = read_molecules(path)
    assert entry.problem == "cannot be read (not packed by gzip, as its name says)"
    assert entry.is_end
    path.rename(tmp_path / "a.smi")
    assert smiles_of(tmp_path / "a.smi") == ["CCO"]
    (tmp_path / "a.smi").write_bytes(gzip.compress(b"CN\n") + gzip.compress(b"CF\n"))
    assert smiles_of(tmp_path / "a.smi") == ["CN", "CF"]  # packed, and named as if it were not


def test_what_follows_a_packed_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.smi.gz"
    path.write_bytes(gzip.compress(b"CN\n") + b"garbage")
    *entries, last = read_molecules(path)
    assert [entry.smiles for entry in entries] == ["CN"]
    assert last.problem.startswith("cannot be read from here on (damaged gzip")
    path.write_bytes(gzip.compress(b"CN\n") + bytes(512))  # tapes fill blocks with zeros
    assert smiles_of(path) == ["CN"]


def test_files_of_a_folder_and_what_is_refused(tmp_path: Path) -> None:
    for name in ("b.smi", "a.csv.gz", ".hidden.smi", "notes.md"):
        (tmp_path / name).touch()
    assert [file.name for file in molecule_files([tmp_path])] == ["a.csv.gz", "b.smi"]
    with pytest.raises(UserError, match="no such file"):
        molecule_files([tmp_path / "absent.smi"])
    with pytest.raises(UserError, match=r"unknown kind of file.*\.smi.*\.gz"):
        molecule_files([tmp_path / "notes.md"])
