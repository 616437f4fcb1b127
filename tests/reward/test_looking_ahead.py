"""Terms that pay for what comes later are found, and paid where it is decided."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.reward.check import check_reward
from sequence_tutor.reward.looking_ahead import (
    looking_ahead,
    paid_where_chosen,
    paid_where_decided,
)
from sequence_tutor.sequences import SequenceBatch

Pays = Callable[[SequenceBatch], Tensor]


@dataclass(frozen=True)
class Fake:
    pays: Pays
    names: tuple[str, ...] = ("own", "other")
    looks_ahead: tuple[str, ...] = ()
    weights: Tensor = field(default_factory=lambda: torch.ones(2))

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """The second term keeps the promise: the token itself."""
        token = batch.tokens.double()
        return torch.stack([self.pays(batch).where(batch.mask, 0.0), token], 2)


def at(batch: SequenceBatch, step: int, paid: Tensor) -> Tensor:
    """(B,) paid at one step."""
    return torch.nn.functional.one_hot(
        torch.full((len(batch),), step), batch.tokens.shape[1]
    ).double() * paid.double().unsqueeze(1)


def last_token(batch: SequenceBatch) -> Tensor:
    return batch.tokens.gather(1, batch.lengths[:, None] - 1).squeeze(1)


def for_the_last(batch: SequenceBatch) -> Tensor:
    return at(batch, 0, last_token(batch))


def for_the_next(batch: SequenceBatch) -> Tensor:
    return torch.nn.functional.pad(batch.tokens[:, 1:], (0, 1)).double()


def of_the_mean(batch: SequenceBatch) -> Tensor:
    share = batch.tokens.sum(1) / batch.lengths
    return share.double()[:, None].expand(batch.tokens.shape)


def of_the_length(batch: SequenceBatch) -> Tensor:
    return (1 / batch.lengths.double())[:, None].expand(batch.tokens.shape)


def backwards(batch: SequenceBatch) -> Tensor:
    return batch.tokens.flip(1).cumsum(1).flip(1).double()


def of_the_past(batch: SequenceBatch) -> Tensor:
    return (batch.tokens.double() * 1e3).cumsum(1).cos()


def at_the_end(batch: SequenceBatch) -> Tensor:
    steps = torch.arange(batch.tokens.shape[1])
    return torch.where(
        steps == batch.lengths[:, None] - 1, batch.tokens.sum(1)[:, None], 0
    ).double()


AHEAD = [for_the_last, for_the_next, of_the_mean, backwards]
PAST = [of_the_past, at_the_end]


@pytest.mark.parametrize("pays", AHEAD)
def test_a_term_that_looks_ahead_is_found_and_named(pays: Pays) -> None:
    with pytest.raises(UserError, match="term 'own' paid step 1 otherwise when only later tokens"):
        check_reward(Fake(pays), vocab_size=5)
    check_reward(Fake(pays, looks_ahead=("own",)), vocab_size=5)


@pytest.mark.parametrize("pays", PAST)
def test_a_term_of_the_past_passes(pays: Pays) -> None:
    check_reward(Fake(pays), vocab_size=5)


def test_lengths_are_later_tokens_where_they_vary() -> None:
    mixed = SequenceBatch.from_lists([[1, 2, 0], [2, 0], [1, 1, 1, 0], [2, 2, 1, 2, 0]])
    assert looking_ahead(Fake(of_the_length), mixed) == {"own": 1}
    assert looking_ahead(Fake(at_the_end), mixed) == {}
    even = SequenceBatch.from_lists([[1, 2, 0], [2, 1, 0], [1, 1, 1]])
    assert looking_ahead(Fake(of_the_length), even) == {}


def test_a_name_that_is_none_of_the_terms_is_refused() -> None:
    with pytest.raises(UserError, match="says that 'old' looks ahead, expected one of its names"):
        check_reward(Fake(at_the_end, looks_ahead=("old",)), vocab_size=5)


def test_sequences_of_one_token_and_a_single_one_have_no_later_tokens() -> None:
    short = SequenceBatch.from_lists([[0], [1], [2]])
    assert looking_ahead(Fake(for_the_last), short) == {}
    assert looking_ahead(Fake(for_the_last), SequenceBatch.from_lists([[0, 1]])) == {}


def test_who_pays_at_the_end_is_not_asked() -> None:
    class Dear(Fake):
        pays_at_the_end = True

        def __call__(self, batch: SequenceBatch) -> Tensor:
            raise AssertionError("a call is paid for")

    assert looking_ahead(Dear(at_the_end), SequenceBatch.from_lists([[0, 1], [1, 0]])) == {}


def test_payments_move_to_the_last_step_and_from_given_steps_to_the_first_chosen() -> None:
    terms = torch.tensor([[[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], [[4.0, 4.0], [5.0, 5.0], [0, 0]]])
    moved = paid_where_decided(terms, torch.tensor([3, 2]), torch.tensor([True, False]))
    assert moved[:, :, 0].tolist() == [[0, 0, 6], [0, 9, 0]]
    assert torch.equal(moved[:, :, 1], terms[:, :, 1])
    assert paid_where_chosen(terms[:, :, 1], 2).tolist() == [[0, 0, 6], [0, 0, 9]]
    assert torch.equal(paid_where_chosen(terms[:, :, 1], 0), terms[:, :, 1])
