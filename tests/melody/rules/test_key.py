from __future__ import annotations

import torch

from sequence_tutor.melody.rules import InKey
from sequence_tutor.melody.rules.pitches import out_of_key
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch


def test_only_notes_outside_the_key_cost() -> None:
    # C4, C#4, rest, hold, B5, A#5: tokens 15 and 36 are black keys.
    melodies = Melodies(SequenceBatch.from_lists([[14, 15, 0, 1, 37, 36]]))
    assert InKey()(melodies).tolist() == [[0, -1, 0, 0, 0, -1]]


def test_the_amount_and_the_key_are_parameters() -> None:
    # D major has F sharp (token 20) and not F (token 19).
    melodies = Melodies(SequenceBatch.from_lists([[19, 20]]), Key(tonic="D"))
    assert InKey(amount=-2.5)(melodies).tolist() == [[-2.5, 0]]


def test_c_major_is_the_published_list_of_tokens() -> None:
    published = {
        0,
        1,
        2,
        4,
        6,
        7,
        9,
        11,
        13,
        14,
        16,
        18,
        19,
        21,
        23,
        25,
        26,
        28,
        30,
        31,
        33,
        35,
        37,
    }
    outside = out_of_key(Melodies(SequenceBatch.full(torch.arange(38)[None])))
    assert set(torch.arange(38)[~outside[0]].tolist()) == published
