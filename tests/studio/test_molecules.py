"""Molecules over HTTP: drawn, weighed, begun with a fragment, written as files."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Sequence

import pytest

pytest.importorskip("rdkit")

from rdkit import Chem

from sequence_tutor.molecule.chemistry import canonical_of, known, parse
from sequence_tutor.molecule.scoring.named_terms import READY
from sequence_tutor.studio.replies import ReadReply
from sequence_tutor.studio.words import TERMS

from .conftest import Client

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def test_the_terms_of_the_page_are_ready(client: Client) -> None:
    assert set(TERMS) - {"near"} <= set(READY)
    terms = client.get("/v1/info")["molecule"]["terms"]
    assert {one["name"] for one in terms} == set(TERMS)


def test_molecules_are_distinct_valid_and_drawn(client: Client) -> None:
    reply = client.post("/v1/generate", domain="molecule", count=4, seed=2)
    assert reply["model"] == "molecule"
    canonical = [one["properties"]["canonical"] for one in reply["candidates"]]
    assert len(set(canonical)) == 4
    for one in reply["candidates"]:
        assert known(one["text"]) is not None
        assert "<svg" in one["svg"]
        assert 0 < one["properties"]["qed"] < 1
        assert (one["reward"], one["paid"]) == (None, {})
    again = client.post("/v1/generate", domain="molecule", count=4, seed=2)
    assert [one["tokens"] for one in again["candidates"]] == [
        one["tokens"] for one in reply["candidates"]
    ]


def test_a_weight_draws_better_ones_and_is_accounted_for(client: Client) -> None:
    weights = {"qed": 30.0}
    plain = client.post("/v1/generate", domain="molecule", count=8)["candidates"]
    better = client.post("/v1/generate", domain="molecule", count=8, weights=weights)["candidates"]
    means = [sum(one["properties"]["qed"] for one in some) / 8 for some in (plain, better)]
    assert means[1] > means[0] + 0.05
    tokens = [one["tokens"] for one in better]
    account = client.post("/v1/account", domain="molecule", tokens=tokens, weights=weights)
    assert account["candidates"] == better
    weak = client.post("/v1/generate", domain="molecule", count=8, weights=weights, strength=0)
    assert weak["effective_sample_size"] > 100  # of 128: all count alike


def test_a_fragment_is_kept_and_a_molecule_is_neared(client: Client) -> None:
    fragment = client.post("/v1/generate", domain="molecule", count=4, fragment="c1ccc(cc1)C(=O)N")
    assert all(holds(one["text"], "c1ccccc1C(=O)N") for one in fragment["candidates"])
    near = client.post("/v1/generate", domain="molecule", count=4, near=ASPIRIN)
    assert set(near["candidates"][0]["paid"]) == {"near"}
    assert near["candidates"][0]["reward"] > 2


def test_groups_are_written_at_the_points_of_a_fragment(client: Client) -> None:
    asked = {"domain": "molecule", "count": 4, "fragment": "[*]c1ccnc([*])c1"}
    found = client.post("/v1/generate", **asked)["candidates"]
    assert len({one["properties"]["canonical"] for one in found}) == 4
    assert all(holds(one["text"], "*c1ccnc(*)c1") for one in found)
    for ends in ("C[*].[*]c1ccccc1", "*C.*c1ccccc1"):  # typed, and as a drawing is written
        linked = client.post("/v1/generate", domain="molecule", count=3, fragment=ends)
        assert all(holds(one["text"], "c1ccccc1") for one in linked["candidates"])


def holds(smiles: str, part: str) -> bool:
    molecule, pattern = parse(smiles), Chem.MolFromSmarts(part)
    return molecule is not None and molecule.HasSubstructMatch(pattern)


def test_files_of_molecules(client: Client) -> None:
    tokens = [
        one["tokens"]
        for one in client.post("/v1/generate", domain="molecule", count=3)["candidates"]
    ]
    asked = {"domain": "molecule", "tokens": tokens}
    files = {
        kind: client.http.post("/v1/render", json={**asked, "kind": kind}).content.decode("latin-1")
        for kind in ("smi", "csv", "sdf", "svg")
    }
    smiles = files["smi"].split()
    rows = list(csv.DictReader(io.StringIO(files["csv"])))
    assert [row["canonical"] for row in rows] == smiles
    assert files["sdf"].count("$$$$") == 3
    assert "<svg" in files["svg"]
    data = base64.b64encode(f"{ASPIRIN}\n".encode()).decode()
    read = client.post("/v1/read", name="pasted.smi", content=data, domain="molecule")
    assert read["text"] == ASPIRIN
    account = client.post("/v1/account", domain="molecule", tokens=[read["tokens"]])
    assert known(account["candidates"][0]["text"]) == known(ASPIRIN)


def asked(text: str | bytes, name: str = "drawing.smi") -> dict[str, object]:
    """A request for the structure of a text."""
    data = text if isinstance(text, bytes) else text.encode()
    content = base64.b64encode(data).decode()
    return {"name": name, "content": content, "domain": "molecule", "structure": True}


@pytest.mark.parametrize(
    "smiles", [ASPIRIN, "*c1ccncc1", "C[*].[*]c1ccccc1", "C[C@H](N)C(=O)O", "[Na+].[Cl-]", "[U]"]
)
def test_structures_are_laid_out_and_read_as_they_are(client: Client, smiles: str) -> None:
    drawn = client.post("/v1/read", **asked(smiles))
    ReadReply.model_validate(drawn)
    assert drawn["text"] == canonical_of(smiles)
    assert "V2000" in drawn["molfile"].split("\n")[3]
    assert drawn["tokens"] == []
    for name in ("drawing.mol", "drawing.SDF"):
        again = client.post("/v1/read", **asked(drawn["molfile"].replace("\n", "\r\n"), name))
        assert again["text"] == drawn["text"]
        assert again["molfile"].count("\n") == drawn["molfile"].count("\n")
    plain = asked(smiles) | {"structure": False}
    if smiles == ASPIRIN:
        assert client.post("/v1/read", **plain)["molfile"] is None


def molfile(atoms: int, bonds: Sequence[tuple[int, int, int]], symbol: str = "C") -> str:
    """Atoms in a row with bonds (from, to, order) between them."""
    rows = [f"{place:10.4f}    0.0000    0.0000 {symbol:<3} 0  0" for place in range(atoms)]
    lines = [f"{from_:3d}{to:3d}{order:3d}  0" for from_, to, order in bonds]
    counts = f"{atoms:3d}{len(bonds):3d}  0  0  0  0  0  0  0  0999 V2000"
    return "\n".join(["", "", "", counts, *rows, *lines, "M  END", ""])


FIVE = [(1, to, 1) for to in range(2, 7)]
CAGE = [(one, other, 1) for one in range(1, 13) for other in range(one + 1, 13)]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("C(C)(C)(C)(C)C", "a.smi", "no molecule: Explicit valence for atom # 0 C, 5, is greater"),
        ("c1cccc1", "a.smi", "no molecule: Can't kekulize mol"),
        ("c1ccc(", "a.smi", "cannot be read as SMILES"),
        ("", "a.smi", "has no atoms"),
        ("C" * 501, "a.smi", "501 characters"),
        ("C" * 151, "a.smi", "more than 150 atoms"),
        ("C12345678" * 9, "a.smi", "cannot be read as SMILES"),
        ("C1" * 82, "a.smi", "more than 40 rings"),
        ("C |$_R1$|", "a.smi", "characters that no SMILES has"),
        ("C\0C", "a.smi", "characters that no SMILES has"),
        ("C->[Fe]", "a.smi", "bonds that are not single"),
        ("C~C", "a.smi", "bonds that are not single"),
        (b"\xff\xfe", "a.smi", "no text in UTF-8"),
        (b"\x1f\x8b\x08", "a.sdf.gz", "no text in UTF-8"),
        (molfile(6, FIVE), "a.mol", "no molecule: Explicit valence for atom # 0 C, 5, is greater"),
        (molfile(0, []), "a.mol", "has no atoms"),
        (molfile(151, []), "a.mol", "more than 150 atoms"),
        (molfile(12, CAGE, "U"), "a.mol", "more than 40 rings"),
        (molfile(1, [], "Xx"), "a.mol", "cannot be read as a molfile"),
        (molfile(2, [(1, 9, 1)]), "a.mol", "cannot be read as a molfile"),
        (molfile(2, [(1, 1, 1)]), "a.mol", "cannot be read as a molfile"),
        (molfile(2, [(1, 2, 8)]), "a.mol", "bonds that are not single"),
        (molfile(1, []).replace("  1  0", "999999"), "a.mol", "cannot be read as a molfile"),
        (molfile(1, []).partition("M  END")[0], "a.mol", "no molfile, expected"),
        ("M  END", "a.mol", "no molfile, expected"),
        ("\0" + molfile(1, []), "a.mol", "no molfile, expected"),
        ("x" * 2**18 + molfile(1, []), "a.mol", "characters, expected a molfile"),
    ],
)
def test_structures_that_are_none_are_refused_with_the_reason(
    client: Client, text: str | bytes, name: str, said: str
) -> None:
    sentence = client.refused("/v1/read", **asked(text, name))
    assert sentence.startswith(f"{name}: ")
    assert said in sentence
    assert "\n" not in sentence


def test_structures_are_of_molecules(client: Client) -> None:
    melody = asked("X:1") | {"domain": "melody"}
    assert "structure is of molecules" in client.refused("/v1/read", **melody)
    many = molfile(1, []) + "$$$$\n" + molfile(6, FIVE)  # of an SD file the first
    assert client.post("/v1/read", **asked(many, "a.sdf"))["text"] == "C"


@pytest.mark.parametrize(
    ("path", "message", "said"),
    [
        ("generate", {"fragment": "[*]c1ccx"}, "cannot be read as SMILES"),
        ("generate", {"fragment": "(((("}, "no molecule can begin with"),
        ("generate", {"fragment": "[U]"}, "token '[U]' is unknown"),
        ("generate", {"fragment": "C" * 100}, "expected below 73"),
        ("generate", {"near": "not a molecule"}, "no valid molecule"),
        ("generate", {"weights": {"qedd": 1.0}}, "qedd"),
        ("generate", {"keep": "1"}, "are of melodies"),
        ("generate", {"from": {"tokens": [1]}, "vary": 0.5}, "are of melodies"),
        ("account", {"tokens": [[10_000]]}, "10000 at 0 is none of"),
        ("render", {"tokens": [[1]], "kind": "midi"}, "expected one of molecules"),
        ("render", {"tokens": [[1]], "kind": "smi"}, "none of them is a valid molecule"),
        ("read", {"name": "a.smi", "content": base64.b64encode(b"xyz").decode()}, "a.smi"),
    ],
)
def test_refusals(client: Client, path: str, message: dict[str, object], said: str) -> None:
    assert said in client.refused(f"/v1/{path}", domain="molecule", **message)
