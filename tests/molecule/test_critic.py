"""The critic ranks as a dense computation does, chooses what is new, and resumes exactly."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from sequence_tutor.molecule.count_prints import BINS, RADIUS, count_prints, min_max
from sequence_tutor.molecule.critic import Critic
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sampling.choosing import Candidates, ChoosingOptions
from sequence_tutor.sequences import SequenceBatch

VOCABULARY = Vocabulary.broad()
SCORED = ["CCO", "CCN", "CCCO", "c1ccccc1", "c1ccccc1C", "CC(=O)O", "CC(=O)N"]
RETURNS = [0.1, 0.3, 0.2, 0.6, 0.9, 0.4, 0.0]
NEW = ["CCCN", "c1ccccc1O", "CCCCCC", "c1ccc(C)cc1C"]


def batch_of(smiles: Sequence[str]) -> SequenceBatch:
    return SequenceBatch.from_lists([VOCABULARY.encode(one) for one in smiles])


def paid(batch: SequenceBatch, returns: Sequence[float]) -> torch.Tensor:
    """(B, T, 1): all at the last step."""
    terms = torch.zeros(*batch.tokens.shape, 1)
    terms[torch.arange(len(batch)), batch.lengths - 1, 0] = torch.tensor(returns)
    return terms


def critic(most: int = 100, seed: int = 0, terms: int = 1) -> Critic:
    return Critic(VOCABULARY, torch.ones(terms), ChoosingOptions(most, 1e-4, 0.01, 1.0, seed))


def taught(**options: int) -> Critic:
    one = critic(**options)
    batch = batch_of(SCORED)
    one.learn(batch, paid(batch, RETURNS))
    return one


def similarity(one: str, other: str) -> float:
    """RDKit's own, of count vectors."""
    morgan = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BINS)
    prints = (morgan.GetCountFingerprint(Chem.MolFromSmiles(text)) for text in (one, other))
    return float(DataStructs.TanimotoSimilarity(*prints))


def test_the_kernel_is_rdkits_similarity_of_counts() -> None:
    long = "CCCCCCCCCCCCCCCCCCCCCCCC(=O)Nc1ccc2ccccc2c1"
    smiles = [*SCORED, *NEW, long]
    prints = count_prints([Chem.MolFromSmiles(text) for text in smiles])
    wanted = [[similarity(one, other) for other in smiles] for one in smiles]
    np.testing.assert_allclose(min_max(prints, prints).numpy(), wanted, atol=1e-12)


def test_candidates_are_rated_by_an_upper_confidence_bound() -> None:
    one = taught()
    # the lowest tenth of the seven returns ends at .06; the best is .9
    scaled = np.clip((np.array(RETURNS, dtype=np.float32) - 0.06) / 0.84, 0, None)
    gram = np.array([[similarity(a, b) for b in SCORED] for a in SCORED]) + 1e-4 * np.eye(7)
    cross = np.array([[similarity(a, b) for b in SCORED] for a in NEW])
    mean = cross @ np.linalg.solve(gram, scaled)
    variance = 1 - np.einsum("ij,ji->i", cross, np.linalg.solve(gram, cross.T))
    found = one.rate(batch_of([*NEW, "c1ccccc1C", "CC("])).numpy()
    np.testing.assert_allclose(found[:4], mean + one.beta * np.sqrt(variance), atol=1e-6)
    assert found[4] == pytest.approx(1)  # it was scored
    assert found[5] == -np.inf  # no molecule


def test_a_process_for_the_sum_is_the_sum_of_processes() -> None:
    batch = batch_of(SCORED)
    halves = torch.rand(7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rates = []
    for terms in (halves, halves[:, :1], halves[:, 1:]):
        one = critic(terms=terms.shape[1])
        padded = torch.zeros(*batch.tokens.shape, terms.shape[1], dtype=torch.float64)
        padded[:, 0] = terms
        one.learn(batch, padded)
        values = torch.tensor(list(one._paid.values())).sum(1)
        cross = min_max(count_prints([Chem.MolFromSmiles(text) for text in NEW]), one._prints)
        rates.append(one.process.predict(cross, values))
    torch.testing.assert_close(rates[0][0], rates[1][0] + rates[2][0])
    assert torch.equal(rates[0][1], rates[1][1])


def test_of_each_kind_the_best_new_molecules_are_chosen_and_none_twice() -> None:
    one = taught()
    first = batch_of(["CCO", "c1ccccc1O", "OCC", "Cc1ccccc1C", "CC(", "CCCCCC", "C1CCCCC1"])
    second = batch_of(["CCCN", "c1ccc(C)c(C)c1", "Oc1ccccc1", "NCCC"])
    rows = one.choose([Candidates(first, 1, 2), Candidates(second, 0, 4)])
    order = one.rate(first).tolist()
    new = [1, 3, 5, 6]  # ethanol was scored, twice written
    assert rows[0].tolist() == sorted(new, key=lambda row: -order[row])[:2]
    chosen = {Chem.CanonSmiles(VOCABULARY.decode(first.to_lists()[row])) for row in rows[0]}
    names = [Chem.CanonSmiles(VOCABULARY.decode(row)) for row in second.to_lists()]
    kept = [names[row] for row in rows[1]]
    assert len(kept) == len(set(kept))
    assert set(kept) == set(names) - chosen


def test_before_anything_is_scored_all_are_equal_and_the_first_are_taken() -> None:
    (rows,) = critic().choose([Candidates(batch_of(NEW), 1, 2)])
    assert rows.tolist() == [1, 2]


def test_a_molecule_that_is_paid_again_has_its_newest_return() -> None:
    one = taught()
    again = batch_of(["OCC"])
    one.learn(again, paid(again, [2.0]))
    assert len(one.held) == len(SCORED)
    assert one.rate(batch_of(["CCO"])).item() == pytest.approx(1)
    one.reweigh(torch.tensor([-1.0]))
    assert one.rate(batch_of(["CCO"])).item() == 0
    one.forget()
    assert len(one.process) == len(one.values()) == 0
    assert one.rate(batch_of(["CCO"])).item() == one.beta


def chain(number: int) -> str:
    """Distinct molecules."""
    return "C" * (number % 30 + 1) + "N" * (number // 30 + 1)


def teach_in_batches(one: Critic, begin: int, end: int) -> None:
    for start in range(begin, end, 10):
        batch = batch_of([chain(number) for number in range(start, start + 10)])
        one.learn(batch, paid(batch, [number % 17 / 17 for number in range(start, start + 10)]))


def test_of_too_many_the_best_the_newest_and_others_are_kept() -> None:
    one = critic(most=100)
    teach_in_batches(one, 0, 110)
    assert len(one.held) == len(one.process) == 75
    assert len(one.values()) == 110
    best = sorted(one.values(), key=one.values().__getitem__, reverse=True)[:37]
    assert set(best) <= set(one.held)
    assert chain(109) in one.held
    teach_in_batches(one, 110, 130)
    assert one.process.blocks == [75, 10, 10]


@pytest.mark.parametrize("scored", [0, 40, 130])
def test_a_critic_put_back_goes_on_to_the_last_bit(scored: int) -> None:
    whole, resumed = critic(), critic(seed=1)
    teach_in_batches(whole, 0, scored)
    resumed.restore({name: one.clone() for name, one in whole.state().items()})
    for one in (whole, resumed):
        teach_in_batches(one, scored, scored + 50)
    assert torch.equal(whole.process.factor, resumed.process.factor)
    assert torch.equal(whole.rate(batch_of(NEW)), resumed.rate(batch_of(NEW)))
    assert (whole.beta, whole.held) == (resumed.beta, resumed.held)
