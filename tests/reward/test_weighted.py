from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.reward.check import check_reward
from sequence_tutor.reward.weighted import WeightedReward, stack_terms, weighted_total
from sequence_tutor.sequences import SequenceBatch


def zeros(batch: SequenceBatch) -> Tensor:
    return ((batch.tokens == 0) & batch.mask).double()


def ones(batch: SequenceBatch) -> Tensor:
    return ((batch.tokens == 1) & batch.mask).double()


def both(weights: dict[str, float], *, score_all: bool = False) -> WeightedReward[SequenceBatch]:
    return WeightedReward(
        lambda batch: batch, {"zeros": zeros, "ones": ones}, weights, score_all=score_all
    )


BATCH = SequenceBatch.from_lists([[0, 1, 1], [2]])


def test_terms_stay_apart_and_the_total_is_their_weighted_sum() -> None:
    reward = both({"zeros": 2.0, "ones": -0.5})
    check_reward(reward, vocab_size=3)
    terms = reward(BATCH)
    assert terms.tolist() == [[[1, 0], [0, 1], [0, 1]], [[0, 0], [0, 0], [0, 0]]]
    assert weighted_total(terms, reward.weights).tolist() == [[2, -0.5, -0.5], [0, 0, 0]]


def test_a_term_of_weight_zero_is_not_computed() -> None:
    def fails(batch: SequenceBatch) -> Tensor:
        raise AssertionError(f"called with {batch}")

    terms = {"zeros": zeros, "fails": fails}
    reward = WeightedReward(lambda batch: batch, terms, {"fails": 0.0})
    assert reward.names == ("zeros",)
    assert reward(BATCH).shape == (2, 3, 1)
    asked = WeightedReward(lambda batch: batch, terms, {"fails": 0.0}, score_all=True)
    assert asked.names == ("zeros", "fails")
    with pytest.raises(AssertionError):
        asked(BATCH)


def test_the_view_is_made_once_for_all_terms() -> None:
    made: list[SequenceBatch] = []

    def view(batch: SequenceBatch) -> SequenceBatch:
        made.append(batch)
        return batch

    WeightedReward(view, {"zeros": zeros, "ones": ones}, {})(BATCH)
    assert len(made) == 1


def test_weights_that_make_no_sense() -> None:
    with pytest.raises(UserError, match="unknown rule 'zeroes': did you mean 'zeros'"):
        both({"zeroes": 1.0})
    with pytest.raises(UserError, match="every rule has weight 0"):
        both({"zeros": 0.0, "ones": 0.0}, score_all=True)
    with pytest.raises(ValueError, match="must match"):
        weighted_total(torch.zeros(2, 3, 2), torch.ones(3))


def test_stacking_keeps_the_order() -> None:
    terms = [torch.full((2, 3), float(value)) for value in range(4)]
    assert torch.equal(stack_terms(terms), torch.stack(terms, dim=-1))
