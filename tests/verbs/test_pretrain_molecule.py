"""`pretrain molecule` from a file to a prior that every verb takes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from rdkit import Chem
from rdkit.Chem import QED

from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.molecule.domain import MoleculeDomain
from sequence_tutor.molecule.held_out import held_out_properties, held_out_smiles
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.prior.store import StoredPrior, load_prior
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.verbs.pretrain import pretrain
from sequence_tutor.verbs.sample import sample

LINES = ["C" * carbons + end for carbons in range(1, 30) for end in ("O", "N", "F", "Cl", "C#N")]
SETTINGS: dict[str, Any] = {
    "data": {"validation": 0.2, "test": 0.2},
    "train": {
        "steps": 20,
        "batch": 16,
        "learning_rate": 0.01,
        "evaluate_every": 10,
        "probe_samples": 50,
        "final_samples": 50,
        "network": {"width": 16},
    },
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "chains.smi"
    path.write_text("".join(f"{line}\n" for line in [*LINES, "C1CC"]))
    return path


@pytest.fixture(scope="module")
def folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("priors") / "chains"
    train(data, out)
    return out


def train(data: Path, out: Path, steps: int = 20) -> StoredPrior:
    overrides = {**SETTINGS, "train": {**SETTINGS["train"], "steps": steps}}
    return pretrain("molecule", [data], out, overrides=overrides, threads=1, quiet=True)


def test_the_card_says_what_was_read_and_how_good_it_is(folder: Path) -> None:
    card = load_prior(folder).card
    assert card["data"]["skipped"] == {"unparsable": 1}
    assert card["data"]["summary"]["all"]["kept"] == len(LINES)
    assert card["molecule"]["longest_carbon_run"] == 30
    assert card["molecule"]["tokens"] == ["#", "C", "Cl", "F", "N", "O"]
    samples = card["quality"]["samples"]
    assert samples["samples"] == 50
    assert 0 <= samples["valid"] <= 1
    assert "test_accuracy_notes" not in card["quality"]  # molecules have none
    assert samples["logp_data"] == card["data"]["summary"]["all"]["logp"]
    assert set(card["quality"]["ngram_perplexity"]) == set("12345678")
    skipped = json.loads((folder / "skipped.jsonl").read_text())
    assert skipped == {"file": "chains.smi line 146", "reason": "unparsable"}
    log = [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
    assert [record["samples"]["samples"] for record in log] == [50, 50]


def test_properties_of_held_out_molecules_are_kept_to_compare_with(folder: Path) -> None:
    stored = load_prior(folder)
    smiles = held_out_smiles(stored.tensors, Vocabulary.from_card(stored.card))
    values = held_out_properties(stored.tensors)
    assert smiles
    assert values.keys() == {"logp", "qed", "sa"}
    own = [QED.qed(Chem.MolFromSmiles(one)) for one in smiles]
    assert values["qed"] == pytest.approx(own, abs=1e-5)
    alkanes = [logp for one, logp in zip(smiles, values["logp"], strict=True) if one[-1] == "O"]
    assert len(set(alkanes)) == len(alkanes) > 1  # every further carbon tells


def test_a_second_call_changes_nothing(data: Path, folder: Path) -> None:
    before = load_prior(folder)
    again = train(data, folder)
    for name, weights in before.network.state_dict().items():
        assert torch.equal(weights, again.network.state_dict()[name])
    assert again.card["quality"] == before.card["quality"]


def test_other_data_are_refused_where_a_training_stands(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.smi"
    other.write_text("".join(f"{line}\n" for line in LINES[1:]))
    with pytest.raises(UserError, match="other settings, data or first weights"):
        train(other, folder)


def test_samples_are_in_the_priors_own_vocabulary(folder: Path, tmp_path: Path) -> None:
    model = load_model(folder)
    assert model.domain.vocab_size == 7
    assert model.length == 33  # C x 30 # N and the end
    batch = sample(model, 5, tmp_path / "out", quiet=True)
    lines = (tmp_path / "out" / "molecules.csv").read_text().splitlines()
    assert len(lines) == 6
    vocabulary = Vocabulary.from_card(model.stored.card)
    written = [line.partition(",")[0] for line in lines[1:]]
    assert written == [vocabulary.decode(row) for row in batch.to_lists()]


def test_samples_go_on_from_a_beginning(folder: Path, tmp_path: Path) -> None:
    prime = tmp_path / "begin.smi"
    prime.write_text("CCCCCCO\n")
    model = load_model(folder)
    batch = sample(model, 3, prime=prime, quiet=True)
    assert all(row[:7] == batch.to_lists()[0][:7] for row in batch.to_lists())
    table = tmp_path / "begin.csv"
    table.write_text("smiles,fragment_smiles\nCCCO,CCCCCCO\n")
    chosen = sample(model, 3, prime=table, column="fragment_smiles", quiet=True)
    assert chosen.to_lists() == batch.to_lists()
    with pytest.raises(UserError, match="no file to read, expected it with --prime"):
        sample(model, 3, column="fragment_smiles", quiet=True)
    prime.write_text("CCBr\n")
    with pytest.raises(UserError, match=r"'CCBr': token 'Br' is unknown to this prior"):
        sample(model, 3, prime=prime, quiet=True)


def test_a_prior_is_evaluated_by_the_rows_of_the_table(folder: Path) -> None:
    here = MoleculeRewardSettings(workers=0)
    model = replace(load_model(folder), reward_settings=here)
    statistics = evaluate([model], samples=60).columns[0].statistics
    assert {"valid", "novel", "snn", "mean_qed", "reward_qed"} <= statistics.keys()


def test_what_is_known_as_it_was_written_makes_nothing_new(folder: Path) -> None:
    stored = load_prior(folder)
    data = {**stored.card["data"], "settings": {"check": False, "augment": 0}}
    smiles = SequenceBatch.from_lists([[1, 1, 5, 6]])  # ethanol
    for card, is_known in ((stored.card, True), ({**stored.card, "data": data}, False)):
        room = MoleculeDomain(card, stored.tensors)
        statistics = room.statistics(MoleculeRewardSettings(workers=0))
        statistics.update(smiles)
        assert math.isnan(statistics.result()["novel"].value) is not is_known


def test_sequences_are_read_in_the_priors_tokens(folder: Path, tmp_path: Path) -> None:
    stored = load_prior(folder)
    room = find_domain("molecule").with_prior(stored.card, stored.tensors)
    path = tmp_path / "seeds.smi"
    path.write_text("CCO\nCCCl\n")
    assert room.read_sequences(path) == [[1, 1, 5, 6], [1, 1, 2, 6]]
    path.write_text("Cl.CCO\nc1ccccc1\nC1CC\nCC)(\n" + "C" * 40 + "\n")
    remarks: list[str] = []
    reading = room.reading(None, None, remarks.append)
    assert reading.read_sequences(path) == [[1, 1, 5, 6]]
    (remark,) = remarks
    assert remark == (
        f"{path}: 4 of 5 molecules are left out: no valid molecule (2, first line 3); "
        "token 'c' is unknown to this prior (1, first line 2); "
        "more than 32 tokens (1, first line 5)"
    )
    with pytest.raises(UserError, match=r"of 5: no valid molecule \(2, first line 3\); token '\.'"):
        room.reading(None, "none", remarks.append).read_sequences(path)
    path.write_text("")
    with pytest.raises(UserError, match=r"seeds\.smi: no molecule in it"):
        room.read_sequences(path)


def test_what_no_molecule_can_begin_with_is_no_prime(folder: Path, tmp_path: Path) -> None:
    stored = load_prior(folder)
    room = find_domain("molecule").with_prior(stored.card, stored.tensors)
    path = tmp_path / "prime.smi"
    path.write_text("CC)(\n")
    with pytest.raises(UserError, match=r"prime\.smi line 1: no molecule can begin with 'CC\)\('"):
        room.begin(path, room.output_settings())
    path.write_text("[*:1]CCO\n")
    with pytest.raises(UserError, match="has an attachment point, expected the beginning"):
        room.begin(path, room.output_settings())
    path.write_text("CCN\n")
    assert room.begin(path, room.output_settings()).tokens == [1, 1, 4]


def test_a_prior_without_a_vocabulary_is_refused() -> None:
    with pytest.raises(UserError, match="card has no vocabulary"):
        find_domain("molecule").with_prior({})
