"""Tables and lists with headings, in the dialects that spreadsheets and databases write."""

from pathlib import Path

import pytest
from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.reading.entry import Choice, Entry
from sequence_tutor.molecule.reading.molecules import read_molecules


def entries(path: Path, text: str | bytes, column: str | None = None) -> list[Entry]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_molecules(path, Choice(column), every_line=True))


def smiles(path: Path, text: str | bytes, column: str | None = None) -> list[str]:
    return [entry.smiles for entry in entries(path, text, column)]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("fragment_smiles,smiles", "C,CCO"),
        ("reactant_smiles,canonical_smiles", "C,CCO"),
        ("isomeric_smiles,Canonical SMILES", "C,CCO"),
        ("canonical_smiles,SMILES ", "C,CCO"),
        ("smiles_of_salt,IsomericSMILES", "C,CCO"),
        ("first_smiles,second_smiles", "CCO,C"),  # neither is better: as they stand
        ("fragment_smiles;note, or none;smiles", "C;x, y;CCO"),
        ("fragment_smiles|smiles", "C|CCO"),
        ("salt smiles, dry\tsmiles", "C, or so\tCCO |c:1|"),
    ],
)
def test_the_best_name_is_taken_and_said(tmp_path: Path, header: str, row: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{header}\n{row}\n")
    remarks: list[str] = []
    assert [entry.smiles for entry in read_molecules(path, Choice(remark=remarks.append))] == [
        "CCO"
    ]
    assert len(remarks) == 1
    assert "--column names another" in remarks[0]


def test_a_column_named_by_the_user(tmp_path: Path) -> None:
    path, text = tmp_path / "a.csv", "id,smiles,Product\n1,C,CCO\n"
    assert smiles(path, text, "Product") == ["CCO"]
    assert smiles(path, text, "product") == ["CCO"]
    with pytest.raises(UserError, match=r"none of them 'prodcut': did you mean 'Product'\?"):
        smiles(path, text, "Prodcut".lower())


def test_a_table_without_a_header_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="which are molecules, expected a header"):
        smiles(tmp_path / "a.csv", "CCO,ethanol\nCCN,ethylamine\n")


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nname;smiles\n1;CCO\n2;CN\n",
        "\n# exported yesterday\nname,smiles\n1,CCO\n2,CN\n",
        "name,smiles\r1,CCO\r2,CN",
        "name,smiles\r\n1,CCO\n\r\n2,CN\r",
        "\ufeffname,smiles\n1,CCO\n2,CN\n",
        '"name"\t"smiles"\n"1"\t"CCO"\n"2"\t"CN"\n',
    ],
)
def test_what_programs_write_about_the_rows(tmp_path: Path, text: str) -> None:
    assert smiles(tmp_path / "a.csv", text) == ["CCO", "CN"]
    assert smiles(tmp_path / "a.tsv", text) == ["CCO", "CN"]


def test_a_quote_that_is_never_closed_swallows_no_row(tmp_path: Path) -> None:
    text = 'smiles,name\nCC,"one\nCN,two\nCO,"three\nCF,four\n'
    assert smiles(tmp_path / "a.csv", text) == ["CC", "CN", "CO", "CF"]
    text = 'smiles,name\nCC,"one\nCN,two"\nCO,5" tube\n'
    assert smiles(tmp_path / "a.csv", text) == ["CC", "CO"]  # two lines in one cell are one row


def test_names_and_other_columns_are_kept(tmp_path: Path) -> None:
    text = 'activity,Compound ID,smiles,note,note\n5.1,X-1,CCO,"a, b",\n,X-2,CN,ü,z,more\n'
    first, second = entries(tmp_path / "a.csv", text)
    assert (first.name, second.name) == ("X-1", "X-2")
    assert list(first.fields) == [
        *(("activity", "5.1"), ("Compound ID", "X-1"), ("note", "a, b"), ("note_2", "")),
    ]
    assert ("note", "ü") in second.fields
    assert ("column_6", "more") in second.fields
    (first,) = entries(tmp_path / "a.csv", "valid,ZINC_ID,smiles\nyes,Z1,CCO\n")
    assert first.name == "Z1"
    (old,) = entries(tmp_path / "a.csv", "smiles;name\nCCO;\u00c4thanol\n".encode("cp1252"))
    assert old.name == "Äthanol"


