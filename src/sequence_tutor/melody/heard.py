"""What a listener notices of melodies beside the rows of Table 1.

Where notes start, how a melody begins and ends, how far it moves, what comes back. Functions give
counts melody by melody, see `domain.rows.Counts`, or step by step where a later step cannot change
them, see `domain.rows.StepCounts`.
"""

from __future__ import annotations

from itertools import accumulate

import torch
from torch import Tensor

from sequence_tutor.domain.fingerprints import GRID, WINDOW, are_among
from sequence_tutor.domain.rows import (
    Counts,
    StepCounts,
    having,
    numbers,
    ratio,
    steps_having,
)
from sequence_tutor.melody.encoding import FIRST_NOTE, VOCAB_SIZE
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.rules import RepeatedMotif
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.view import NO_PITCH, Melodies
from sequence_tutor.sequences import SequenceBatch

LOOP = 0.5
"""Share of the steps of a melody in repeated motifs, above which it is a loop."""


def returns(melodies: Melodies, repeated: Tensor) -> dict[str, StepCounts]:
    """`motif_comes_back`: the share of melodies in which any motif does.

    Args:
        melodies: B of them.
        repeated: (B, T) bool: the steps that `RepeatedMotif` pays.
    """
    back = repeated & (repeated.cumsum(1) == 1)  # (B, T): the first of these steps
    return {"motif_comes_back": StepCounts(back.float(), melodies.batch.last.float())}


def loops(melodies: Melodies, repeated: Tensor) -> dict[str, Counts]:
    """`loops`: the share of melodies in which more than half of the steps repeat a motif.

    Args:
        melodies: B of them.
        repeated: (B,) steps of each that `RepeatedMotif` pays.
    """
    return {"loops": having(repeated > LOOP * melodies.lengths)}


def onsets(melodies: Melodies, meter: Meter) -> dict[str, StepCounts]:
    """Where notes start: on eighths, on beats, and how many of them there are in a bar."""
    starts = melodies.is_pitched & melodies.mask  # (B, T)
    place = torch.arange(starts.shape[1], device=starts.device) % meter.steps  # (T,)
    beats = torch.tensor([*accumulate(meter.beats, initial=0)], device=starts.device)
    return {
        "onsets_on_eighths": steps_having(place % 2 == 0, starts),
        "onsets_on_beats": steps_having(torch.isin(place, beats), starts),
        "notes_per_bar": StepCounts(meter.steps * starts.float(), melodies.mask.float()),
    }


def beginnings(melodies: Melodies) -> dict[str, StepCounts]:
    """Whether the first note is the tonic of any octave; a melody without notes: no."""
    starts = melodies.is_pitched & melodies.mask  # (B, T)
    first = starts & (starts.cumsum(1) == 1)
    tonic = first & _is_tonic(melodies.tokens, melodies.key)
    return {"first_note_is_tonic": StepCounts(tonic.float(), melodies.batch.last.float())}


def endings(melodies: Melodies) -> dict[str, Counts]:
    """Whether the last note is the tonic of any octave; a melody without notes: no."""
    starts = melodies.is_pitched & melodies.mask  # (B, T)
    steps = torch.arange(starts.shape[1], device=starts.device)
    last = melodies.tokens.gather(1, (steps * starts).amax(1, keepdim=True)).squeeze(1)  # (B,)
    return {"last_note_is_tonic": having(_is_tonic(last, melodies.key) & starts.any(1))}


def movement(melodies: Melodies) -> dict[str, Counts]:
    """How far a melody moves: mean interval, and from its lowest to its highest note."""
    tokens, starts = melodies.tokens, melodies.is_pitched & melodies.mask
    previous = melodies.previous_pitched
    follows = starts & (previous != NO_PITCH)  # (B, T)
    distance = (tokens - previous).abs().where(follows, 0)
    highest = tokens.where(starts, -VOCAB_SIZE).amax(1)
    lowest = tokens.where(starts, 2 * VOCAB_SIZE).amin(1)
    width = (highest - lowest).double().where(starts.any(1), torch.nan)
    return {
        "semitones_per_interval": ratio(distance.sum(1), follows.sum(1)),
        "range_in_semitones": numbers(width),
    }


def from_training(batch: SequenceBatch, windows: Tensor) -> dict[str, Counts]:
    """Shares of the stretches of two and of four bars of 4/4 that stand in the training tunes.

    Stretches begin at bar lines, there and here. One of four bars counts if all three stretches of
    two bars in it are there, which is at least as often as the four bars are.

    Args:
        batch: of melodies.
        windows: sorted fingerprints of the training data, see `domain.fingerprints`.
    """
    stretches = batch.tokens.shape[1] // GRID - WINDOW // GRID + 1
    if stretches <= 0:
        nothing = torch.zeros(len(batch), device=batch.tokens.device)
        return dict.fromkeys(TRAINING_ROWS, ratio(nothing, nothing))
    pieces = batch.tokens.unfold(1, WINDOW, GRID)  # (B, S, 32)
    last = GRID * torch.arange(stretches, device=pieces.device) + WINDOW
    whole = last <= batch.lengths[:, None]  # (B, S)
    known = are_among(SequenceBatch.full(pieces.reshape(-1, WINDOW)), windows)
    two = known.view(whole.shape) & whole
    four, four_whole = _runs(two), _runs(whole)
    return {
        "two_bars_from_training": ratio(two.sum(1), whole.sum(1)),
        "four_bars_from_training": ratio(four.sum(1), four_whole.sum(1)),
    }


TRAINING_ROWS = ("two_bars_from_training", "four_bars_from_training")


def intervals(melodies: Melodies) -> Tensor:
    """(N,) signed semitones between neighbouring notes of all melodies."""
    follows = melodies.is_pitched & melodies.mask & (melodies.previous_pitched != NO_PITCH)
    steps: Tensor = (melodies.tokens - melodies.previous_pitched)[follows]
    return steps


def durations(melodies: Melodies) -> Tensor:
    """(N,) sixteenths of every note, up to the next note or rest, or to the end."""
    tokens, mask = melodies.tokens, melodies.mask
    events = (tokens != 1) | ~mask  # (B, T): a note or a rest starts, or the melody is over
    steps = torch.arange(tokens.shape[1], device=tokens.device)
    none = tokens.shape[1]
    at = torch.where(events, steps, none)
    upcoming = torch.full_like(at, none)
    upcoming[:, :-1] = at.flip(1).cummin(1).values.flip(1)[:, 1:]  # (B, T): the next event
    lengths: Tensor = (upcoming.minimum(melodies.lengths[:, None]) - steps)[
        melodies.is_pitched & mask
    ]
    return lengths


def repeated_steps(melodies: Melodies) -> Tensor:
    """(B, T) bool: the steps that complete a motif heard before."""
    return RepeatedMotif().fires(melodies) & melodies.mask


def _runs(stretches: Tensor) -> Tensor:
    """(B, max(S - 2, 0)): three stretches of two bars in a row, each a bar after the last."""
    return stretches[:, :-2] & stretches[:, 1:-1] & stretches[:, 2:]


def _is_tonic(tokens: Tensor, key: Key) -> Tensor:
    tonics = torch.tensor(sorted(key.tonics), device=tokens.device)
    return torch.isin(tokens, tonics) & (tokens >= FIRST_NOTE)
