"""Rules on pitches: the key, the tonic, intervals, and a unique highest and lowest note."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF, VOCAB_SIZE
from sequence_tutor.melody.scales import OCTAVE, Key
from sequence_tutor.melody.view import Melodies, Rule


class InKey(Rule):
    """Punishes every note outside the key; rests and holds are never punished."""

    name: ClassVar[str] = "key"
    amount: float = Field(-1.0, le=0, description="paid for a note outside the key")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        return melodies.zero_beyond(out_of_key(melodies).double() * self.amount)


def out_of_key(melodies: Melodies) -> Tensor:
    """(B, T) bool: True where a note outside the key starts."""
    outside = torch.ones(VOCAB_SIZE, dtype=torch.bool)
    outside[list(melodies.key.tokens)] = False
    return outside.to(melodies.tokens.device)[melodies.tokens]


class Tonic(Rule):
    """Pays for the tonic at the first step, and for a tonic at the start of the ending that sounds.

    The step after the start of the ending must be a hold; later steps may hold or rest. A melody
    shorter than the ending is judged by its first step alone, as a beginning.
    """

    name: ClassVar[str] = "tonic"
    amount: float = Field(3.0, ge=0, description="paid at each step that does what it should")
    ending: int = Field(4, ge=1, description="steps of the ending")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        tokens = melodies.tokens
        step = torch.arange(tokens.shape[1], device=tokens.device)
        into_ending = step - (melodies.lengths[:, None] - self.ending)  # (B, T)
        on_tonic = (step == 0) | (into_ending == 0)
        wanted = torch.where(
            on_tonic,
            tokens == melodies.key.tonic_token,
            ((into_ending == 1) & (tokens == HOLD))
            | ((into_ending > 1) & ((tokens == HOLD) | (tokens == NOTE_OFF))),
        )
        return melodies.zero_beyond(wanted.double() * self.amount)


class Interval(Rule):
    """Pays by the interval from the last note, up or down; a rest in between changes nothing.

    C, E and G of the published table are the tonic, third and fifth of the key. A rest or hold is
    judged by the note before it. Intervals that are not listed pay nothing.
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
        table = interval_table(self, melodies.key).to(melodies.tokens.device)
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
def interval_table(rule: Interval, key: Key) -> Tensor:
    """(38 * 38,) float64: `between` for every pair, previous token first; 0 without a previous."""
    table = torch.zeros(VOCAB_SIZE, VOCAB_SIZE, dtype=torch.float64)
    for previous in range(FIRST_NOTE, VOCAB_SIZE):
        row = [rule.between(previous, token, key) for token in range(VOCAB_SIZE)]
        table[previous] = torch.tensor(row, dtype=torch.float64)
    return table.flatten()


class UniqueExtrema(Rule):
    """Pays at the last step if the highest token occurs once, and if the lowest note does."""

    name: ClassVar[str] = "unique_extrema"
    highest: float = Field(3.0, ge=0, description="paid for a highest token that comes once")
    lowest: float = Field(3.0, ge=0, description="paid for a lowest note that comes once")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        unique_max, unique_min = unique_extrema(melodies)
        amount = self.highest * unique_max.double() + self.lowest * unique_min.double()
        paid = torch.zeros_like(melodies.tokens, dtype=torch.float64)
        return paid.scatter_(1, melodies.lengths[:, None] - 1, amount[:, None])


def unique_extrema(melodies: Melodies) -> tuple[Tensor, Tensor]:
    """Two (B,) bool: whether the largest token occurs once, and the lowest pitched token.

    The largest is taken among all tokens, the lowest among the notes alone, so that a melody
    without notes has no unique lowest one.
    """
    tokens = melodies.small_tokens
    for_max = torch.where(melodies.mask, tokens, -1)
    for_min = torch.where(melodies.mask & melodies.is_pitched, tokens, VOCAB_SIZE)
    lowest = for_min.amin(dim=1, keepdim=True)
    once_max = (for_max == for_max.amax(dim=1, keepdim=True)).sum(dim=1) == 1
    once_min = ((for_min == lowest) & (lowest < VOCAB_SIZE)).sum(dim=1) == 1
    return once_max, once_min
