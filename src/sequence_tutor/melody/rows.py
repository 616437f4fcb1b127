"""The rows of Table 1 and those of what is heard beside it, melody by melody.

Source of the former: Jaques et al., Sequence Tutor (arXiv:1611.02796), Table 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from sequence_tutor.domain.fingerprints import GRID
from sequence_tutor.domain.rows import (
    SHARE,
    SHARE_OF_STEPS,
    Counts,
    RowRange,
    StepCounts,
    decided,
    having,
    numbers,
    steps_having,
)
from sequence_tutor.melody.encoding import FIRST_NOTE, VOCAB_SIZE
from sequence_tutor.melody.heard import (
    TRAINING_ROWS,
    beginnings,
    endings,
    from_training,
    loops,
    movement,
    onsets,
    repeated_steps,
    returns,
)
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.rules import Leap, Motif, Repetition
from sequence_tutor.melody.rules.pitches import out_of_key, unique_extrema
from sequence_tutor.melody.rules.repetition import correlations
from sequence_tutor.melody.scales import C_MAJOR, Key
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch

LAGS = (1, 2, 3)

TABLE_1: dict[str, RowRange] = {
    "repeated_notes": SHARE_OF_STEPS,
    **{f"autocorrelation_lag{lag}": RowRange(-1.0, 1.0) for lag in LAGS},
    "notes_not_in_key": SHARE_OF_STEPS,
    "starts_with_tonic": SHARE,
    "leaps_resolved": SHARE_OF_STEPS,
    "unique_max_note": SHARE,
    "unique_min_note": SHARE,
    "notes_in_motif": SHARE_OF_STEPS,
    "notes_in_repeated_motif": SHARE_OF_STEPS,
}
"""The published rows, in their order."""

HEARD: dict[str, RowRange] = {
    "motif_comes_back": SHARE,
    "loops": SHARE,
    "onsets_on_eighths": SHARE_OF_STEPS,
    "onsets_on_beats": SHARE_OF_STEPS,
    "first_note_is_tonic": SHARE,
    "last_note_is_tonic": SHARE,
    "notes_per_bar": RowRange(low=0.0, kind="ratio"),
    "semitones_per_interval": RowRange(0.0, VOCAB_SIZE - 1 - FIRST_NOTE, "ratio"),
    "range_in_semitones": RowRange(0.0, VOCAB_SIZE - 1 - FIRST_NOTE),
}
"""The rows beside them."""


class MelodyRows:
    """Counts both, and stretches of the training tunes where these are known.

    Satisfies `domain.rows.RowsByStep`. The definitions of Table 1 are the published ones, whatever
    weights and constants a reward has; only the key may be another.

    Args:
        key: that melodies are judged in.
        meter: of their bars, the first of which begins at step 0.
        windows: sorted fingerprints of the training tunes, or None.
    """

    def __init__(
        self, key: Key = C_MAJOR, meter: Meter = COMMON, windows: Tensor | None = None
    ) -> None:
        self._key, self._meter = key, meter
        self._windows = windows if meter.steps == GRID else None

    def ranges(self) -> Mapping[str, RowRange]:
        """Those of Table 1 first."""
        of_training = replace(SHARE_OF_STEPS, of_training=True)
        known = dict.fromkeys(TRAINING_ROWS if self._windows is not None else (), of_training)
        return {**TABLE_1, **HEARD, **known}

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, Counts]:
        """What each row counts in B melodies."""
        melodies = Melodies(batch, self._key)
        by_step = self._steps(melodies)
        unique_max, unique_min = unique_extrema(melodies)
        return {
            **{name: one.sums for name, one in by_step.items()},
            "unique_max_note": having(unique_max),
            "unique_min_note": having(unique_min),
            **_whole_correlations(melodies),
            **loops(melodies, by_step["notes_in_repeated_motif"].numerators.sum(1)),
            **endings(melodies),
            **movement(melodies),
            **({} if self._windows is None else from_training(batch, self._windows)),
        }

    def steps(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, StepCounts]:
        """Where the rows count that are known before a melody ends."""
        return self._steps(Melodies(batch, self._key))

    def _steps(self, melodies: Melodies) -> dict[str, StepCounts]:
        resolved, doubled = Leap().outcomes(melodies)
        motif, mask = Motif(), melodies.mask
        repeated = repeated_steps(melodies)
        fired = {
            "repeated_notes": Repetition().excessive(melodies),
            "notes_not_in_key": out_of_key(melodies),
            "notes_in_motif": melodies.distinct_pitched(motif.window) >= motif.distinct,
            "notes_in_repeated_motif": repeated,
        }
        first = torch.zeros_like(mask)
        first[:, 0] = True
        return {
            **{name: steps_having(one, mask) for name, one in fired.items()},
            "leaps_resolved": steps_having(resolved, (resolved | doubled) & mask),
            "starts_with_tonic": decided(melodies.tokens[:, 0] == melodies.key.tonic_token, first),
            **returns(melodies, repeated),
            **onsets(melodies, self._meter),
            **beginnings(melodies),
        }


def _whole_correlations(melodies: Melodies) -> dict[str, Counts]:
    """The signed autocorrelation of each whole melody; undefined where it is constant."""
    places = torch.arange(len(melodies.tokens), device=melodies.tokens.device)
    last = melodies.lengths - 1  # (B,)
    so_far = correlations(melodies, LAGS)
    return {
        f"autocorrelation_lag{lag}": numbers(r[places, last])
        for lag, r in zip(LAGS, so_far, strict=True)
    }
