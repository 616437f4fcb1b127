"""n-gram priors: a bigram by hand, then what every order must keep."""

from math import log

import pytest
import torch

from sequence_tutor.prior.ngram import NGramPrior
from sequence_tutor.sequences import SequenceBatch

DATA = [[0, 1, 2, 1], [0, 1, 0], [2, 2, 2, 2, 1]]


def test_a_unigram_by_hand() -> None:
    # tokens 0 0 0 1 1 1 1 2 2 2 2 2, so counts 3, 4, 5 of 12; three kinds lose .75 each, spread
    # over three tokens: (3 - .75 + .75) / 12, (4 - .75 + .75) / 12, ...
    prior = NGramPrior(1, 3, DATA)
    expected = torch.tensor([3 / 12, 4 / 12, 5 / 12])
    log_probs, _ = prior.step(torch.tensor([3]), prior.initial_state(1))
    torch.testing.assert_close(log_probs[0].exp(), expected)


def test_a_bigram_by_hand() -> None:
    # after 1: 2, 0, one each, two kinds, total 2; the unigram is 3/12, 4/12, 5/12
    # p(0|1) = (1 - .75 + .75 * 2 * 3/12) / 2, p(1|1) = .75 * 2 * 4/12 / 2, and so on
    # at the start: 0 twice, 2 once, total 3, two kinds
    prior = NGramPrior(2, 3, DATA)
    expected = torch.tensor(
        [
            [(1.25 + 1.5 * 3 / 12) / 3, 1.5 * 4 / 12 / 3, (0.25 + 1.5 * 5 / 12) / 3],
            [(0.25 + 1.5 * 3 / 12) / 2, 1.5 * 4 / 12 / 2, (0.25 + 1.5 * 5 / 12) / 2],
        ]
    )
    log_probs = prior.sequence_log_probs(torch.tensor([[1, 0]]))
    torch.testing.assert_close(log_probs[0].exp(), expected)


def test_an_unseen_context_is_that_of_the_shorter_one() -> None:
    prior, shorter = NGramPrior(3, 3, DATA), NGramPrior(2, 3, DATA)
    tokens = torch.tensor([[0, 0, 1]])  # 0 0 never occurs; what follows it is what follows 0
    torch.testing.assert_close(
        prior.sequence_log_probs(tokens)[:, 2], shorter.sequence_log_probs(tokens)[:, 2]
    )


def random_data(count: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 20, (count,), generator=generator).tolist()
    # products of two draws: far from uniform
    return [
        torch.randint(3, (2, length), generator=generator).prod(0).tolist() for length in lengths
    ]


@pytest.mark.parametrize("order", [1, 2, 3, 5, 8])
def test_every_order_is_normalised_and_its_three_forms_agree(order: int) -> None:
    prior = NGramPrior(order, 5, random_data(50))
    tokens = torch.randint(5, (7, 12), generator=torch.Generator().manual_seed(1))
    whole = prior.sequence_log_probs(tokens)
    assert bool(whole.isfinite().all())
    torch.testing.assert_close(whole.exp().sum(-1), torch.ones(7, 12))
    previous, state = torch.full((7,), 5), prior.initial_state(7)
    for t in range(12):
        log_probs, state = prior.step(previous, state)
        torch.testing.assert_close(log_probs, whole[:, t])
        previous = tokens[:, t]
    taken = whole.gather(2, tokens[:, :, None]).squeeze(2)
    torch.testing.assert_close(
        prior.token_log_probs(SequenceBatch.full(tokens)), taken.double(), rtol=1e-6, atol=1e-6
    )


def test_a_longer_context_describes_its_own_data_better() -> None:
    data = [[0, 0, 1, 1] * 5] * 3
    batch = SequenceBatch.from_lists(data)
    nll = [-float(NGramPrior(order, 2, data).token_log_probs(batch).mean()) for order in (1, 2, 3)]
    assert nll[0] == pytest.approx(log(2), abs=0.01)
    assert nll[0] > nll[1] > nll[2]
    assert nll[2] < 0.2


def test_contexts_too_long_to_code_are_refused() -> None:
    with pytest.raises(ValueError, match="got 0"):
        NGramPrior(0, 3, DATA)
    with pytest.raises(ValueError, match=r"below 2\^63, got 12"):
        NGramPrior(12, 38, DATA)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_as_a_machine_of_states_it_is_the_same_prior(order: int) -> None:
    prior = NGramPrior(order, 5, random_data(50))
    table = prior.state_table()
    assert len(table.next_state) == sum(5**length for length in range(order))
    tokens = torch.randint(5, (7, 12), generator=torch.Generator().manual_seed(2))
    expected = prior.token_log_probs(SequenceBatch.full(tokens))
    torch.testing.assert_close(table.along(tokens), expected)


def test_too_many_contexts_are_refused() -> None:
    prior = NGramPrior(5, 38, [list(range(38))])
    with pytest.raises(ValueError, match="more than 200000 contexts"):
        prior.state_table()
