"""What the store keeps, gives up, and brings back."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from sequence_tutor.replay.sequences import Keep, SequenceReplay, Stored
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import load_checkpoint, save_checkpoint

T, R = 3, 2
WEIGHTS = torch.tensor([1.0, 10.0])


def numbered(*numbers: int) -> Stored:
    """Sequences that hold their number, of lengths 1 to 3, with a return of 33 times it.

    The prior's opinion of each token is minus their number.
    """
    lengths = torch.tensor([1 + number % T for number in numbers])
    tokens = torch.tensor(numbers)[:, None].expand(-1, T)
    tokens = tokens * (torch.arange(T) < lengths[:, None])
    terms = torch.tensor(numbers, dtype=torch.float64)[:, None, None].expand(-1, T, R)
    return Stored(SequenceBatch(tokens, lengths), terms, -tokens.double())


def filled(capacity: int, *batches: tuple[int, ...], keep: Keep = "newest") -> SequenceReplay:
    replay = SequenceReplay(capacity, T, WEIGHTS, keep)
    for numbers in batches:
        replay.add(numbered(*numbers))
    return replay


def held(replay: SequenceReplay, places: Tensor | None = None) -> list[int]:
    """The first tokens at some places, or at all of them in order of place."""
    places = torch.arange(len(replay)) if places is None else places
    return [int(number) for number in replay.read(places).batch.tokens[:, 0]]


def test_what_is_read_is_what_was_added() -> None:
    replay = filled(8, (5, 6, 7))
    stored = replay.read(torch.tensor([1, 0, 2]))
    given = numbered(6, 5, 7)
    batch, terms = given.batch, given.terms
    assert torch.equal(stored.batch.tokens, batch.tokens)
    assert torch.equal(stored.batch.lengths, batch.lengths)
    assert torch.equal(stored.terms, terms.float())
    assert torch.equal(stored.log_prior, given.log_prior.float())


def test_the_vocabulary_of_a_language_model_fits() -> None:
    replay = SequenceReplay(2, T, WEIGHTS, distinct=True)
    batch = SequenceBatch.full(torch.tensor([[40_000, 1, 50_256]]))  # more than int16 counts to
    places = replay.add(Stored(batch, torch.zeros(1, T, R), torch.zeros(1, T)))
    assert torch.equal(replay.read(places).batch.tokens, batch.tokens)


def test_a_full_ring_overwrites_its_oldest() -> None:
    replay = filled(4, (1, 2, 3))
    assert (len(replay), held(replay)) == (3, [1, 2, 3])
    replay.add(numbered(4, 5))
    assert (len(replay), held(replay)) == (4, [5, 2, 3, 4])
    replay.add(numbered(6, 7, 8, 9))
    assert held(replay) == [9, 6, 7, 8]


def test_keeping_the_best_gives_up_the_worst() -> None:
    replay = filled(4, (5, 1), (9,), keep="best")
    replay.add(numbered(2, 3))  # one place is free, the other takes that of 1
    assert sorted(held(replay)) == [2, 3, 5, 9]
    replay.add(numbered(1))  # new sequences are always kept until the next come
    assert sorted(held(replay)) == [1, 3, 5, 9]
    replay.add(numbered(7, 8))
    assert sorted(held(replay)) == [5, 7, 8, 9]


def test_the_newest_are_those_added_last() -> None:
    replay = filled(4, (1, 2, 3), (4, 5))
    assert held(replay, replay.newest()) == [4, 5]
    replay = filled(4, (5, 9, 4, 7), (1, 2), keep="best")
    assert sorted(held(replay, replay.newest())) == [1, 2]


def test_ranks_follow_the_weighted_return() -> None:
    replay = filled(8, (5, 9), (1, 7))
    assert held(replay, replay.ranked()) == [9, 7, 5, 1]
    replay.add(numbered(8))
    assert held(replay, replay.ranked()) == [9, 8, 7, 5, 1]


def test_more_at_once_than_it_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="3 sequences at once, but replay holds 2"):
        filled(2, (1, 2, 3))


def test_what_is_read_is_cut_to_its_longest_row() -> None:
    replay = filled(8, (3, 4, 5))  # of 1, 2 and 3 tokens
    stored = replay.read(torch.tensor([1, 0]))
    assert stored.batch.tokens.tolist() == [[4, 4], [3, 0]]
    assert stored.terms.shape == (2, 2, R)
    assert replay.read(torch.tensor([2])).batch.tokens.shape == (1, 3)


def test_a_narrow_batch_leaves_nothing_of_what_it_overwrites() -> None:
    replay = filled(1, (5,))
    batch = SequenceBatch(torch.tensor([[3]]), torch.tensor([1]))
    narrow = Stored(batch, torch.full((1, 1, R), 7.0), torch.full((1, 1), -7.0))
    assert replay.add(narrow).tolist() == [0]
    state = replay.state()
    assert state["tokens"].tolist() == [[3, 0, 0]]
    assert state["terms"][0, 1:].abs().sum() == 0
    assert state["log_prior"].tolist() == [[-7.0, 0.0, 0.0]]


def test_new_weights_rank_anew_without_new_scores() -> None:
    replay = filled(8, (5, 9), (1, 7))
    replay.reweigh(torch.tensor([0.0, -1.0]))
    assert held(replay, replay.ranked()) == [1, 5, 7, 9]
    replay.add(numbered(6))
    assert held(replay, replay.ranked()) == [1, 5, 6, 7, 9]


def three(keep: Keep = "newest") -> SequenceReplay:
    """Of returns 4, 2 and 0 and log p -6, -2 and -1; what follows the end counts for nothing."""
    replay = SequenceReplay(3, 2, torch.ones(1), keep)
    batch = SequenceBatch(torch.tensor([[5, 5], [6, 6], [7, 0]]), torch.tensor([2, 2, 1]))
    terms = torch.tensor([[1.0, 3.0], [2.0, 0.0], [0.0, 0.0]])[:, :, None]
    log_prior = torch.tensor([[-5.0, -1.0], [-1.0, -1.0], [-1.0, -99.0]])
    replay.add(Stored(batch, terms, log_prior))
    return replay


def test_ranks_follow_the_probability_under_the_optimum() -> None:
    replay = three()
    assert held(replay, replay.ranked()) == [5, 6, 7]
    replay.count_prior(1.0)  # c = 1: -2, 0, -1
    assert held(replay, replay.ranked()) == [6, 7, 5]
    replay.count_prior(0.25)  # 2.5, 1.5, -.25
    assert held(replay, replay.ranked()) == [5, 6, 7]
    replay.count_prior(0.625)  # .25, .75, -.625
    assert held(replay, replay.ranked()) == [6, 5, 7]
    restored = three()
    restored.restore(replay.state())
    assert held(restored, restored.ranked()) == [6, 5, 7]
    replay.count_prior(0.0)
    assert held(replay, replay.ranked()) == [5, 6, 7]
    restored.restore(replay.state())
    assert held(restored, restored.ranked()) == [5, 6, 7]


@pytest.mark.parametrize(("worth", "left"), [(0.0, [5, 6, 9]), (1.0, [6, 7, 9])])
def test_keeping_the_best_gives_up_the_last_in_rank(worth: float, left: list[int]) -> None:
    replay = three("best")
    replay.count_prior(worth)
    nine = SequenceBatch.full(torch.tensor([[9, 9]]))
    replay.add(Stored(nine, torch.zeros(1, 2, 1), torch.zeros(1, 2)))
    assert sorted(held(replay)) == left


@pytest.mark.parametrize("keep", ["newest", "best"])
@pytest.mark.parametrize("added", [2, 4, 7])
def test_a_saved_store_goes_on_exactly_as_the_one_that_was_not_saved(
    tmp_path: Path, keep: Keep, added: int
) -> None:
    replay = filled(4, *((number,) for number in range(added)), keep=keep)
    save_checkpoint(tmp_path / "replay.safetensors", replay.state(), {})
    restored = SequenceReplay(4, T, WEIGHTS, keep)
    restored.restore(load_checkpoint(tmp_path / "replay.safetensors")[0])
    for numbers in ((), (20, 21, 22), (3,)):
        if numbers:
            replay.add(numbered(*numbers))
            restored.add(numbered(*numbers))
        assert held(restored) == held(replay)
        assert torch.equal(restored.newest(), replay.newest())
        assert torch.equal(restored.ranked(), replay.ranked())
        every = torch.arange(len(replay))
        assert torch.equal(restored.read(every).terms, replay.read(every).terms)
        assert torch.equal(restored.read(every).log_prior, replay.read(every).log_prior)


def test_distinct_sequences_are_stored_once() -> None:
    replay = SequenceReplay(4, T, WEIGHTS, "best", distinct=True)
    assert replay.add(numbered(5, 7, 5)).tolist() == [0, 1]
    assert replay.add(numbered(7, 9)).tolist() == [1, 2]  # of 7, the place that held it
    assert (held(replay), held(replay, replay.newest())) == ([5, 7, 9], [7, 9])
    assert replay.add(numbered(9, 9)).tolist() == [2]  # there is always something newest
    assert len(replay) == 3


@pytest.mark.parametrize(("keep", "last"), [("newest", [2, 5, 6]), ("best", [4, 5, 6])])
def test_what_distinct_replay_gave_up_may_come_back(keep: Keep, last: list[int]) -> None:
    replay = SequenceReplay(3, T, WEIGHTS, keep, distinct=True)
    for numbers in ((1, 2, 3), (4, 2), (1, 1), (1, 2, 3), (5, 6, 4)):
        replay.add(numbered(*numbers))
        now = held(replay)
        assert len(set(now)) == len(now) == 3
        assert set(held(replay, replay.newest())) <= set(numbers)
    assert sorted(now) == last


def test_distinct_replay_restored_knows_what_it_holds() -> None:
    replay = SequenceReplay(4, T, WEIGHTS, distinct=True)
    replay.add(numbered(5, 7))
    restored = SequenceReplay(4, T, WEIGHTS, distinct=True)
    restored.restore(replay.state())
    for store in (replay, restored):
        store.add(numbered(7, 8))
    assert held(restored) == held(replay) == [5, 7, 8]
