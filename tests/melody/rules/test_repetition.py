from __future__ import annotations

import pytest

from sequence_tutor.melody.rules import Repetition
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch

A, B = 14, 16


def fires_at(tokens: list[int], rule: Repetition | None = None) -> list[int]:
    melodies = Melodies(SequenceBatch.from_lists([tokens]))
    fired = (rule or Repetition()).excessive(melodies)[0]
    return [step for step, value in enumerate(fired.tolist()) if value]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        # Four repetitions are free; the sixth note has five before it.
        ([A] * 7, [5, 6]),
        ([1] * 7, [5, 6]),
        # A rest may come back once: the third has two before it.
        ([0, 0, 0], [2]),
        # ... even with holds between.
        ([0, 1, 0, 1, 0], [4]),
        # A different note starts the count anew, for notes, rests and holds alike.
        ([A, A, A, A, A, B, A, A, A, A, A], []),
        ([0, 0, B, 0, 0], []),
        # Varied by a hold, six repetitions are free; the eighth note has seven before it.
        ([A, 1, A, A, A, A, A, A, A], [8]),
        # The same with a rest, and with both.
        ([A, 0, A, A, A, A, A, A, A], [8]),
        ([A, 0, 1, A, A, A, A, A, A, A], [9]),
        # A hold varies what follows even when it comes before the first of the notes: the
        # backward reading only ends at a different note.
        ([B, 1, A, A, A, A, A, A, A, A], [9]),
        # Holds after a note read back to that note; a rest between varies them.
        ([A, 1, 1, 1, 1, 1, 1], [6]),
        ([A, 0, 1, 1, 1, 1, 1, 1, 1, 1], [9]),
    ],
)
def test_what_counts_as_excessive(tokens: list[int], expected: list[int]) -> None:
    assert fires_at(tokens) == expected


def test_it_pays_once_per_excessive_step() -> None:
    melodies = Melodies(SequenceBatch.from_lists([[A] * 7]))
    assert Repetition()(melodies).tolist() == [[0, 0, 0, 0, 0, -100, -100]]


def test_the_constants_are_parameters() -> None:
    assert fires_at([A, A, A], Repetition(plain=1)) == [2]
    assert fires_at([0, 0, 0, 0], Repetition(rests=2)) == [3]
    assert fires_at([A, 1, A, A], Repetition(varied=1)) == [3]


def test_agrees_with_reading_backwards_step_by_step() -> None:
    # The definition itself, as loops, over all melodies of four kinds of token and six steps.
    rule = Repetition(rests=0, plain=1, varied=2)
    kinds = (0, 1, A, B)
    tokens = [[kinds[(number >> 2 * step) & 3] for step in range(6)] for number in range(4**6)]
    fired = rule.excessive(Melodies(SequenceBatch.from_lists(tokens))).tolist()
    assert fired == [[read_back(row, t, rule) for t in range(6)] for row in tokens]


def read_back(tokens: list[int], t: int, rule: Repetition) -> bool:
    count, varied = 0, False
    for earlier in reversed(tokens[:t]):
        if earlier == tokens[t]:
            count += 1
        elif earlier in (0, 1):
            varied = True
        else:
            break
    if tokens[t] == 0:
        return count > rule.rests
    return count > (rule.varied if varied else rule.plain)
