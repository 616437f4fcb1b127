from __future__ import annotations

import hashlib

import torch
from hypothesis import given
from hypothesis import strategies as st

from kit import generator
from sequence_tutor.domain.fingerprints import are_among, sequence_hashes, window_fingerprints
from sequence_tutor.sequences import SequenceBatch


def by_definition(tokens: list[int]) -> int:
    """The hash in Python's integers of any size."""
    total = 0
    for place, token in enumerate(tokens):
        digest = hashlib.sha256(f"place {place}".encode()).digest()[:8]
        total += (token + 1) * (int.from_bytes(digest, "little") | 1)
    total %= 2**64
    return total - 2**64 if total >= 2**63 else total


@given(st.lists(st.lists(st.integers(0, 37), min_size=1, max_size=40), min_size=1, max_size=5))
def test_hashes_agree_with_the_definition_whatever_the_padding(rows: list[list[int]]) -> None:
    hashes = sequence_hashes(SequenceBatch.from_lists(rows))
    assert hashes.tolist() == [by_definition(row) for row in rows]


def test_all_short_sequences_are_told_apart() -> None:
    rows = [[a, b] for a in range(38) for b in range(38)] + [[a] for a in range(38)]
    hashes = sequence_hashes(SequenceBatch.from_lists(rows))
    assert len(hashes.unique()) == 38 * 38 + 38


def test_windows_are_found_where_they_begin_at_a_bar() -> None:
    melody = torch.randint(0, 38, (100,), generator=generator())
    windows = window_fingerprints([melody.tolist(), [1, 2, 3]])
    assert len(windows) == 5  # of the long one, from 0, 16, 32, 48 and 64
    asked = torch.stack([melody[start : start + 32] for start in (0, 64, 8, 66)])
    found = are_among(SequenceBatch.full(asked), windows)
    assert found.tolist() == [True, True, False, False]


def test_nothing_is_among_no_fingerprints() -> None:
    none = window_fingerprints([[1, 2, 3]])
    assert none.tolist() == []
    assert are_among(SequenceBatch.from_lists([[1, 2, 3]]), none).tolist() == [False]
