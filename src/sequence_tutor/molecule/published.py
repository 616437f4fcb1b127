"""Published figures.

Sources:
    Jaques et al., Sequence Tutor: Conservative Fine-Tuning of Sequence Generation Models with
    KL-control, ICML 2017 (arXiv:1611.02796), Table 2: 100,000 molecules in each column; the
    training data of its prior is not named. Shares are fractions.
    Polykovskiy et al., Molecular Sets (MOSES), Frontiers in Pharmacology 2020 (arXiv:1811.12823):
    its CharRNN, the mean of three seeds, 30,000 molecules each, against the MOSES test set. Figures
    of other data, such as ZINC250k, are not comparable to the last digit.
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

MOSES_CHAR_RNN: dict[str, float] = {
    "valid": 0.9748,
    "unique@1k": 1.0,
    "unique@10k": 0.9994,
    "IntDiv": 0.8562,
    "IntDiv2": 0.8503,
    "novelty": 0.8419,
    "SNN": 0.6015,
    "Frag": 0.9998,
    "Scaf": 0.9242,
}
"""Statistic, as in `distribution` -> value of the CharRNN of MOSES."""
