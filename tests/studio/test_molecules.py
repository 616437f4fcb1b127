"""Molecules over HTTP: drawn, weighed, begun with a fragment, written as files."""

from __future__ import annotations

import base64
import csv
import io

import pytest

pytest.importorskip("rdkit")

from rdkit import Chem

from sequence_tutor.molecule.chemistry import known, parse
from sequence_tutor.molecule.scoring.named_terms import READY
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
    linked = client.post("/v1/generate", domain="molecule", count=3, fragment="C[*].[*]c1ccccc1")
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
