"""The statistics of melodies, streaming: any number of them in the memory of one batch."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.domain import Figure
from sequence_tutor.domain.row_statistics import RowStatistics
from sequence_tutor.estimates import Estimate, without_ends
from sequence_tutor.melody.heard import TRAINING_ROWS, durations, intervals
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.rows import LAGS, MelodyRows
from sequence_tutor.melody.scales import C_MAJOR, OCTAVE, Key
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch

FIGURES: dict[str, Figure] = {
    **dict.fromkeys(("repeated_notes", "notes_not_in_key"), Figure("lower", True, "sixteenths")),
    **{f"autocorrelation_lag{lag}": Figure("nearer 0") for lag in LAGS},
    **dict.fromkeys(("starts_with_tonic", "leaps_resolved"), Figure("higher", True)),
    **dict.fromkeys(("unique_max_note", "unique_min_note"), Figure("higher", True)),
    **dict.fromkeys(
        ("notes_in_motif", "notes_in_repeated_motif"), Figure("higher", True, "sixteenths")
    ),
    **dict.fromkeys(("motif_comes_back", "loops"), Figure(None, True, "melodies")),
    **dict.fromkeys(("onsets_on_eighths", "onsets_on_beats"), Figure(None, True, "notes")),
    **dict.fromkeys(("first_note_is_tonic", "last_note_is_tonic"), Figure("higher", True)),
    **dict.fromkeys(TRAINING_ROWS, Figure("lower", True, "stretches")),
    **dict.fromkeys(("interval_distance", "duration_distance"), Figure("lower", True)),
}
"""How each row is shown; those that count notes of Table 1 are shares of all sixteenths, holds and
rests included, as published."""

LONGEST_NOTE = 16
"""Sixteenths; longer notes are counted together."""


class MelodyStatistics:
    """Gathers the rows of `MelodyRows` over batches of melodies. Satisfies `domain.Statistics`.

    Args:
        key: that melodies are judged in.
        meter: of their bars.
        windows: sorted fingerprints of the training tunes, or None.
    """

    def __init__(
        self, key: Key = C_MAJOR, meter: Meter = COMMON, windows: Tensor | None = None
    ) -> None:
        self._rows = MelodyRows(key, meter, windows)
        self._gathered = RowStatistics(self._rows.ranges())

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        self._gathered.add(self._rows.count(batch))

    def result(self) -> dict[str, Estimate]:
        """Every row so far, as shares of 1 and plain correlations; those of Table 1 first."""
        return self._gathered.result()


class LikenessToTunes:
    """How far melodies are from real tunes in what they are made of.

    - `interval_distance`, `duration_distance`: the total variation distance, 0 alike to 1 nothing
      in common, between the histograms of intervals in semitones, those beyond an octave counted
      together, and of the notes' durations.

    Args:
        real: the real tunes.
    """

    def __init__(self, real: SequenceBatch) -> None:
        self._real, self._own = _histograms(real), _histograms(real[:0])

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        for name, counts in _histograms(batch).items():
            self._own[name] = self._own[name] + counts

    def result(self) -> dict[str, Estimate]:
        """Both distances so far, without an interval."""
        return {
            name: without_ends(_distance(own, self._real[name])) for name, own in self._own.items()
        }


def _histograms(batch: SequenceBatch) -> dict[str, Tensor]:
    """Distance's name -> (K,) float64 counts."""
    melodies = Melodies(batch)
    beyond = OCTAVE + 1
    steps = intervals(melodies).clamp(-beyond, beyond) + beyond
    held = durations(melodies).clamp(max=LONGEST_NOTE + 1)
    return {
        "interval_distance": torch.bincount(steps, minlength=2 * beyond + 1).double().cpu(),
        "duration_distance": torch.bincount(held, minlength=LONGEST_NOTE + 2).double().cpu(),
    }


def _distance(one: Tensor, other: Tensor) -> float:
    """Total variation of two histograms; NaN where one is empty."""
    return 0.5 * (one / one.sum() - other / other.sum()).abs().sum().item()
