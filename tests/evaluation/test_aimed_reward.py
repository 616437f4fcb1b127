"""What aims pay a melody: where a row counts, and in all what its counts come to."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kit import generator
from sequence_tutor.domain.rows import Counts, RowRange
from sequence_tutor.evaluation.aimed_reward import AimedReward, FoundAims
from sequence_tutor.melody.reward import MelodyReward
from sequence_tutor.melody.rows import MelodyRows
from sequence_tutor.sequences import SequenceBatch

ENTRIES = {
    "notes_not_in_key <= 1 %": {"row": "notes_not_in_key", "goal": 0.01, "multiplier": 5.0},
    "starts_with_tonic >= 90 %": {"row": "starts_with_tonic", "goal": 0.9, "multiplier": 2.0},
    "last_note_is_tonic >= 90 %": {"row": "last_note_is_tonic", "goal": 0.9, "multiplier": 3.0},
    "repeated_notes <= 1 %": {"row": "repeated_notes", "goal": 0.01, "multiplier": 0.0},
}


class AtTheEnd:
    """The same rows, of which nobody says where they count."""

    def __init__(self) -> None:
        self._rows = MelodyRows()

    def ranges(self) -> dict[str, RowRange]:
        return dict(self._rows.ranges())

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> dict[str, Counts]:
        return dict(self._rows.count(batch, terms))


def test_aims_pay_where_rows_count_and_in_all_the_same() -> None:
    tokens = torch.randint(38, (64, 32), generator=generator())
    batch = SequenceBatch(tokens, torch.tensor([32, 20] * 32))
    found, own = FoundAims(ENTRIES, alone=False, c=1.0), MelodyReward(weights={"key": 1.0})
    by_step = AimedReward(own, found, MelodyRows())(batch)[:, :, -1]
    at_end = AimedReward(own, found, AtTheEnd())(batch)[:, :, -1]
    torch.testing.assert_close(by_step.sum(1), at_end.sum(1))
    assert bool((at_end[:, :19] == 0).all())
    tonic = tokens[:, 0] == 14
    outside = MelodyReward()(batch)[:, 0, 0] < 0  # out of the key at the first step
    first = 2.0 * (tonic.double() - 0.9) - 5.0 * (outside.double() - 0.01)
    torch.testing.assert_close(by_step[:, 0], first)
    assert bool((by_step[1::2, 20:] == 0).all())


class OneRow:
    """A row whose name holds a sign."""

    def ranges(self) -> dict[str, RowRange]:
        return {"contains >=": RowRange()}

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> dict[str, Counts]:
        ones = torch.ones(len(batch), dtype=torch.float64)
        return {"contains >=": Counts(ones, ones)}


def test_at_most_costs_also_where_the_name_of_the_row_holds_the_other_sign() -> None:
    entries = {"contains >= <= 25 %": {"row": "contains >=", "goal": 0.25, "multiplier": 4.0}}
    found = FoundAims(entries, alone=True, c=1.0)
    batch = SequenceBatch.full(torch.zeros(2, 3, dtype=torch.long))
    paid = AimedReward(MelodyReward(), found, OneRow())(batch)[:, :, -1]
    assert paid.tolist() == [[0, 0, -3], [0, 0, -3]]  # -4 (1 - .25), at the last step


def test_what_a_step_is_paid_does_not_depend_on_later_ones() -> None:
    tokens = torch.randint(38, (16, 32), generator=generator(1))
    other = tokens.clone()
    other[:, 16:] = torch.randint(38, (16, 16), generator=generator(2))
    entries = {name: own for name, own in ENTRIES.items() if "last" not in name}
    reward = AimedReward(MelodyReward(), FoundAims(entries, alone=True, c=1.0), MelodyRows())
    one, two = (reward(SequenceBatch.full(each))[:, :16, -1] for each in (tokens, other))
    torch.testing.assert_close(one, two)
    assert float(one.abs().sum()) == pytest.approx(float(two.abs().sum()))
    assert float(one.abs().sum()) > 0
