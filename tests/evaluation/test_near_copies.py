from __future__ import annotations

import random

import torch

from sequence_tutor.estimates import wilson
from sequence_tutor.evaluation.near_copies import edit_distances, near_copies
from sequence_tutor.sequences import SequenceBatch


def levenshtein(one: list[int], other: list[int]) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


def test_distances_are_levenshtein_s() -> None:
    numbers = random.Random(0)
    ones = [[numbers.randrange(3) for _ in range(numbers.randint(1, 12))] for _ in range(300)]
    others = []
    for one in ones:
        other = list(one)
        for _ in range(numbers.randint(0, 4)):
            at = numbers.randrange(len(other) + 1)
            other[at : at + numbers.randint(0, 1)] = [1] * numbers.randint(0, 1)
        others.append(other or [0])
    for most in (0, 1, 3, 5):
        found = edit_distances(
            SequenceBatch.from_lists(ones), SequenceBatch.from_lists(others), most
        )
        expected = torch.tensor([levenshtein(*pair) for pair in zip(ones, others, strict=True)])
        assert found.clamp(max=most + 1).tolist() == expected.clamp(max=most + 1).tolist()


def test_one_token_in_sixteen() -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(0, 38, (5, 32), generator=generator).tolist()
    changed = [*rows[0][:5], (rows[0][5] + 1) % 38, *rows[0][6:]]
    moved = [*rows[1][1:], 0]  # one left out, one put in
    found = near_copies(SequenceBatch.from_lists([*rows, changed, moved]))
    assert found.value == 4 / 7


def test_copies_that_come_in_pairs_have_the_interval_of_half_as_many() -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(0, 38, (96, 32), generator=generator)
    pairs = torch.cat([rows, rows[:4]])
    assert near_copies(SequenceBatch.full(pairs)) == wilson(8 / 100, 50)
    crowd = torch.cat([rows[:92], rows[:1].expand(8, -1)])  # one that is written again and again
    assert near_copies(SequenceBatch.full(crowd)) == wilson(9 / 100, 100)
    assert near_copies(SequenceBatch.full(rows)) == wilson(0.0, 48)


def test_the_share_of_rare_pairs_covers_what_is_expected() -> None:
    # of 200 from N = 4,000 equally likely ones each has a copy with probability 1 - (1 - 1/N)^199
    generator = torch.Generator().manual_seed(0)
    truth, covered = 1 - (1 - 1 / 4000) ** 199, 0
    for _ in range(100):
        drawn = torch.randint(0, 4000, (200,), generator=generator)
        digits = torch.stack([drawn // 16**place % 16 for place in range(3)], 1)  # (B, 3)
        found = near_copies(SequenceBatch.full(digits))  # too short for one change
        covered += found.low <= truth <= found.high
    assert 0.9 <= covered / 100 <= 1
