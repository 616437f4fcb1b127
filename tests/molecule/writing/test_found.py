from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from rdkit import Chem
from rdkit.Chem import QED

from sequence_tutor.domain.gathering import Collected
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.molecule.writing.found import FoundMolecules
from sequence_tutor.molecule.writing.table_files import read_table
from sequence_tutor.sequences import SequenceBatch

ASPIRIN, CAFFEINE, AMPHETAMINE = (
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CC(N)Cc1ccccc1",
)
VOCABULARY = Vocabulary.broad()


@pytest.fixture(scope="module")
def reward() -> Iterator[MoleculeReward]:
    settings = MoleculeRewardSettings.model_validate(
        {
            "weights": {"qed": 2.0, "logp": 1.0},
            "terms": {"logp": {"transform": {"kind": "clip", "low": 0.0, "high": 1.0}}},
            "diversity": {"repeat": 5.0},
            "workers": 0,
        }
    )
    found = settings.build(VOCABULARY)
    yield found
    found.close()


def collected(reward: MoleculeReward, step: int, *smiles: str | None) -> Collected:
    """A batch; None is a sequence that does not end."""
    rows = [
        VOCABULARY.encode(ASPIRIN, end=False) if s is None else VOCABULARY.encode(s) for s in smiles
    ]
    batch = SequenceBatch.from_lists(rows)
    log_prior = -torch.arange(1.0, len(rows) + 1)
    return Collected(step, batch, reward(batch), log_prior, log_prior / 2)


def test_a_line_a_distinct_molecule_with_all_its_numbers(
    tmp_path: Path, reward: MoleculeReward
) -> None:
    found = FoundMolecules(tmp_path / "run" / "found.csv", reward, resumed=False)
    found.gather(collected(reward, 0, "OCC", None, "C1CC", "CCO"))
    batch = collected(reward, 7, AMPHETAMINE, "C(C)O")
    reward.remember(batch.batch)  # the total is what was paid before
    found.gather(batch)
    found.close()
    ethanol, amphetamine = read_table(tmp_path / "run" / "found.csv")
    assert list(ethanol) == [
        *("smiles", "canonical", "step", "total", "log_prior", "log_policy", "scaffold"),
        *("qed", "qed_score", "logp", "logp_score", "front"),
    ]
    assert (ethanol["smiles"], ethanol["canonical"], ethanol["step"]) == ("OCC", "CCO", "0")
    assert ethanol["scaffold"] == ""
    qed = QED.qed(Chem.MolFromSmiles("CCO"))
    assert float(ethanol["qed"]) == float(ethanol["qed_score"]) == qed
    assert float(ethanol["logp"]) == pytest.approx(-0.0014)
    assert float(ethanol["logp_score"]) == 0
    assert float(ethanol["total"]) == pytest.approx(2 * qed)
    assert amphetamine["canonical"] == AMPHETAMINE
    assert amphetamine["scaffold"] == "c1ccccc1"
    assert float(amphetamine["logp_score"]) == 1
    assert float(amphetamine["total"]) == pytest.approx(2 * float(amphetamine["qed"]) + 1)
    assert (amphetamine["log_prior"], amphetamine["log_policy"]) == ("-1.0", "-0.5")


def test_a_killed_run_goes_on_without_a_copy_and_without_a_loss(
    tmp_path: Path, reward: MoleculeReward
) -> None:
    batches = [
        collected(reward, 0, "CCO", ASPIRIN),
        collected(reward, 1, "OCC", CAFFEINE, None),
        collected(reward, 2, CAFFEINE, "c1ccccc1", ASPIRIN),
    ]
    whole = FoundMolecules(tmp_path / "whole.csv", reward, resumed=False)
    for batch in batches:
        whole.gather(batch)
    whole.close()
    killed = FoundMolecules(tmp_path / "killed.csv", reward, resumed=False)
    killed.gather(batches[0])
    checkpoint = killed.state()
    killed.gather(batches[1])
    killed._file.close()
    with (tmp_path / "killed.csv").open("a") as file:
        file.write("CCC,CC")  # half a line, as a crash leaves it
    resumed = FoundMolecules(tmp_path / "killed.csv", reward, resumed=True)
    resumed.restore(checkpoint)
    for batch in batches[1:]:
        resumed.gather(batch)
    resumed.close()
    assert (tmp_path / "killed.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert [row["canonical"] for row in read_table(tmp_path / "whole.csv")] == [
        *("CCO", ASPIRIN, CAFFEINE, "c1ccccc1"),
    ]


def test_a_table_that_is_gone_or_cut_is_said(tmp_path: Path, reward: MoleculeReward) -> None:
    path = tmp_path / "found.csv"
    with pytest.raises(UserError, match="the table of this run is not there"):
        FoundMolecules(path, reward, resumed=True)
    found = FoundMolecules(path, reward, resumed=False)
    found.gather(collected(reward, 0, ASPIRIN))
    state = found.state()
    found.close()
    path.write_text("smiles\n")
    again = FoundMolecules(path, reward, resumed=True)
    with pytest.raises(UserError, match=r"found\.csv: shorter than the run left it"):
        again.restore(state)
    again.close()


