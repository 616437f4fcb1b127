"""Published figures.

Source:
    Jaques et al., Sequence Tutor: Conservative Fine-Tuning of Sequence Generation Models with
    KL-control, ICML 2017 (arXiv:1611.02796), Table 2: 100,000 molecules in each column; the
    training data of its prior is not named. Shares are fractions.
"""

from __future__ import annotations

ROWS = ("valid", "mean_logp", "mean_qed", "mean_sa_penalty", "mean_ring_penalty")

_COLUMNS = {
    "Char RNN": (0.303, 2.07, 0.678, -2.77, -0.096),
    "Sequence Tutor": (0.358, 4.21, 0.417, -1.79, -0.001),
}

PUBLISHED: dict[str, dict[str, float]] = {
    column: dict(zip(ROWS, values, strict=True)) for column, values in _COLUMNS.items()
}
"""Table 2: column -> row -> value."""
