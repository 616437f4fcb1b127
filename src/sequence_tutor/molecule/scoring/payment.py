"""What the scores of molecules pay: each its own term, or all of them one; and the penalties."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.domain import Better
from sequence_tutor.molecule.scoring.aggregation import (
    JOINED,
    NEEDS_POSITIVE,
    Aggregation,
    aggregate,
    refuse_scores,
    refuse_weights,
)
from sequence_tutor.molecule.scoring.diversity import Diversity
from sequence_tutor.molecule.scoring.transforms import direction
from sequence_tutor.molecule.terms import SA, LogP, MoleculeRecord, Qed, Ring, Term, Valid
from sequence_tutor.reward.weighted import weights_in_words

SCORE = "score"
"""The one term that is learned from where scores are not summed."""

INVALID = "invalid"
"""The term that is 1 for a sequence that is no molecule or could not be scored."""

ROWS_OF_TERMS: Mapping[type[Term], str] = {
    LogP: "mean_logp",
    Qed: "mean_qed",
    SA: "mean_sa_penalty",
    Ring: "mean_ring_penalty",
}
"""Terms whose mean is a row of Table 2 -> the row."""


class Payment:
    """Pays B molecules R terms by their K scores.

    With the aggregation `sum`, as in the paper, every score is a term that is learned from. A mean
    or a product is the term `score`, of weight 1, beside which the scores that it is made of are
    terms of weight 0: see `reward.protocol.Aggregates`. Diversity penalties are terms of their own
    in either case, and so is `invalid` where it has a weight.

    Args:
        terms: name -> each of the K terms.
        weights: name -> weight of each.
        aggregation: how scores become one.
        invalid: weight of `invalid`.
        diversity: the penalties and their memory; None: none.

    Attributes:
        is_sum: whether every score is a term that is learned from.

    Raises:
        UserError: the aggregation takes no negative weights.
    """

    def __init__(
        self,
        terms: Mapping[str, Term],
        weights: Mapping[str, float],
        *,
        aggregation: Aggregation = "sum",
        invalid: float = 0.0,
        diversity: Diversity | None = None,
    ) -> None:
        self.is_sum = aggregation == "sum"
        if not self.is_sum:
            refuse_weights(aggregation, weights)
        self.diversity = diversity
        self._terms, self._aggregation = terms, aggregation
        self._term_weights = np.array([weights[name] for name in terms], dtype=np.float64)
        learned = {name: weights[name] if self.is_sum else 0.0 for name in terms}
        learned |= {} if self.is_sum else {SCORE: 1.0}
        penalties = diversity.settings.weights if diversity else {}
        self._paid = {**learned, **penalties, **({INVALID: invalid} if invalid else {})}

    @property
    def names(self) -> tuple[str, ...]:
        """The R terms that are learned from: scores, their aggregate, penalties, `invalid`."""
        return tuple(self._paid)

    @property
    def weights(self) -> NDArray[np.float64]:
        """(R,): the weight of each."""
        return np.array(list(self._paid.values()), dtype=np.float64)

    @property
    def _by_term(self) -> dict[str, float]:
        """Term -> its weight in the sum, the mean or the product."""
        return dict(zip(self._terms, self._term_weights.tolist(), strict=True))

    @property
    def shares(self) -> Mapping[str, float]:
        """The weights of a mean or a product; empty where scores are summed."""
        return {} if self.is_sum else self._by_term

    def share(self, shares: Mapping[str, float]) -> None:
        """Give the scores other weights in the mean or product; see `reward.protocol.Aggregates`.

        Raises:
            UserError: a weight is below 0.
        """
        refuse_weights(self._aggregation, shares)
        self._term_weights = np.array([shares[name] for name in self._terms], dtype=np.float64)

    def __call__(
        self,
        records: Sequence[MoleculeRecord],
        scored: NDArray[np.bool_],
        scores: NDArray[np.float64],
        left_out: Collection[str],
    ) -> NDArray[np.float64]:
        """(B, R): what each term pays.

        Args:
            records: of each molecule.
            scored: (B,): whether it is a molecule and every term has a number.
            scores: (B, K), NaN where there is none.
            left_out: terms that are not computed now, and pay 0.

        Raises:
            UserError: a score is below 0 where a geometric mean or a product is asked for.
        """
        if self._aggregation in NEEDS_POSITIVE:
            refuse_scores(self._aggregation, tuple(self._terms), scores)
        parts = [scores]
        if not self.is_sum:
            parts.append(self.aggregate(scores, left_out)[:, None])
        if self.diversity:
            parts.append(self.diversity(records))
        paid = np.where(scored[:, None], np.concatenate(parts, axis=1), 0.0)
        paid[:, [name in left_out for name in self.names[: paid.shape[1]]]] = 0.0
        if INVALID in self._paid:
            paid = np.concatenate([paid, ~scored[:, None]], axis=1)
        return paid

    def aggregate(
        self, scores: NDArray[np.float64], left_out: Collection[str]
    ) -> NDArray[np.float64]:
        """(B,): one score for each row of (B, K), of the terms with a weight that are known."""
        used = [weight != 0 and name not in left_out for name, weight in self._by_term.items()]
        return aggregate(self._aggregation, scores[:, used], self._term_weights[used])

    @property
    def better(self) -> Mapping[str, Better | None]:
        """Which way the mean of each term's number and score improves.

        The rows of Table 2 that belong to no term of the reward improve in neither direction.
        """
        ways: dict[str, Better | None] = dict.fromkeys(ROWS_OF_TERMS.values())
        for name, weight in self._by_term.items():
            term = self._terms[name]
            for row in (f"mean_{name}", ROWS_OF_TERMS.get(type(term), f"mean_{name}")):
                ways[row] = _better(direction(term.transform) * weight)
            ways[f"mean_{name}_score"] = _better(weight)
        return ways

    @property
    def wanted(self) -> Mapping[str, float]:
        """Term -> 1 if a higher score is paid more, -1 if a lower one is; without `valid`."""
        signs = {name: float(np.sign(weight)) for name, weight in self._by_term.items()}
        return {
            name: sign
            for name, sign in signs.items()
            if sign and not isinstance(self._terms[name], Valid)
        }

    def describe(self) -> str:
        """The terms and their weights, how they are aggregated, and the other penalties."""
        others = {
            name: weight
            for name, weight in self._paid.items()
            if name not in self._terms and (name != SCORE or self.is_sum)
        }
        words = f"{JOINED[self._aggregation]}{weights_in_words(self._by_term)}"
        return words + (f"; {weights_in_words(others)}" if others else "")


def _better(slope: float) -> Better | None:
    return ("higher" if slope > 0 else "lower") if slope else None
