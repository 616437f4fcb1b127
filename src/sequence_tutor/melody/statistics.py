"""The statistics of Table 1, streaming: any number of melodies in the memory of one batch.

Source: Jaques et al., Sequence Tutor (arXiv:1611.02796), Table 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.domain import Figure
from sequence_tutor.estimates import Estimate, Mean, Proportion, ShareOfSteps
from sequence_tutor.melody.rules import Leap, Motif, RepeatedMotif, Repetition
from sequence_tutor.melody.rules.pitches import out_of_key, unique_extrema
from sequence_tutor.melody.rules.repetition import correlations
from sequence_tutor.melody.scales import C_MAJOR, Key
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch

LAGS = (1, 2, 3)

FIGURES: dict[str, Figure] = {
    **dict.fromkeys(("repeated_notes", "notes_not_in_key"), Figure("lower", True, "sixteenths")),
    **{f"autocorrelation_lag{lag}": Figure("nearer 0") for lag in LAGS},
    **dict.fromkeys(("starts_with_tonic", "leaps_resolved"), Figure("higher", True)),
    **dict.fromkeys(("unique_max_note", "unique_min_note"), Figure("higher", True)),
    **dict.fromkeys(
        ("notes_in_motif", "notes_in_repeated_motif"), Figure("higher", True, "sixteenths")
    ),
}
"""How each row is shown; those that count notes are shares of all sixteenths, holds and rests
included, as published."""


class MelodyStatistics:
    """Gathers the rows of Table 1 over batches of melodies.

    The definitions are the published ones, whatever weights and constants a reward has; only the
    key may be another.
    """

    def __init__(self, key: Key = C_MAJOR) -> None:
        self._key = key
        self._repeated = ShareOfSteps()
        self._autocorrelation = {lag: Mean() for lag in LAGS}
        self._off_key = ShareOfSteps()
        self._tonic = Proportion()
        self._leaps = ShareOfSteps()
        self._unique_max = Proportion()
        self._unique_min = Proportion()
        self._motif = ShareOfSteps()
        self._repeated_motif = ShareOfSteps()

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        counts = melody_counts(Melodies(batch, self._key))
        steps = batch.lengths
        self._repeated.update(counts["repeated_notes"], steps)
        self._off_key.update(counts["notes_not_in_key"], steps)
        self._motif.update(counts["notes_in_motif"], steps)
        self._repeated_motif.update(counts["notes_in_repeated_motif"], steps)
        self._tonic.update(counts["starts_with_tonic"])
        self._unique_max.update(counts["unique_max_note"])
        self._unique_min.update(counts["unique_min_note"])
        resolved, doubled = counts["leaps_resolved"], counts["leaps_doubled"]
        self._leaps.update(resolved, resolved + doubled)
        for lag, mean in self._autocorrelation.items():
            r = counts[f"autocorrelation_lag{lag}"]
            mean.update(r[~r.isnan()])

    def result(self) -> dict[str, Estimate]:
        """Every row so far, as shares of 1 and plain correlations."""
        return {
            "repeated_notes": self._repeated.estimate(),
            **{
                f"autocorrelation_lag{lag}": mean.estimate()
                for lag, mean in self._autocorrelation.items()
            },
            "notes_not_in_key": self._off_key.estimate(),
            "starts_with_tonic": self._tonic.estimate(),
            "leaps_resolved": self._leaps.estimate(),
            "unique_max_note": self._unique_max.estimate(),
            "unique_min_note": self._unique_min.estimate(),
            "notes_in_motif": self._motif.estimate(),
            "notes_in_repeated_motif": self._repeated_motif.estimate(),
        }


def melody_counts(melodies: Melodies) -> dict[str, Tensor]:
    """What the rows are made of, melody by melody.

    Returns:
        name -> (B,): steps counted (int64), properties (bool), and the signed autocorrelation of
        the whole melody (float64, NaN where it is constant).
    """
    resolved, doubled = Leap().outcomes(melodies)
    unique_max, unique_min = unique_extrema(melodies)
    motif = Motif()
    fires = {
        "repeated_notes": Repetition().excessive(melodies),
        "notes_not_in_key": out_of_key(melodies),
        "leaps_resolved": resolved,
        "leaps_doubled": doubled,
        "notes_in_motif": melodies.distinct_pitched(motif.window) >= motif.distinct,
        "notes_in_repeated_motif": RepeatedMotif().fires(melodies),
    }
    return {
        **{name: (fired & melodies.mask).sum(dim=1) for name, fired in fires.items()},
        "starts_with_tonic": melodies.tokens[:, 0] == melodies.key.tonic_token,
        "unique_max_note": unique_max,
        "unique_min_note": unique_min,
        **_whole_correlations(melodies),
    }


def _whole_correlations(melodies: Melodies) -> dict[str, Tensor]:
    rows = torch.arange(len(melodies.tokens), device=melodies.tokens.device)
    last = melodies.lengths - 1  # (B,)
    so_far = correlations(melodies, LAGS)
    return {f"autocorrelation_lag{lag}": r[rows, last] for lag, r in zip(LAGS, so_far, strict=True)}
