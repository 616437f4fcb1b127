"""The published columns of Table 1, to stand beside ours.

Source: Jaques et al., Sequence Tutor: Conservative Fine-Tuning of Sequence Generation Models with
KL-control, ICML 2017 (arXiv:1611.02796), Table 1: 100,000 melodies a column. Shares are of 1.

The repeated notes of the Note RNN are not comparable: the released network writes a hold as 0 and
a rest as 1, the released rules read them the other way round, so a note held for three steps is
counted as three rests.
"""

from __future__ import annotations

ROWS = (
    "repeated_notes",
    "autocorrelation_lag1",
    "autocorrelation_lag2",
    "autocorrelation_lag3",
    "notes_not_in_key",
    "starts_with_tonic",
    "leaps_resolved",
    "unique_max_note",
    "unique_min_note",
    "notes_in_motif",
    "notes_in_repeated_motif",
)

_COLUMNS = {
    "Note RNN": (0.633, -0.16, 0.14, -0.13, 0.001, 0.009, 0.772, 0.647, 0.494, 0.059, 0.00007),
    "Q": (0.0, -0.11, 0.03, 0.03, 0.01, 0.288, 0.911, 0.564, 0.519, 0.757, 0.0011),
    "Psi": (0.0002, -0.10, -0.01, 0.01, 0.006, 0.287, 0.9, 0.594, 0.583, 0.738, 0.0009),
    "G": (0.0003, 0.55, 0.31, 0.17, 0.287, 0.0, 0.522, 0.371, 0.565, 0.693, 0.0001),
}

PUBLISHED: dict[str, dict[str, float]] = {
    column: dict(zip(ROWS, values, strict=True)) for column, values in _COLUMNS.items()
}
"""Column name -> row name -> value."""
