from __future__ import annotations

import pytest
import torch

from sequence_tutor.melody.rules import RepeatedMotif
from sequence_tutor.melody.rules.motifs import heard_before, window_codes
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch

MOTIF = [14, 1, 16, 1, 18, 1, 16, 0]  # three distinct notes
FOUR_NOTES = [14, 1, 16, 1, 18, 1, 19, 0]


def paid(tokens: list[int], rule: RepeatedMotif | None = None) -> list[float]:
    melodies = Melodies(SequenceBatch.from_lists([tokens]))
    return [float(value) for value in (rule or RepeatedMotif())(melodies)[0]]


def test_pays_when_the_repetition_is_complete() -> None:
    assert paid(MOTIF + MOTIF) == [0] * 15 + [4]
    assert paid(FOUR_NOTES + FOUR_NOTES) == [0] * 15 + [5]


def test_a_longer_repetition_pays_at_each_of_its_steps() -> None:
    # Nine tokens repeated: the windows ending at the 8th and at the 9th are both heard before.
    assert paid([*MOTIF, 19, *MOTIF, 19]) == [0] * 16 + [4, 4]


def test_any_distance_but_no_overlap() -> None:
    assert paid([*MOTIF, 1, 1, 1, *MOTIF])[-1] == 4
    # A figure of four repeated three times: at step 11 the window starts at 4 and its first
    # occurrence at 0 ends at 7, within it: overlapping. Only step 15 has a free one before it.
    assert paid([14, 16, 18, 1] * 4) == [0] * 15 + [4]


def test_two_notes_are_no_motif() -> None:
    assert paid([14, 1, 16, 1, 14, 1, 16, 0] * 2) == [0] * 16


@pytest.mark.parametrize("steps", [1, 7, 8, 15])
def test_too_short_for_a_repetition(steps: int) -> None:
    assert paid((MOTIF + MOTIF)[:steps]) == [0] * steps


def test_the_constants_are_parameters() -> None:
    rule = RepeatedMotif(amount=1.0, bonus=0.25, window=3, distinct=2)
    assert paid([14, 16, 18, 14, 16, 18], rule) == [0, 0, 0, 0, 0, 1.25]


def test_every_window_has_its_own_code() -> None:
    # Digits of base 38: 2 * 38 + 3 = 79, 3 * 38 + 37 = 151; the largest still fits int64.
    assert window_codes(torch.tensor([[2, 3, 37]]), 2).tolist() == [[79, 151]]
    assert window_codes(torch.tensor([[2, 3, 37]]), 3).tolist() == [[2 * 38**2 + 3 * 38 + 37]]
    assert window_codes(torch.full((1, 12), 37), 12).tolist() == [[38**12 - 1]]


@pytest.mark.parametrize("window", [2, 3, 8, 12, 13, 16, 25, 64])
def test_agrees_with_comparing_lists(window: int) -> None:
    generator = torch.Generator().manual_seed(window)
    tokens = torch.randint(0, 2, (4, 60), generator=generator)
    tokens[1, 30:] = tokens[1, :30]
    tokens[2, 40:] = tokens[2, 3:23]
    tokens[2, 45] += 1  # all but one step of a long window
    found = heard_before(tokens, window).tolist()
    for row, answers in zip(tokens.tolist(), found, strict=True):
        blocks = [row[start : start + window] for start in range(60 - window + 1)]
        expected = [block in blocks[: max(i - window + 1, 0)] for i, block in enumerate(blocks)]
        assert answers == expected
    assert window > 30 or any(map(any, found))
