from __future__ import annotations

import random

import torch

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
