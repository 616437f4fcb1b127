"""Every broken promise is found, the first of them named; what keeps them passes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.models import State
from sequence_tutor.prior.check import check_prior
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.prior.ngram import NGramPrior
from sequence_tutor.prior.user_file import BlackBoxPrior

V = 5


def last_token(tokens: Tensor) -> Tensor:
    """Likes the successor of the last token."""
    last = tokens[:, -1] if tokens.shape[1] else torch.zeros(len(tokens), dtype=torch.int64)
    return torch.nn.functional.one_hot((last + 1) % V, V).float().log_softmax(-1)


@pytest.mark.parametrize(
    "prior",
    [
        BlackBoxPrior(last_token, V),
        NGramPrior(3, V, [[0, 1, 2, 3, 4, 0, 0], [3, 1]]),
        find_prior("melody").prior,
    ],
    ids=["black box", "n-gram", "shipped"],
)
def test_good_priors_pass(prior: BlackBoxPrior) -> None:
    check_prior(prior)


class Broken(BlackBoxPrior):
    """A good prior to break one thing of."""

    def __init__(self) -> None:
        super().__init__(last_token, V)


class Unnormalised(Broken):
    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        log_probs, state = super().step(previous, state)
        return log_probs + 0.1, state


class WrongShape(Broken):
    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        log_probs, state = super().step(previous, state)
        return log_probs[:, :-1], state


class NotANumber(Broken):
    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        log_probs, state = super().step(previous, state)
        return log_probs * torch.nan, state


class SharedState(Broken):
    """Every row sees the first row's tokens."""

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        log_probs, state = super().step(previous, state)
        return log_probs[:1].expand_as(log_probs), state

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        return super().sequence_log_probs(tokens[:1].expand_as(tokens))


class InPlace(Broken):
    """Writes its new state over the old one."""

    def initial_state(self, batch: int) -> State:
        return (torch.zeros(batch, 1),)

    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        state[0].add_(1)
        return torch.zeros(len(previous), V).log_softmax(-1), state


class Disagrees(Broken):
    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        return super().sequence_log_probs((tokens + 1) % V)


class LooksAhead(Broken):
    """Knows each token before it is written."""

    def sequence_log_probs(self, tokens: Tensor) -> Tensor:
        answers = super().sequence_log_probs(tokens).clone()
        answers[:, 0] = torch.where(tokens[:, -1:] == 0, answers[:, 0].roll(1, -1), answers[:, 0])
        return answers


class NoBatchAxis(Broken):
    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        log_probs, (tokens,) = super().step(previous, state)
        return log_probs, (tokens.t(),)


class Fails(Broken):
    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        raise IndexError("no such token")


class GivesNothing(Broken):
    def initial_state(self, batch: int) -> State:
        return None  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (Unnormalised, r"step 1 of the prior gave probabilities .* 0\.1, expected 0"),
        (WrongShape, r"gave shape \(4, 4\), expected \(4, 5\)"),
        (NotANumber, "not one"),
        (SharedState, "expected rows that share no state"),
        (InPlace, "changed the state it was given"),
        (Disagrees, "step and sequence_log_probs of the prior disagree"),
        (LooksAhead, "depends on the token of step 6|disagree"),
        (NoBatchAxis, "as the first axis"),
        (Fails, r"a Fails, failed at line \d+ of .*test_check.py: IndexError: no such token"),
        (GivesNothing, "the prior, a GivesNothing, failed.*: TypeError"),
    ],
)
def test_broken_promises_are_named(broken: Callable[[], Broken], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        check_prior(broken())


def test_what_is_no_prior_at_all_is_told_what_it_lacks() -> None:
    with pytest.raises(UserError, match="the prior, a Linear, has no vocab_size"):
        check_prior(torch.nn.Linear(1, 1))  # type: ignore[arg-type] # the point of the test
