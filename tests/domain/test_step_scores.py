from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit import generator
from sequence_tutor.domain import step_scores as module
from sequence_tutor.domain.step_scores import step_scores, summed
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy.problem import ToyReward


def toy_reward() -> ToyReward:
    return ToyReward(4, 6, generator())


def test_an_endless_stream_is_read_a_chunk_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 5)
    taken = 0

    def endless() -> Iterator[list[int]]:
        nonlocal taken
        while True:
            taken += 1
            yield [taken % 4] * (1 + taken % 6)

    reward = toy_reward()
    scored = step_scores(reward, endless())
    for place in range(1, 13):
        entry = next(scored)
        tokens = [place % 4] * (1 + place % 6)
        assert entry["tokens"] == tokens
        alone = reward(SequenceBatch.from_lists([tokens]))[0]  # (T, R)
        assert [entry["reward"][name] for name in reward.names] == alone.T.tolist()
    assert taken == 15


def test_a_row_shows_sums() -> None:
    scored = {"tokens": [1, 2], "reward": {"a": [1.0, 2.0], "b": [0.0, -0.5]}, "total": [1.0, 1.5]}
    assert summed(scored) == {"tokens": "2", "a": "3.00", "b": "-0.50", "total": "2.50"}
