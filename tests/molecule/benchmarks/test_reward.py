import pytest
import torch

from sequence_tutor.molecule.benchmarks.oracle import BenchmarkReward, BudgetSpent, Oracle
from sequence_tutor.molecule.benchmarks.tasks import TASKS
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.reward import check_reward
from sequence_tutor.reward.protocol import Remembers
from sequence_tutor.sequences import SequenceBatch

VOCABULARY = Vocabulary(("C", "N", "O", "(", ")"))


def reward_of(budget: int = 100) -> BenchmarkReward:
    oracle = Oracle(TASKS["qed"].objective, budget)
    return BenchmarkReward("qed", oracle, VOCABULARY)


def batch_of(*smiles: str) -> SequenceBatch:
    return SequenceBatch.from_lists([VOCABULARY.encode(one) for one in smiles])


def test_it_is_a_reward_that_remembers() -> None:
    reward = reward_of()
    check_reward(reward, VOCABULARY.size)
    assert isinstance(reward, Remembers)


def test_paid_at_the_end_token() -> None:
    terms = reward_of()(batch_of("CCO", "C(", "C"))
    assert terms.shape == (3, 4, 1)
    assert terms.nonzero().tolist() == [[0, 3, 0], [2, 1, 0]]  # C( is no molecule
    assert terms[0, 3, 0] == Oracle(TASKS["qed"].objective)("OCC")


def test_an_unfinished_molecule_gets_nothing() -> None:
    tokens = torch.tensor([VOCABULARY.encode("CCC", end=False)])
    reward = reward_of()
    assert not reward(SequenceBatch.full(tokens)).any()
    assert len(reward.oracle) == 0


def test_the_last_batch_is_scored_up_to_the_last_call() -> None:
    reward = reward_of(budget=2)
    with pytest.raises(BudgetSpent):
        reward(batch_of("C", "CC", "C", "CCC", "CCCC"))
    assert [smiles for smiles, _ in reward.oracle.calls] == ["C", "CC"]


@pytest.mark.parametrize("found", [(), ("C",), ("CCO", "NCC", "O")])
def test_its_memory_is_restored(found: tuple[str, ...]) -> None:
    reward, other = reward_of(), reward_of()
    if found:
        reward(batch_of(*found))
    other.restore(reward.state())
    assert other.oracle.calls == reward.oracle.calls
    assert len(other.oracle) == len(found)
