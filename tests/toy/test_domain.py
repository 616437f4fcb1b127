from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from kit import uncounted
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import ToyDomain
from sequence_tutor.toy.domain import ToyRewardSettings

ROOM = ToyDomain()


def test_the_domain_is_found_by_its_name() -> None:
    assert isinstance(find_domain("toy"), ToyDomain)


def test_lines_are_divided_by_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    numbers = random.Random(0)
    rows = [[numbers.randrange(4) for _ in range(6)] for _ in range(300)]
    path.write_text("".join(json.dumps({"tokens": row}) + "\n" for row in rows * 2))
    data = ROOM.read_training([path], ROOM.data_settings(), None, uncounted)
    sides = [
        {tuple(row) for row in side.rows()} for side in (data.train, data.validation, data.test)
    ]
    assert all(sides)
    assert sum(map(len, sides)) == len({tuple(row) for row in rows})  # none on two sides
    assert data.summary["all"]["sequences"] == 600


def test_what_is_written_can_be_a_prime(tmp_path: Path) -> None:
    batch = SequenceBatch.from_lists([[3, 2], [1, 0]])
    ROOM.write(batch, tmp_path, ROOM.output_settings(), uncounted)
    path = tmp_path / "sequences.jsonl"
    assert ROOM.read_sequences(path) == [[3, 2], [1, 0]]
    assert ROOM.begin(path, ROOM.output_settings()).tokens == [3, 2]
    path.write_text("")
    with pytest.raises(UserError, match="no sequence in it"):
        ROOM.begin(path, ROOM.output_settings())


def test_the_reward_depends_on_its_seed_alone(tmp_path: Path) -> None:
    reward = ROOM.reward(ROOM.reward_settings(), None)
    batch = SequenceBatch.from_lists([[3, 2, 1, 0, 1, 2]])
    assert reward(batch).equal(ROOM.reward(ROOM.reward_settings(), None)(batch))
    assert not reward(batch).equal(ROOM.reward(ToyRewardSettings(seed=1), None)(batch))
    with pytest.raises(UserError, match="no rules of one's own"):
        ROOM.reward(ROOM.reward_settings(), tmp_path / "mine.py")


def test_the_domain_has_no_statistics_of_its_own() -> None:
    statistics = ROOM.statistics(ROOM.reward_settings())
    statistics.update(SequenceBatch.from_lists([[3, 2]]))
    assert statistics.result() == {}
