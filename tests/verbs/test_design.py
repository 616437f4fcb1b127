"""Molecules around a part, between two ends and near a molecule: whole, distinct, as asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("rdkit", reason="the extra [molecule] is not installed")
from rdkit import Chem

from kit import run, sentence
from sequence_tutor.domain import Ends, Near, Scaffold
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.molecule.chemistry import fingerprint, tanimoto
from sequence_tutor.molecule.designing.part import Part, read_ends
from sequence_tutor.verbs.design import Candidates, design


@pytest.fixture(scope="module")
def prior() -> Model:
    return load_model("molecule")


def molecules(found: Candidates) -> list[Chem.Mol]:
    """Of the candidates, which are canonical, distinct and what the tokens say."""
    smiles = [one["smiles"] for one in found.candidates]
    assert len(set(smiles)) == len(smiles)
    assert found.model.domain.shown_to_functions(found.batch) == smiles
    assert [Chem.CanonSmiles(one) for one in smiles] == smiles
    return [Chem.MolFromSmiles(one) for one in smiles]


@pytest.mark.parametrize(
    "scaffold",
    [
        "[*]c1ccncc1",
        # two points that are alike
        pytest.param("[*]N1CCN([*])CC1", marks=pytest.mark.long),
        pytest.param("O=C(N[*:2])[C@@H]1CC[NH+]([*:1])C1", marks=pytest.mark.long),
        pytest.param("[*]/C=C/C(=O)N[*]", marks=pytest.mark.long),
    ],
)
def test_molecules_contain_the_part_and_groups_make_them(prior: Model, scaffold: str) -> None:
    found = design(prior, Scaffold(scaffold), 12, quiet=True)
    part = Part(scaffold)
    assert len(found) == 12
    assert all(map(part.is_in, molecules(found)))
    for one in found.candidates:
        assert len(one["groups"]) == part.points
        assert all(group.count("*") == 1 for group in one["groups"])
        heavy = [Chem.MolFromSmiles(text).GetNumHeavyAtoms() for text in one["groups"]]
        of_part = part.molecule.GetNumHeavyAtoms()
        assert sum(heavy) + of_part == Chem.MolFromSmiles(one["smiles"]).GetNumHeavyAtoms()
    likely = [one["log_prior_per_token"] for one in found.candidates]
    assert likely == sorted(likely, reverse=True)
    assert found.drawn >= 12
    assert found.candidates[0]["reward"] is None


def test_linkers_join_both_ends(prior: Model) -> None:
    ends = "[*]c1ccncc1.[*][C@@H]1CCCO1"
    found = design(prior, Ends(ends), 12, quiet=True)
    assert len(found) == 12
    for molecule in molecules(found):
        assert all(part.is_in(molecule) for part in read_ends(ends))
    for one in found.candidates:
        left, right = (one["linker"].index(f"[{number}*]") for number in (1, 2))
        assert left != right


def test_near_is_in_the_window_and_not_the_molecule_itself(prior: Model) -> None:
    lead = "CC(C)NCC(O)COc1cccc2ccccc12"
    found = design(prior, Near(lead, (0.55, 0.75)), 12, quiet=True)
    given = fingerprint(Chem.MolFromSmiles(lead))
    for molecule, one in zip(molecules(found), found.candidates, strict=True):
        (similarity,) = tanimoto(given, [fingerprint(molecule)])
        assert 0.55 <= similarity <= 0.75
        assert one["similarity"] == pytest.approx(similarity, abs=1e-4)
        assert one["by"] in ("bred", "regrown")


def test_the_same_seed_gives_the_same_and_weights_rank(prior: Model, tmp_path: Path) -> None:
    part = Scaffold("[*]c1ccncc1")
    first = design(prior, part, 10, seed=3, quiet=True)
    again = design(
        prior,
        part,
        10,
        tmp_path,
        seed=3,
        weights={"qed": 2.0},
        best=4,
        quiet=True,
    )
    assert {one["smiles"] for one in again.candidates} < {one["smiles"] for one in first.candidates}
    assert len(again) == 4
    best = sorted((one["numbers"]["qed"] for one in first.candidates), reverse=True)[:4]
    assert [one["numbers"]["qed"] for one in again.candidates] == pytest.approx(best)
    assert [one["reward"] for one in again.candidates] == pytest.approx([2 * one for one in best])
    lines = (tmp_path / "candidates.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(again.candidates)
    assert (tmp_path / "molecules.smi").read_text().split() == [
        one["smiles"] for one in again.candidates
    ]


def test_a_small_world_is_written_as_far_as_it_goes(
    molecule_prior: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chains = load_model(molecule_prior)
    found = design(chains, Scaffold("[*]CN"), 10, length=4)  # one more atom
    assert {one["smiles"] for one in found.candidates} == {"CCN", "NCN", "NCO"}
    assert "only 3 came" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("around", "said"),
    [
        (Scaffold("[*]c1ccncc1"), "token 'c' is unknown to this prior"),
        (Scaffold(f"[*]{'C' * 12}"), "takes 12 tokens"),
        (Scaffold(""), "cannot be read as SMILES"),
        (Ends("[*]C"), "has one piece"),
    ],
)
def test_parts_that_cannot_be_used(
    molecule_prior: Path, around: Scaffold | Ends, said: str
) -> None:
    with pytest.raises(UserError) as refused:
        design(load_model(molecule_prior), around, 4, quiet=True)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("molecule", "window", "said"),
    [
        ("C1CC", (0.5, 0.7), "cannot be read as SMILES"),
        ("CCO", (0.7, 0.5), "similarity is 0.7..0.5, expected two numbers from 0 to 1"),
        ("CCCl", (0.5, 0.7), "token 'Cl' is unknown to this prior"),
        ("C" * 20, (0.5, 0.7), "takes 20 tokens"),
        ("NCCO", (0.98, 0.99), "nothing was found in"),
    ],
)
def test_molecules_that_nothing_is_near_to(
    molecule_prior: Path, molecule: str, window: tuple[float, float], said: str
) -> None:
    with pytest.raises(UserError) as refused:
        design(load_model(molecule_prior), Near(molecule, window), 4, quiet=True)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--ends", "[*]C.[*]C", "--scaffold", "[*]C"], "--near exclude each other"),
        (
            ["--near", "CCO", "--scaffold", "[*]C"],
            "--scaffold, --ends and --near exclude each other",
        ),
        (["--near", "CCO", "--similarity", "x"], "--similarity 'x': expected two numbers"),
        (["--similarity", "0.5"], "--similarity is to a molecule"),
        (["--scaffold", "[*]C", "--repeats"], "with no other way of writing"),
        (["--scaffold", "[*]C", "--smc"], "do not go with --scaffold"),
    ],
)
def test_options_that_do_not_go_together(
    molecule_prior: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: str,
) -> None:
    assert run("sample", molecule_prior, *options, "--out", tmp_path / "out") == 2
    assert said in sentence(capsys)
    assert not (tmp_path / "out").exists()


def test_melodies_have_no_parts(
    melody_prior: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sample", melody_prior, "--near", "CCO", "--out", tmp_path / "out") == 2
    assert "--scaffold, --ends and --near are of molecules, not of melody" in sentence(capsys)
