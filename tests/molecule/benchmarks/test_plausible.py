"""What is inside the fence of a benchmark, and hits that are far apart."""

import pytest
import torch
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from sequence_tutor.molecule.benchmarks.oracle import Oracle
from sequence_tutor.molecule.benchmarks.plausible import (
    BOUNDS,
    LOG_P,
    Plausible,
    diverse_hits,
    hit_score,
)
from sequence_tutor.molecule.benchmarks.suites import inside_figures
from sequence_tutor.molecule.domain import MoleculeDomain

PLAIN = "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1"  # celecoxib
QUINONE = "O=C1C=CC(=O)c2ccc(OCCCN3CCOCC3)cc21"
SMALL = "CCO"
STRANGE = "C=CC1C(NC(=O)C(=O)N(C(=O)NC2C(F)C2F)C2SC2F)=CC(F)C1C(F)F"  # a search without a prior
UNWRITABLE = "C[Si](C)(C)c1ccccc1CCNC(=O)c1ccccc1"


def test_a_drug_is_inside_and_what_optimisers_find_is_not() -> None:
    plausible = Plausible()
    smiles = [PLAIN, QUINONE, SMALL, STRANGE, UNWRITABLE, PLAIN]
    assert plausible.inside(smiles) == [True, False, False, False, False, True]
    found = plausible.numbers([PLAIN, STRANGE])
    assert found["MolWt"][0].item() == pytest.approx(381.379, abs=1e-3)
    assert found[LOG_P][1] < BOUNDS[LOG_P][0] < found[LOG_P][0]


def test_log_p_is_the_mean_over_tokens_with_the_end_token() -> None:
    plausible = Plausible()
    tokens = torch.tensor([MoleculeDomain(plausible.stored.card).vocabulary.encode(SMALL)])
    log_probs = plausible.stored.prior.sequence_log_probs(tokens).log_softmax(2)
    wanted = log_probs[0, torch.arange(4), tokens[0]].mean().item()
    assert plausible.numbers([SMALL, PLAIN])[LOG_P][0].item() == pytest.approx(wanted, abs=1e-5)


def test_hits_are_picked_greedily_where_they_are_far_apart() -> None:
    morgan = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    calls = [(PLAIN, 0.9), (PLAIN + "C", 0.8), (QUINONE, 0.7), ("CCCCCCCC", 0.6), ("OCCO", 0.4)]
    prints = [morgan.GetFingerprint(Chem.MolFromSmiles(smiles)) for smiles, _ in calls]
    assert DataStructs.TanimotoSimilarity(prints[0], prints[1]) > 0.3
    assert max(DataStructs.BulkTanimotoSimilarity(prints[3], prints[:3])) < 0.3
    near = DataStructs.TanimotoSimilarity(prints[0], prints[2]) > 0.3
    assert diverse_hits(calls, 0.5) == (2 if near else 3)
    assert diverse_hits(calls[:2], 0.85) == 1
    assert diverse_hits([], 0.5) == 0


def test_the_score_of_a_hit_is_within_reach() -> None:
    assert hit_score("albuterol_similarity") == 0.5
    assert hit_score("median1") == 0.356  # REINVENT, between Graph GA and Genetic GFN
    assert hit_score("aripiprazole_similarity") == 0.5  # no figure of PMO


def test_figures_inside_count_calls_outside_as_calls_without_a_score() -> None:
    oracle = Oracle(lambda molecule: molecule.GetNumHeavyAtoms() / 40, budget=1000)
    for smiles in (PLAIN, STRANGE):
        oracle(smiles)
    found = inside_figures(oracle, [True, False], "median1")
    score = Chem.MolFromSmiles(PLAIN).GetNumHeavyAtoms() / 40
    assert found["top10_inside"] == pytest.approx(score / 2)
    assert found["share_inside"] == 0.5
    assert found["auc_top10_inside"] == pytest.approx(score / 2 * (1 + 998) / 1000)
    assert (found["diverse_hits"], found["diverse_hits_inside"]) == (2, 1)
