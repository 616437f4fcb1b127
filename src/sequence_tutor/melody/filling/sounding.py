"""What sounds at each step, and a small model of it: the machine that looks ahead.

A state is what sounds: nothing yet, a pitch, or silence after a pitch. The model writes a note, a
hold or a rest by the place in the bar and whether something sounds, and a note's pitch by the last
one. It is counted on melodies that the policy itself wrote.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF, VOCAB_SIZE
from sequence_tutor.sampling.guide import Machine

PITCHES = VOCAB_SIZE - FIRST_NOTE
NOTHING = 0
"""The state before the first note; 1 to 36 sound a pitch, 37 to 72 are silent after it."""
STATES = 1 + 2 * PITCHES

_PRIOR_PITCHES = 10.0
"""Counts' worth of the distribution by intervals, added to the pitches seen after a pitch."""


def state_after() -> Tensor:
    """(S, V) int64: the state that each token leads to."""
    after = torch.arange(STATES)[:, None].repeat(1, VOCAB_SIZE)
    after[:, FIRST_NOTE:] = 1 + torch.arange(PITCHES)
    sounding = torch.arange(1, 1 + PITCHES)
    after[sounding, NOTE_OFF] = sounding + PITCHES
    return after


AFTER = state_after()


def states_along(tokens: Tensor) -> Tensor:
    """(B, T + 1) states of melodies (B, T): before the first token, and after each."""
    state = torch.zeros(len(tokens), dtype=torch.int64)
    states = [state]
    for column in tokens.cpu().unbind(1):
        state = AFTER[state, column]
        states.append(state)
    return torch.stack(states, 1)


def sound_of(state: Tensor) -> Tensor:
    """The pitch that sounds in a state as a token, or 0 for silence."""
    return (state + 1).where((state > NOTHING) & (state <= PITCHES), 0)


def machine_of(melodies: Tensor, bar: int) -> Machine:
    """The model of melodies (B, T), as a policy writes them, in bars of so many steps."""
    states = states_along(melodies)[:, :-1]  # (B, T)
    tokens = melodies.cpu()
    place = (torch.arange(tokens.shape[1]) % bar).expand_as(tokens)
    sounds = (states > NOTHING).long() + (states > PITCHES).long()  # 0, 1, 2
    kinds = torch.ones(bar, 3, 3, dtype=torch.float64)  # each seen once
    index = (place.flatten(), sounds.flatten(), tokens.clamp(max=FIRST_NOTE).flatten())
    kinds.index_put_(index, torch.ones(tokens.numel(), dtype=torch.float64), accumulate=True)
    kinds = (kinds / kinds.sum(2, keepdim=True)).log()  # (P, 3, 3)
    of_pitch = _pitches_after(states, tokens)  # (37, 36)
    every = torch.arange(STATES)
    last = every.where(every <= PITCHES, every - PITCHES)  # the pitch's number, 0 for none
    by_state = (every > NOTHING).long() + (every > PITCHES).long()
    log_probs = torch.empty(bar, STATES, VOCAB_SIZE, dtype=torch.float64)
    log_probs[:, :, [NOTE_OFF, HOLD]] = kinds[:, by_state, :FIRST_NOTE]
    log_probs[:, :, FIRST_NOTE:] = kinds[:, by_state, FIRST_NOTE:] + of_pitch[last]
    return Machine(AFTER, log_probs, NOTHING)


def _pitches_after(states: Tensor, tokens: Tensor) -> Tensor:
    """(37, 36) log-probabilities of a note's pitch after the last one; row 0 is of the first."""
    starts = tokens >= FIRST_NOTE
    last = states.where(states <= PITCHES, states - PITCHES)[starts]
    pitch = tokens[starts] - FIRST_NOTE
    ones = torch.ones(len(pitch), dtype=torch.float64)
    counts = torch.zeros(1 + PITCHES, PITCHES, dtype=torch.float64)
    counts.index_put_((last, pitch), ones, accumulate=True)
    often = counts.sum(0) + 1  # (36,)
    steps = torch.ones(2 * PITCHES - 1, dtype=torch.float64)
    later = last > NOTHING
    steps.index_put_(
        (pitch[later] - (last[later] - 1) + PITCHES - 1,), ones[later], accumulate=True
    )
    distance = torch.arange(PITCHES) - torch.arange(PITCHES)[:, None] + PITCHES - 1
    backing = torch.cat([often[None], steps[distance] * often])  # (37, 36)
    backing = backing / backing.sum(1, keepdim=True)
    mixed = counts + _PRIOR_PITCHES * backing
    return (mixed / mixed.sum(1, keepdim=True)).log()
