"""Enumerated sequences and tables over prefixes."""

import pytest
import torch
from torch import Tensor

from sequence_tutor.exact import SequenceSpace, along_sequences, enumerate_sequences
from sequence_tutor.sequences import SequenceBatch


def spelled(tokens: Tensor) -> Tensor:
    """(B, T, 3): ten times the number that the tokens so far spell in base 10, plus the column."""
    digits = torch.zeros(len(tokens), dtype=torch.float64)
    columns = []
    for t in range(tokens.shape[1]):
        columns.append(10 * digits[:, None] + torch.arange(3))
        digits = 10 * digits + tokens[:, t] + 1
    return torch.stack(columns, dim=1)


def test_every_sequence_once_in_the_order_of_its_code() -> None:
    assert enumerate_sequences(2, 2).to_lists() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    batch = enumerate_sequences(3, 4)
    codes = batch.tokens @ torch.tensor([27, 9, 3, 1])
    assert codes.tolist() == list(range(81))


def test_sequences_end_with_their_first_end_token() -> None:
    batch = enumerate_sequences(2, 3, end_token=1)
    assert batch.to_lists() == [[0, 0, 0], [0, 0, 1], [0, 1], [1]]
    batch = enumerate_sequences(2, 3, end_token=0)
    assert sorted(batch.to_lists()) == [[0], [1, 0], [1, 1, 0], [1, 1, 1]]


@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_a_table_row_is_a_prefix_and_a_column_its_next_token(batch_size: int) -> None:
    levels = SequenceSpace(3, 3).action_values(spelled, batch_size)
    assert levels[0].tolist() == [[0, 1, 2]]
    assert levels[1].tolist() == [[10, 11, 12], [20, 21, 22], [30, 31, 32]]
    assert levels[2][:, 0].tolist() == [110, 120, 130, 210, 220, 230, 310, 320, 330]


def test_sums_along_sequences_are_those_of_the_sequences_own_steps() -> None:
    tokens = enumerate_sequences(3, 3).tokens
    steps = spelled(tokens).gather(2, tokens[:, :, None]).squeeze(2)
    total = along_sequences(SequenceSpace(3, 3).action_values(spelled))
    assert total.tolist() == steps.sum(1).tolist()


def test_after_the_end_nothing_is_paid_and_zeros_follow_for_sure() -> None:
    space = SequenceSpace(2, 3, end_token=1)
    paid = space.rewards(lambda batch: torch.ones(batch.tokens.shape))
    assert paid[1].tolist() == [[1, 1], [0, 0]]
    assert paid[2].tolist() == [[1, 1], [0, 0], [0, 0], [0, 0]]
    uniform = space.log_policy(lambda tokens: torch.full((*tokens.shape, 2), 0.5).log())
    # 000 and 001 have probability 1/8 each, 01 has 1/4 and stands at 010, 1 has 1/2, at 100
    probability = along_sequences(uniform).exp()
    assert probability.tolist() == pytest.approx([1 / 8, 1 / 8, 1 / 4, 0, 1 / 2, 0, 0, 0])


def test_what_each_step_pays_may_depend_on_every_token_up_to_it() -> None:
    space = SequenceSpace(3, 3)
    rewards = space.rewards(lambda batch: batch.tokens.cumsum(1), batch_size=4)
    assert rewards[0].tolist() == [[0, 1, 2]]
    assert rewards[2][5].tolist() == [3, 4, 5]  # after 1, 2


def test_a_reward_that_looks_ahead_is_refused() -> None:
    def pays_for_the_next(batch: SequenceBatch) -> Tensor:
        return batch.tokens.roll(-1, dims=1)

    with pytest.raises(ValueError, match="step 0 depends on tokens after it"):
        SequenceSpace(3, 3).rewards(pays_for_the_next, batch_size=4)


def test_impossible_and_enormous_spaces_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0, 3"):
        SequenceSpace(0, 3)
    with pytest.raises(ValueError, match=r"38\^32 sequences are too many"):
        SequenceSpace(38, 32)


def test_a_million_sequences_are_a_matter_of_a_second() -> None:
    space = SequenceSpace(10, 6)
    levels = space.log_policy(lambda tokens: torch.zeros(*tokens.shape, 10).log_softmax(-1))
    assert float(along_sequences(levels).logsumexp(0)) == pytest.approx(0, abs=1e-6)
