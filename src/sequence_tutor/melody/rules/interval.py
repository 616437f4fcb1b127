"""Prefer the intervals that sound well."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF, VOCAB_SIZE
from sequence_tutor.melody.rules.rule import Rule
from sequence_tutor.melody.scales import OCTAVE, Key
from sequence_tutor.melody.view import Melodies


class Interval(Rule):
    """Pays by the interval from the last note, up or down; rests between do not break it.

    C, E and G of the published table are the tonic, third and fifth of the key. A rest or hold is
    judged by the note before it. Intervals not named pay nothing.
    """

    name: ClassVar[str] = "interval"
    rest_after_tonic_or_fifth: float = Field(0.75, description="a rest after tonic or fifth")
    rest: float = Field(0.25, description="a rest after any other note")
    hold_after_tonic_or_fifth: float = Field(1.5, description="a hold after tonic or fifth")
    hold: float = Field(0.375, description="a hold after any other note")
    major_second: float = Field(0.4, description="2 semitones")
    third_from_tonic_or_third: float = Field(0.75, description="4 semitones from tonic or third")
    major_third: float = Field(0.45, description="4 semitones from any other note")
    fourth: float = Field(0.35, description="5 semitones")
    fifth_from_tonic_or_fifth: float = Field(0.5, description="7 semitones from tonic or fifth")
    fifth: float = Field(0.1, description="7 semitones from any other note")
    major_sixth: float = Field(0.25, description="9 semitones")
    major_seventh: float = Field(-1.5, description="11 semitones")
    beyond_octave: float = Field(-5.0, description="more than 12 semitones")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        table = _table(self, melodies.key).to(melodies.tokens.device)
        event = melodies.previous_pitched * VOCAB_SIZE + melodies.tokens  # (B, T)
        paid = table.index_select(0, event.flatten()).view_as(event)
        return melodies.zero_beyond(paid)

    def between(self, previous: int, token: int, key: Key) -> float:
        """What `token` is paid when `previous` is the last pitched token before it."""
        tonic_or_fifth = previous in key.tonics | key.fifths
        if token == NOTE_OFF:
            return self.rest_after_tonic_or_fifth if tonic_or_fifth else self.rest
        if token == HOLD:
            return self.hold_after_tonic_or_fifth if tonic_or_fifth else self.hold
        tonic_or_third = previous in key.tonics | key.thirds
        semitones = abs(token - previous)
        if semitones > OCTAVE:
            return self.beyond_octave
        by_semitones = {
            2: self.major_second,
            4: self.third_from_tonic_or_third if tonic_or_third else self.major_third,
            5: self.fourth,
            7: self.fifth_from_tonic_or_fifth if tonic_or_fifth else self.fifth,
            9: self.major_sixth,
            11: self.major_seventh,
        }
        return by_semitones.get(semitones, 0.0)


@lru_cache(maxsize=16)
def _table(rule: Interval, key: Key) -> Tensor:
    """(38 * 38,) float64: `between` for every pair, previous token first; 0 without a previous."""
    table = torch.zeros(VOCAB_SIZE, VOCAB_SIZE, dtype=torch.float64)
    for previous in range(FIRST_NOTE, VOCAB_SIZE):
        row = [rule.between(previous, token, key) for token in range(VOCAB_SIZE)]
        table[previous] = torch.tensor(row, dtype=torch.float64)
    return table.flatten()