def test_a_line_of_gigabytes_is_no_header_and_no_row(tmp_path: Path) -> None:
    long = b"C" * 2**23
    with pytest.raises(UserError, match=r"a\.csv line 1: a line of more than .* characters"):
        smiles(tmp_path / "a.csv", b"smiles," + long)
    found = entries(tmp_path / "a.csv", b"smiles\nCC\n" + long + b"\nCO\n")
    assert [entry.smiles for entry in found] == ["CC", "", "CO"]
    assert "a line of more than" in found[1].problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID\tSMILES\nmol0\tCCO\nmol1\tCN\n", ["CCO", "CN"]),
        ("smiles,id\nCCO,0\nCN,1\n", ["CCO", "CN"]),
        ("id;smiles;x\n0;CCO;1\n1;CN;2\n", ["CCO", "CN"]),
        ("name smiles\na CCO\nb CN\n", ["CCO", "CN"]),
        ("# made by hand\n\nSMILES\tname\nCCO\tone\nCN\n", ["CCO", "CN"]),
        ("Canonical SMILES\nCCO\nCN\n", ["CCO", "CN"]),
        ("CCO,ethanol\nCN,methylamine\n", ["CCO", "CN"]),
        ("CCO smiles_of_vendor\nCN other\n", ["CCO", "CN"]),
        ("N\tSMILES\n1\tCCO\n2\tCN\n", ["CCO", "CN"]),
        ('"SMILES"\n"CCO"\n"CN"\n', ["CCO", "CN"]),
        ("CCO ethanol\nCN methylamine\n", ["CCO", "CN"]),
        ("CCO\rCN\r", ["CCO", "CN"]),
        ("CCO\r\nCN\nCF\rCO", ["CCO", "CN", "CF", "CO"]),
        ("smiles\n", []),
        ("", []),
    ],
)
@pytest.mark.parametrize("name", ["a.smi", "a.txt"])
def test_the_heading_of_a_list_is_looked_at(
    tmp_path: Path, name: str, text: str, expected: list[str]
) -> None:
    path = tmp_path / name
    path.write_text(text, newline="")
    assert [entry.smiles for entry in read_molecules(path)] == expected


def test_names_of_a_list(tmp_path: Path) -> None:
    text = "CCO\tethanol of\tthe lab\nCN  methylamine \nCF\n"
    assert [entry.name for entry in entries(tmp_path / "a.smi", text)] == [
        "ethanol of\tthe lab",
        "methylamine",
        "",
    ]
    (only,) = entries(tmp_path / "a.smi", "SMILES\tid\tpIC50\nCCO\tX 1\t5.1\n")
    assert only.name == "X 1"
    assert list(only.fields) == [("id", "X 1"), ("pIC50", "5.1")]


@pytest.mark.parametrize("name", ["a.csv", "a.smi"])
def test_a_spreadsheet_under_another_name_is_said(tmp_path: Path, name: str) -> None:
    (entry,) = entries(tmp_path / name, b"PK\x03\x04" + bytes(100))
    assert "a spreadsheet or an archive" in entry.problem
    assert entry.is_end


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.smi", "a.txt"])
def test_a_column_of_another_name_is_read_from_lists_as_from_tables(
    tmp_path: Path, name: str
) -> None:
    text = "id\tstructure\tproduct\n1\tC\tCCO\n2\tN\tCN\n"
    for asked in ("product", "Product"):
        assert smiles(tmp_path / name, text, asked) == ["CCO", "CN"]
    with pytest.raises(UserError, match=r"'id', 'structure', 'product', none of them 'prodct'"):
        smiles(tmp_path / name, text, "prodct")


def test_a_column_asked_of_what_has_none_is_said(tmp_path: Path) -> None:
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CO"))
    for name, text, what in (
        ("a.smi", "CCO one\nCN two\n", "a list without a heading"),
        ("a.sdf", f"{block}$$$$\n", "an SD file has structures"),
    ):
        (tmp_path / name).write_text(text)
        remarks: list[str] = []
        choice = Choice("product", remark=remarks.append)
        assert all(entry.smiles for entry in read_molecules(tmp_path / name, choice))
        (remark,) = remarks
        assert what in remark
        assert "--column product plays no part" in remark
