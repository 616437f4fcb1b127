"""Sequences within an edit distance, against every sequence of small spaces."""

import math
import random

import pytest
import torch
from torch import Tensor

from kit import generator
from sequence_tutor.errors import UserError
from sequence_tutor.exact import enumerate_sequences
from sequence_tutor.sampling.edit_distance import edit_distance, edited_within
from sequence_tutor.sequences import SequenceBatch

DRAWN = 3000


def levenshtein(one: list[int], other: list[int]) -> int:
    """By its definition."""
    if not one or not other:
        return len(one) + len(other)
    rest = levenshtein(one[1:], other[1:])
    if one[0] == other[0]:
        return rest
    return 1 + min(rest, levenshtein(one[1:], other), levenshtein(one, other[1:]))


def distribution(source: list[int], space: list[list[int]], c: float, end: int | None) -> Tensor:
    """exp(-d / c) / Z over the space; d does not count the end."""

    def body(row: list[int]) -> list[int]:
        return row[:-1] if row[-1] == end else row

    odds = torch.tensor([math.exp(-levenshtein(body(source), body(row)) / c) for row in space])
    return odds / odds.sum()


def test_the_distance_is_that_of_its_definition() -> None:
    chance = random.Random(0)
    rows = [[chance.randrange(3) for _ in range(chance.randint(1, 6))] for _ in range(200)]
    pairs = list(zip(rows[:100], rows[100:], strict=True))
    one, other = (SequenceBatch.from_lists([pair[i] for pair in pairs]) for i in (0, 1))
    assert edit_distance(one, other).tolist() == [levenshtein(*pair) for pair in pairs]


@pytest.mark.parametrize("c", [0.4, 0.8])
@pytest.mark.parametrize(
    ("source", "end"),
    [([0, 2, 1], 1), ([2, 0, 0, 3], 1), ([1], 1), ([0, 0, 2, 3], None)],
    ids=["short", "full", "empty", "fixed length"],
)
def test_what_is_drawn_is_distributed_as_the_distance_says(
    source: list[int], end: int | None, c: float
) -> None:
    space = enumerate_sequences(4, 4, end).to_lists()
    wanted = distribution(source, space, c, end)
    batch = SequenceBatch.from_lists([source] * DRAWN)
    found = edited_within(batch, c, 4, 4, generator(), end).to_lists()
    places = {tuple(row): place for place, row in enumerate(space)}
    counts = torch.tensor([places[tuple(row)] for row in found]).bincount(minlength=len(space))
    # mean and variance of Pearson's statistic, exact for any number of draws
    expected, k = DRAWN * wanted, len(space)
    chi = float(((counts - expected) ** 2 / expected).sum())
    variance = 2 * (k - 1) + (float((1 / wanted).sum()) - k * k - 2 * k + 2) / DRAWN
    assert abs(chi - (k - 1)) < 4 * math.sqrt(variance)


def test_a_temperature_at_which_nothing_is_left_of_the_data_is_refused() -> None:
    batch = SequenceBatch.full(torch.zeros(2, 32, dtype=torch.int64))
    with pytest.raises(UserError, match=r"c is 3, expected less: .* draws gave nothing for 2 of 2"):
        edited_within(batch, 3.0, 38, 32, generator())
