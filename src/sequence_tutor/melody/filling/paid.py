"""What rules pay by what sounds: the part of a reward that particles can be led to.

The states are those of `sounding`. Rules on single notes, on the interval from the last one, and on
the harmony under a note are known exactly; a cadence nearly; rules on longer stretches not at all.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF, VOCAB_SIZE
from sequence_tutor.melody.filling.sounding import PITCHES, STATES, sound_of
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.rules.chords import STEP, Chords, chord_tables
from sequence_tutor.melody.rules.form import Cadence
from sequence_tutor.melody.rules.pitches import InKey, Interval, Tonic, interval_table
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.view import NO_PITCH, Rule


@lru_cache(maxsize=64)
def paid_by_state(rule: Rule, key: Key, steps: int) -> Tensor | None:
    """(T, S, V) float64: what a token is paid at each of T steps in each state.

    None: nothing of it can be told by the state.
    """
    match rule:
        case InKey():
            return _in_key(rule, key).expand(steps, STATES, -1)
        case Tonic():
            return _tonic(rule, key, steps).expand(-1, STATES, -1)
        case Interval():
            table = interval_table(rule, key).view(VOCAB_SIZE, VOCAB_SIZE)
            return table[_last_pitch()].expand(steps, -1, -1)
        case Chords():
            return _chords(rule, steps)
        case Cadence():
            return _cadence(rule, key, steps)
        case _:
            return None


def _last_pitch() -> Tensor:
    """(S,) the last pitched token of each state, or `NO_PITCH`."""
    states = torch.arange(STATES)
    last = states.where(states <= PITCHES, states - PITCHES)
    return (last + FIRST_NOTE - 1).where(last > 0, NO_PITCH)


def _in_key(rule: InKey, key: Key) -> Tensor:
    outside = torch.ones(VOCAB_SIZE, dtype=torch.float64)
    outside[list(key.tokens)] = 0
    return outside * rule.amount


def _tonic(rule: Tonic, key: Key, steps: int) -> Tensor:
    paid = torch.zeros(steps, 1, VOCAB_SIZE, dtype=torch.float64)
    into_ending = torch.arange(steps) - (steps - rule.ending)
    on_tonic = (into_ending == 0) | (torch.arange(steps) == 0)
    paid[on_tonic, :, key.tonic_token] = rule.amount
    paid[~on_tonic & (into_ending >= 1), :, HOLD] = rule.amount
    paid[~on_tonic & (into_ending > 1), :, NOTE_OFF] = rule.amount
    return paid


def _chords(rule: Chords, steps: int) -> Tensor:
    struck, held, leapt = chord_tables(rule, steps)
    last = _last_pitch()[:, None]
    leaps = (last != NO_PITCH) & ((torch.arange(VOCAB_SIZE) - last).abs() > STEP)
    paid = struck[:, None] + leapt[:, None] * leaps
    paid[:, :, HOLD] += held[:, sound_of(torch.arange(STATES))]
    return paid


def _cadence(rule: Cadence, key: Key, steps: int) -> Tensor:
    """Closed by the last pitch of a phrase; a note that begins after the beat costs at once.

    Inexact where two notes begin there, and where the pitch fell silent before the beat.
    """
    meter = Meter.or_common(rule.meter)
    paid = torch.zeros(steps, STATES, VOCAB_SIZE, dtype=torch.float64)
    tokens = torch.arange(VOCAB_SIZE)
    sounds = tokens.where(tokens >= FIRST_NOTE, _last_pitch()[:, None])  # (S, V)
    chord = torch.zeros(VOCAB_SIZE, dtype=torch.bool)
    chord[list(key.tonics | key.thirds | key.fifths)] = True
    size = rule.bars * meter.steps
    for ends in range(rule.upbeat + size, steps + 1, size):
        paid[ends - meter.beats[-1] + 1 : ends, :, FIRST_NOTE:] = rule.open - rule.closed
        paid[ends - 1] += (
            torch.full(sounds.shape, rule.open).double().masked_fill(chord[sounds], rule.closed)
        )
    return paid
