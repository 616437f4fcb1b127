"""What rules pay by what sounds agrees with what they pay whole melodies."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kit import generator
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, VOCAB_SIZE
from sequence_tutor.melody.filling.paid import paid_by_state
from sequence_tutor.melody.filling.sounding import states_along
from sequence_tutor.melody.reward import MelodyReward
from sequence_tutor.melody.rules import InKey, Interval, Tonic
from sequence_tutor.melody.rules.chords import Chords
from sequence_tutor.melody.rules.form import Cadence
from sequence_tutor.melody.rules.motifs import Motif
from sequence_tutor.melody.scales import C_MAJOR, Key
from sequence_tutor.melody.view import Melodies, Rule
from sequence_tutor.sequences import SequenceBatch

T = 32
EXACT = [
    InKey(),
    Tonic(),
    Tonic(ending=1),
    Tonic(ending=40),  # longer than the melody
    Interval(),
    Chords(progression="C | Am7"),
    Chords(progression="Dm G7", meter="3/4", upbeat=4, transpose=2),
]


def melodies() -> Tensor:
    """(200, T): notes, holds and rests in any order."""
    drawn = torch.randint(VOCAB_SIZE, (200, T), generator=generator())
    kinds = torch.randint(3, (200, T), generator=generator(1))
    return torch.where(kinds == 0, drawn, torch.where(kinds == 1, HOLD, drawn % 2))


def along(paid: Tensor, tokens: Tensor) -> Tensor:
    """(B, T): what the states of melodies are paid."""
    states = states_along(tokens)[:, :-1]
    return paid[torch.arange(T), states, tokens]


@pytest.mark.parametrize("key", [C_MAJOR, Key(tonic="D", scale="dorian")])
@pytest.mark.parametrize("rule", EXACT, ids=str)
def test_rules_on_what_sounds_are_known_exactly(rule: Rule, key: Key) -> None:
    tokens, paid = melodies(), paid_by_state(rule, key, T)
    assert paid is not None
    expected = rule(Melodies(SequenceBatch.full(tokens), key))
    torch.testing.assert_close(along(paid, tokens), expected)


def test_a_cadence_is_known_where_no_note_begins_after_the_beat() -> None:
    rule, tokens = Cadence(bars=1), melodies()
    for ends in (16, 32):
        tokens[:, ends - 4] = 2 + tokens[:, ends - 4] % 36
        tokens[:, ends - 3 : ends] %= FIRST_NOTE
    paid = paid_by_state(rule, C_MAJOR, T)
    assert paid is not None
    expected = rule(Melodies(SequenceBatch.full(tokens)))
    torch.testing.assert_close(along(paid, tokens), expected)
    tokens[:, 30] = 2 + tokens[:, 30] % 36  # a move costs when it is made, to another chord more
    moved = rule(Melodies(SequenceBatch.full(tokens)))
    assert bool((moved[:, 31] == rule.open).all())
    assert bool((along(paid, tokens).sum(1) <= moved.sum(1)).all())
    assert bool((along(paid, tokens).sum(1) == moved.sum(1)).any())


def test_a_reward_adds_up_the_weighted_rules() -> None:
    assert paid_by_state(Motif(), C_MAJOR, T) is None
    reward = MelodyReward([InKey(), Interval(), Motif()])
    weights = {"key": 2.0, "interval": -0.5, "motif": 3.0}
    tokens = melodies()
    batch = Melodies(SequenceBatch.full(tokens))
    expected = 2 * InKey()(batch) - 0.5 * Interval()(batch)
    torch.testing.assert_close(along(reward.by_state(T, weights), tokens), expected)
