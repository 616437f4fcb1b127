"""The rule on chords: chord tones on the beats, passing tones between them, no avoid notes.

Sources: an unaccented note outside the chord is heard as passing or neighbouring if it is reached
by step (Aldwell and Schachter, Harmony and Voice Leading, 4th edition 2011, chapter 22); a note a
semitone above a chord tone is one to avoid where it stands out (Nettles and Graf, The Chord Scale
Theory and Jazz Harmony, 1997; Levine, The Jazz Theory Book, 1995, chapter 3). The amounts are ours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

import torch
from pydantic import Field, field_validator
from torch import Tensor

from sequence_tutor.config.settings import refused_by_value
from sequence_tutor.melody.chords import Chord
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, PITCH_OFFSET, VOCAB_SIZE
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.progressions import Bar, chord_spans, parse_progression
from sequence_tutor.melody.scales import OCTAVE, Key
from sequence_tutor.melody.signature import signature_of
from sequence_tutor.melody.view import NO_PITCH, Melodies, Rule

STEP = 2
"""Semitones of the largest interval that is a step."""


class Chords(Rule):
    """Judges notes by the chord at their first step, and how they are reached.

    A note that begins on a beat should be a chord tone. One that is held into a chord that it does
    not belong to is judged where that chord begins. Between beats a note outside the chord should
    be reached by step. The default amounts, with a weight of 2 and the prior's chord tones on half
    of the beats, make melodies of many notes about as likely as those of few.
    """

    name: ClassVar[str] = "chords"
    progression: str = Field(
        description='bars of chords, such as "Dm7 | G7 | C"; it begins anew where it ends'
    )
    meter: str | None = Field(None, description="of the bars, such as 6/8; the prior's if unset")
    upbeat: int = Field(0, ge=0, description="sixteenths before the first bar")
    transpose: int = Field(0, ge=-60, le=60, description="semitones from the tokens to the chords")
    chord_tone: float = Field(0.25, ge=0, description="paid for a chord tone on a beat")
    other: float = Field(-0.75, le=0, description="paid for another note on a beat")
    avoid: float = Field(-1.5, le=0, description="paid for an avoid note on a beat")
    leapt: float = Field(
        -0.5, le=0, description="paid off the beat for no chord tone, reached by more than a tone"
    )

    @field_validator("progression")
    @classmethod
    def _has_chords(cls, text: str) -> str:
        with refused_by_value():
            parse_progression(text)
        return text

    @field_validator("meter")
    @classmethod
    def _is_meter(cls, text: str | None) -> str | None:
        if text is not None:
            Meter.parse(text)
        return text

    def in_tokens(self, key: Key) -> tuple[Bar, ...]:
        """The progression at the pitch of the tokens, spelled as in a key."""
        bars = parse_progression(self.progression)
        if self.transpose % OCTAVE == 0:
            return bars
        signature, down = signature_of(key), -self.transpose
        return tuple(tuple(chord and chord.moved(down, signature) for chord in bar) for bar in bars)

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        tokens = melodies.tokens
        struck, held, leapt = (
            table.to(tokens.device) for table in chord_tables(self, tokens.shape[1])
        )
        previous = melodies.previous_pitched
        leaps = (previous != NO_PITCH) & ((tokens - previous).abs() > STEP)
        paid = at_steps(struck, tokens) + at_steps(leapt, tokens) * leaps
        onto = at_steps(held, melodies.sounding) * (tokens == HOLD)
        return melodies.zero_beyond(paid + onto)


def at_steps(table: Tensor, tokens: Tensor) -> Tensor:
    """(B, T): what a table (T, V) has at each step for the token (B, T) there."""
    first = torch.arange(0, table.numel(), table.shape[1], device=table.device)  # of each step
    return table.flatten().index_select(0, (first + tokens).flatten()).view_as(tokens)


@lru_cache(maxsize=64)
def chord_tables(rule: Chords, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Three (T, V) float64: what tokens pay that begin, are held on, or are leapt to at a step."""
    meter = Meter.or_common(rule.meter)
    struck, held, leapt = torch.zeros(3, steps, VOCAB_SIZE, dtype=torch.float64)
    beats = {meter.beat_at(place)[0] for place in range(meter.steps)}
    pitches = (torch.arange(FIRST_NOTE, VOCAB_SIZE) + PITCH_OFFSET + rule.transpose) % OCTAVE
    for span in chord_spans(parse_progression(rule.progression), meter, rule.upbeat, steps):
        tones = span.chord.tones
        by_class = [_on_beat(rule, span.chord, pitch) for pitch in range(OCTAVE)]
        on_beat = torch.tensor(by_class, dtype=torch.float64)[pitches]
        outside = torch.tensor([pitch not in tones for pitch in range(OCTAVE)])[pitches]
        held[span.first, FIRST_NOTE:] = on_beat.clamp(max=0)
        for step in range(span.first, span.last):
            if (step - rule.upbeat) % meter.steps in beats:
                struck[step, FIRST_NOTE:] = on_beat
            else:
                leapt[step, FIRST_NOTE:] = rule.leapt * outside
    return struck, held, leapt


def _on_beat(rule: Chords, chord: Chord, pitch: int) -> float:
    if pitch in chord.tones:
        return rule.chord_tone
    return rule.avoid if pitch in chord.avoided else rule.other
