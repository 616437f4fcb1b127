"""Rows counted by hand, and their intervals beside those of the accumulators they replace."""

from __future__ import annotations

import math
from collections.abc import Collection

import pytest
import torch

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import check_domain
from sequence_tutor.domain.row_statistics import RowStatistics
from sequence_tutor.domain.rows import (
    SHARE,
    SHARE_OF_STEPS,
    Counts,
    JoinedRows,
    RewardRows,
    RowRange,
    Rows,
    having,
    numbers,
    ratio,
)
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Mean, Proportion, RatioOfSums, ShareOfSteps
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import ToyDomain
from sequence_tutor.toy.rows import ToyRows

BATCH = SequenceBatch.from_lists([[0, 0, 1, 0], [2, 0, 3], [1, 1, 1, 1]])


def test_toy_rows_by_hand() -> None:
    counts = ToyRows(4).count(BATCH)
    assert counts["token_0"].numerators.tolist() == [3, 1, 0]
    assert counts["token_0"].denominators.tolist() == [4, 3, 4]
    assert counts["starts_with_2"].value == pytest.approx(1 / 3)
    # Followed 0s: two in the first (one by a 0), one in the second; padding follows nothing.
    assert counts["repeats_of_0"].numerators.tolist() == [1, 0, 0]
    assert counts["repeats_of_0"].denominators.tolist() == [2, 1, 0]


def test_terms_of_the_reward_are_rows() -> None:
    domain = ToyDomain()
    settings = domain.reward_settings()
    reward = domain.reward(settings, None)
    rows = domain.rows(settings, reward)
    assert list(rows.ranges())[-2:] == ["prefix", "pair"]
    paid = reward(BATCH)
    for counted in (rows.count(BATCH), rows.count(BATCH, paid)):
        assert counted["pair"].numerators.equal(paid[:, :, 1].sum(1))
        assert counted["pair"].denominators.tolist() == [1, 1, 1]
    assert list(domain.rows(settings, reward, ["pair"]).ranges())[-1] == "pair"
    assert "prefix" not in domain.rows(settings, reward, ["pair"]).ranges()
    assert RewardRows(reward, []).count(BATCH) == {}


def test_of_two_rows_with_one_name_the_first_counts() -> None:
    class Other(ToyRows):
        def ranges(self) -> dict[str, RowRange]:
            return {"token_0": RowRange(kind="ratio"), "more": SHARE}

        def count(
            self, batch: SequenceBatch, terms: torch.Tensor | None = None
        ) -> dict[str, Counts]:
            zeros = having(torch.zeros(len(batch), dtype=torch.bool))
            return {"token_0": zeros, "more": zeros}

    joined = JoinedRows(ToyRows(4), Other(4))
    assert joined.ranges()["token_0"] == SHARE_OF_STEPS
    assert list(joined.ranges())[-1] == "more"
    assert joined.count(BATCH)["token_0"].numerators.tolist() == [3, 1, 0]


def test_intervals_are_those_of_the_estimates() -> None:
    x = torch.tensor([0.5, math.nan, 1.5, 2.0], dtype=torch.float64)
    has, among = torch.tensor([True, False, True, True]), torch.tensor([True, True, False, True])
    up, down = torch.tensor([1, 0, 2, 3]), torch.tensor([4, 0, 2, 5])
    rows = RowStatistics(
        {
            "mean": RowRange(),
            "share": SHARE,
            "steps": SHARE_OF_STEPS,
            "ratio": RowRange(kind="ratio"),
        }
    )
    for part in (slice(0, 2), slice(2, 4)):
        rows.add(
            {
                "mean": numbers(x[part]),
                "share": having(has[part], among[part]),
                "steps": ratio(up[part], down[part]),
                "ratio": ratio(up[part], down[part]),
                "another": having(has[part]),
            }
        )
    mean, share, steps, quotient = Mean(), Proportion(), ShareOfSteps(), RatioOfSums()
    mean.update(x[[0, 2, 3]])
    share.update(has[among])
    steps.update(up, down)
    quotient.update(up, down)
    found = rows.result()
    for name, one in (("mean", mean), ("share", share), ("steps", steps), ("ratio", quotient)):
        expected = one.estimate()
        for end in ("value", "low", "high"):
            assert getattr(found[name], end) == pytest.approx(getattr(expected, end), abs=1e-12)


def test_counts_are_one_number_a_sequence() -> None:
    assert math.isnan(ratio(torch.zeros(2), torch.zeros(2)).value)
    with pytest.raises(ValueError, match="expected"):
        Counts(torch.zeros(2), torch.zeros(3))


class Miscounted(ToyDomain):
    """A domain whose rows are wrong in one way."""

    def __init__(self, ranges: dict[str, RowRange], value: float = 2.0) -> None:
        self._ranges, self._value = ranges, value

    def rows(
        self, settings: Settings, reward: Reward, names: Collection[str] | None = None
    ) -> Rows:
        ranges, value = self._ranges, self._value

        class Own:
            def ranges(self) -> dict[str, RowRange]:
                return ranges

            def count(
                self, batch: SequenceBatch, terms: torch.Tensor | None = None
            ) -> dict[str, Counts]:
                return {"mine": numbers(torch.full((len(batch),), value))}

        return Own()


def test_the_check_of_a_domain_tries_its_rows() -> None:
    check_domain(ToyDomain())
    check_domain(Miscounted({"mine": RowRange()}))
    with pytest.raises(UserError, match="row 'mine' is 2, expected 0 to 1"):
        check_domain(Miscounted({"mine": SHARE}))
    with pytest.raises(UserError, match="row 'other' is counted without a range"):
        check_domain(Miscounted({"mine": RowRange(), "other": SHARE}))