def test_the_end_shows_the_best_and_some_of_all(tmp_path: Path, reward: MoleculeReward) -> None:
    found = FoundMolecules(tmp_path / "found.csv", reward, resumed=False)
    chains = ["C" * length for length in range(1, 31)]
    found.gather(collected(reward, 0, *chains, ASPIRIN))
    found.close()
    best = [mol for mol in Chem.SDMolSupplier(str(tmp_path / "best.sdf")) if mol is not None]
    totals = [mol.GetDoubleProp("total") for mol in best]
    rows = list(read_table(tmp_path / "found.csv"))
    assert totals == pytest.approx(sorted((float(row["total"]) for row in rows), reverse=True)[:20])
    assert best[0].GetProp("_Name") == ASPIRIN
    assert math.isclose(best[0].GetDoubleProp("qed"), QED.qed(Chem.MolFromSmiles(ASPIRIN)))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        *("found.csv", "best.sdf", "best.png", "best.svg", "random.png", "random.svg"),
    }


def test_a_run_that_found_nothing_shows_nothing(tmp_path: Path, reward: MoleculeReward) -> None:
    found = FoundMolecules(tmp_path / "found.csv", reward, resumed=False)
    found.gather(collected(reward, 0, "C1CC", None))
    found.close()
    assert [path.name for path in tmp_path.iterdir()] == ["found.csv"]
    assert list(read_table(tmp_path / "found.csv")) == []


def test_a_term_may_be_named_as_a_transformed_one(tmp_path: Path) -> None:
    tables = {"terms": {"drug_score": {"kind": "qed"}}, "weights": {"drug_score": 1.0}}
    own = MoleculeRewardSettings.model_validate({**tables, "workers": 0}).build(VOCABULARY)
    found = FoundMolecules(tmp_path / "found.csv", own, resumed=False)
    found.gather(collected(own, 0, ASPIRIN))
    found.close()
    own.close()
    (best,) = Chem.SDMolSupplier(str(tmp_path / "best.sdf"))
    assert set(best.GetPropNames()) == {"total", "drug_score"}


def test_the_first_front_is_known_when_the_run_ends(tmp_path: Path, reward: MoleculeReward) -> None:
    found = FoundMolecules(tmp_path / "found.csv", reward, resumed=False)
    found.gather(collected(reward, 0, "CCO", ASPIRIN, AMPHETAMINE, CAFFEINE))
    checkpoint = found.state()
    found.close()
    table = tmp_path / "found.csv"
    assert table.stat().st_size == int(checkpoint["bytes"])
    rows = list(read_table(table))
    best = {row["canonical"] for row in rows if row["front"] == "1"}
    pairs = {row["canonical"]: (float(row["qed_score"]), float(row["logp_score"])) for row in rows}
    for own, (qed, logp) in pairs.items():
        beaten = any(a >= qed and b >= logp and (a, b) != (qed, logp) for a, b in pairs.values())
        assert (own in best) != beaten
    assert 0 < len(best) < 4
    # a run that goes on finds one that beats them
    again = FoundMolecules(table, reward, resumed=True)
    again.restore(checkpoint)
    again.gather(collected(reward, 1, "CC(C)Cc1ccc(cc1)C(C)C(=O)O"))
    again.close()
    assert len(list(read_table(table))) == 5


def test_the_table_of_an_older_run_goes_on_as_it_was(
    tmp_path: Path, reward: MoleculeReward
) -> None:
    found = FoundMolecules(tmp_path / "found.csv", reward, resumed=False)
    found.gather(collected(reward, 0, "CCO"))
    found._file.close()
    table = tmp_path / "found.csv"
    table.write_text(table.read_text().replace(",front\n", "\n").replace(",0\n", "\n"))
    older = FoundMolecules(table, reward, resumed=True)
    older.restore({"bytes": torch.tensor(table.stat().st_size)})
    older.gather(collected(reward, 1, ASPIRIN))
    older.close()
    lines = table.read_text().splitlines()
    assert [line.count(",") for line in lines] == [10, 10, 10]


def test_the_columns_of_reinvent_on_request(tmp_path: Path, reward: MoleculeReward) -> None:
    found = FoundMolecules(tmp_path / "found.csv", reward, resumed=False, reinvent=True)
    found.gather(collected(reward, 3, "OCC", ASPIRIN))
    found.close()
    ethanol, aspirin = read_table(tmp_path / "found_reinvent.csv")
    assert list(ethanol) == [
        *("Agent", "Prior", "Score", "SMILES", "Scaffold"),
        *("qed", "qed (raw)", "logp", "logp (raw)", "step"),
    ]
    assert (ethanol["SMILES"], ethanol["step"]) == ("OCC", "3")
    assert (ethanol["Agent"], ethanol["Prior"]) == ("0.5", "1.0")
    assert float(ethanol["logp (raw)"]) == pytest.approx(-0.0014)
    assert float(ethanol["logp"]) == 0
    assert aspirin["Scaffold"] == "c1ccccc1"
    own = list(read_table(tmp_path / "found.csv"))
    assert [row["Score"] for row in (ethanol, aspirin)] == [row["total"] for row in own]
