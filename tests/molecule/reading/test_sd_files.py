"""SD files: every record a molecule or a problem, however it is written."""

from pathlib import Path

import pytest
from rdkit import Chem

from sequence_tutor.molecule.reading.entry import Entry
from sequence_tutor.molecule.reading.molecules import read_molecules

NAMES = ("CCO", "CC(=O)O", "c1ccccc1", "CCN")
FIELD = ">  <note>  (1) \nx\n"


def block(smiles: str, *, v3000: bool = False) -> str:
    molecule = Chem.MolFromSmiles(smiles)
    molecule.SetProp("_Name", f"name of {smiles}")
    return str(Chem.MolToMolBlock(molecule, forceV3000=v3000))


def entries(path: Path, text: str) -> list[Entry]:
    path.write_text(text, newline="")
    return list(read_molecules(path, every_line=True))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("v3000", [False, True])
@pytest.mark.parametrize("blank", ["\n", ""])
def test_no_record_vanishes(tmp_path: Path, end: str, v3000: bool, blank: str) -> None:
    text = "".join(f"{block(smiles, v3000=v3000)}{FIELD}{blank}$$$$\n" for smiles in NAMES)
    found = entries(tmp_path / "a.sdf", text.replace("\n", end))
    assert [entry.smiles for entry in found] == list(NAMES)
    assert [entry.name for entry in found] == [f"name of {smiles}" for smiles in NAMES]
    assert [list(entry.fields) for entry in found] == [[("note", "x")]] * 4
    assert [entry.where for entry in found] == [f"record {place}" for place in (1, 2, 3, 4)]


def test_a_bad_record_takes_no_other_with_it(tmp_path: Path) -> None:
    good, bad = f"{block('CCO')}$$$$\n", "no molecule\n\n\nnonsense\n$$$$\n"
    found = entries(tmp_path / "a.sdf", good + bad + f"{block('CF')}{FIELD}$$$$\n" + bad + good)
    assert [entry.smiles for entry in found] == ["CCO", "", "CF", "", "CCO"]
    assert found[1].problem == "a record that is no molecule"
    empty = str(Chem.MolToMolBlock(Chem.Mol()))
    assert entries(tmp_path / "a.sdf", f"{empty}$$$$\n")[0].problem == "a record without atoms"


@pytest.mark.parametrize(
    "text",
    [
        f"{block('CCO')}{block('CN')}",  # two .mol files in one, no $$$$ at all
        f"{block('CCO')}$$$$\n{block('CN')}".replace("M  END\n", ""),
        f"\n{block('CCO')}$$$$\n\n\n{block('CN')}$$$$\n",  # blank lines before a record
        f"{block('CCO')}$$$$\n{block('CN').split(chr(10), 1)[1]}$$$$\n",  # no line for the name
        f"{block('CCO')}> <a>\n$$$$\n{block('CN')}>  DT12\n5\n\n$$$$\n\n",
        f"{block('CCO')}> <a>\n{block('CF')}\n> <b>\n1\n$$$$\n{block('CN')}",  # one in a field
    ],
)
def test_two_molecules_are_two(tmp_path: Path, text: str) -> None:
    assert [entry.smiles for entry in entries(tmp_path / "a.sdf", text)] == ["CCO", "CN"]


def test_fields_of_several_lines_and_by_number(tmp_path: Path) -> None:
    fields = "> 25 <MELTING.POINT>\n179.0\n\n>  <remark>\none\n two\n\n> DT12\n7\n> <remark>\n\n"
    (entry,) = entries(tmp_path / "a.sdf", f"{block('CCO')}{fields}$$$$\n")
    assert list(entry.fields) == [
        *(("MELTING.POINT", "179.0"), ("remark", "one\n two"), ("DT12", "7"), ("remark_2", "")),
    ]


def test_stereo_and_charges_are_those_of_rdkits_own_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.sdf"
    written = ["C[C@H](N)C(=O)O", "F/C=C/F", "C[N+](=O)[O-]", "[NH3+]CC([O-])=O", "[13CH4]"]
    writer = Chem.SDWriter(str(path))
    for smiles in written:
        writer.write(Chem.MolFromSmiles(smiles))
    writer.close()
    expected = [Chem.MolToSmiles(molecule) for molecule in Chem.SDMolSupplier(str(path))]
    assert [entry.smiles for entry in read_molecules(path)] == expected


def test_a_record_without_an_end_is_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sequence_tutor.molecule.reading.sd_files.MOST_LINES", 50)
    found = entries(tmp_path / "a.sdf", "x\n" * 100 + f"$$$$\n{block('CCO')}$$$$\n")
    assert [entry.smiles for entry in found] == ["", "CCO"]
    assert found[0].problem == "a record of more than 50 lines"
    (entry,) = entries(tmp_path / "a.sdf", "C" * 2**20)
    assert "a line of more than" in entry.problem


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["$$$$\n", ""])
@pytest.mark.parametrize("v3000", [False, True])
@pytest.mark.parametrize("kept", [5, 6, 8])  # lines: within the atoms, or before them
def test_a_record_that_is_cut_short_takes_no_other_with_it(
    tmp_path: Path, kept: int, v3000: bool, mark: str, end: str
) -> None:
    cut = "".join(block("c1ccccc1", v3000=v3000).splitlines(keepends=True)[:kept])
    text = f"{block('CCO')}$$$$\n{cut}{mark}{block('CCN', v3000=v3000)}"  # no $$$$ at the end
    found = entries(tmp_path / "a.sdf", text.replace("\n", end))
    assert [entry.smiles for entry in found] == ["CCO", "", "CCN"]
    assert [entry.name for entry in found] == [*("name of CCO", "name of c1ccccc1", "name of CCN")]
    assert found[1].problem == "a record that is no molecule"
