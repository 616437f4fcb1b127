"""The numbers that a reward's terms are made of, by name, and which way each of them improves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sequence_tutor.domain import Better
from sequence_tutor.molecule.scoring.transforms import Identity, direction
from sequence_tutor.molecule.terms import SA, LogP, Qed, Ring, Term, Valid

ROWS_OF_TERMS: Mapping[type[Term], str] = {
    LogP: "mean_logp",
    Qed: "mean_qed",
    SA: "mean_sa_penalty",
    Ring: "mean_ring_penalty",
}
"""Terms whose number is a row of Table 2 -> the row."""


def transformed(terms: Mapping[str, Term]) -> tuple[str, ...]:
    """Those terms whose score is another number than the raw one."""
    return tuple(name for name, term in terms.items() if not isinstance(term.transform, Identity))


def numbers_by_name(
    terms: Mapping[str, Term], raw: NDArray[np.float64], scores: NDArray[np.float64]
) -> dict[str, Tensor]:
    """The numbers of every term, and as `NAME_score` the scores of those with a transform.

    What is 1 for every molecule is left out.

    Args:
        terms: by name.
        raw: (B, K) of them.
        scores: (B, K).

    Returns:
        Name -> (B,).
    """
    found: dict[str, Tensor] = {}
    for column, (name, term) in enumerate(terms.items()):
        if not isinstance(term, Valid):
            found[name] = torch.from_numpy(raw[:, column])
        if not isinstance(term.transform, Identity):
            found[f"{name}_score"] = torch.from_numpy(scores[:, column])
    return found


def better_by(terms: Mapping[str, Term], weights: Iterable[float]) -> dict[str, Better | None]:
    """Which way the mean of each term's number, and of its score, improves; None: neither way.

    The rows of Table 2 that no term asks for improve neither way.

    Args:
        terms: by name.
        weights: of the terms, in their order.
    """
    found: dict[str, Better | None] = dict.fromkeys(ROWS_OF_TERMS.values())
    for (name, term), weight in zip(terms.items(), weights, strict=True):
        for row in (f"mean_{name}", ROWS_OF_TERMS.get(type(term), f"mean_{name}")):
            found[row] = _better(direction(term.transform) * weight)
        found[f"mean_{name}_score"] = _better(weight)
    return found


def _better(slope: float) -> Better | None:
    if not slope:
        return None
    return "higher" if slope > 0 else "lower"
