from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.reward.check import check_reward
from sequence_tutor.sequences import SequenceBatch


def good(batch: SequenceBatch) -> Tensor:
    return (batch.tokens * batch.mask).double()[:, :, None]


@dataclass(frozen=True)
class Fake:
    score: Callable[[SequenceBatch], Tensor] = good
    names: tuple[str, ...] = ("term",)
    weights: Tensor = field(default_factory=lambda: torch.ones(1))

    def __call__(self, batch: SequenceBatch) -> Tensor:
        return self.score(batch)


def nan_at_token_3(batch: SequenceBatch) -> Tensor:
    return torch.where(batch.tokens == 3, torch.nan, 0.0).double()[:, :, None]


def writes(batch: SequenceBatch) -> Tensor:
    result = good(batch)
    batch.tokens[0, 0] = 1
    return result


def fails(batch: SequenceBatch) -> Tensor:
    raise IndexError(f"no bar {len(batch) + 1}")


def random(batch: SequenceBatch) -> Tensor:
    return torch.rand(batch.tokens.shape)[:, :, None].double() * batch.mask[:, :, None]


def test_a_good_reward_passes() -> None:
    check_reward(Fake(), vocab_size=5)


@pytest.mark.parametrize(
    ("fake", "message"),
    [
        (Fake(names=()), "names are"),
        (Fake(names=("a", "a")), "each once"),
        (Fake(weights=torch.ones(2)), "expected 1 finite numbers"),
        (Fake(weights=torch.tensor([torch.nan])), "expected 1 finite numbers"),
        (Fake(lambda batch: good(batch)[:, :, 0]), r"gave shape \(1, 1\), expected .* \(1, 1, 1\)"),
        (Fake(lambda batch: good(batch).float()), r"gave torch\.float32, expected torch\.float64"),
        (Fake(nan_at_token_3), "term 'term' gave a number that is not finite at step 4 of the"),
        (Fake(lambda batch: good(batch) + 1), "term 'term' paid beyond the end at step 2 of the"),
        (Fake(writes), "wrote into the batch"),
        (Fake(random), "two answers to one batch"),
        (Fake(fails), r"a Fake, failed at line \d+ of .*test_check.py: IndexError: no bar 2"),
        (Fake(names="a"), "names are 'a', expected a tuple of texts"),  # type: ignore[arg-type]
        (Fake(names=(1,)), "names are .1,., expected a tuple of texts"),  # type: ignore[arg-type]
        (Fake(weights=[1.0]), "are a list, expected a tensor"),  # type: ignore[arg-type]
    ],
)
def test_the_first_broken_promise_is_named(fake: Fake, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_reward(fake, vocab_size=5)


def test_what_is_no_reward_at_all_is_told_what_it_lacks() -> None:
    with pytest.raises(UserError, match="the reward, a function, has no names"):
        check_reward(good, vocab_size=5)  # type: ignore[arg-type] # the point of the test
