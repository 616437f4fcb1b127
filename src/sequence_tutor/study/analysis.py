"""The analysis of a study: shares, Bradley-Terry scores and tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray

from sequence_tutor.estimates import NORMAL_REACH, UNDEFINED, Estimate, finite_or_none, wilson
from sequence_tutor.study.answers import Listener
from sequence_tutor.study.design import Study
from sequence_tutor.study.differences import (
    PERMUTATIONS,
    Difference,
    holm,
    kruskal_wallis,
    mann_whitney,
    rank_biserial,
)
from sequence_tutor.study.ratings import Attention, Ratings, attentive_ratings

TOLERANCE = 1e-12  # of log strengths, between two rounds
MOST_ROUNDS = 100_000
_NAMES = {"score": "bradley_terry", "effect": "rank_biserial"}  # in JSON


@dataclass(frozen=True)
class Standing:
    """The result of one model."""

    model: str  # its name
    comparisons: int  # answers about it
    wins: int  # answers that chose it
    share: Estimate  # wins / comparisons with Wilson's interval
    mean_rating: float  # from one to five; NaN without answers
    score: Estimate  # Bradley-Terry


@dataclass(frozen=True)
class Contrast:
    """The comparison of two models."""

    a: str  # their names
    b: str
    test: Difference  # Mann and Whitney's
    p_holm: float  # `test.p`, corrected for all contrasts; `p_permutation_holm` likewise
    p_permutation_holm: float
    effect: float  # rank-biserial effect size, positive if a is rated higher
    wins: int  # of a over b
    comparisons: int  # of a with b


@dataclass(frozen=True)
class Analysis:
    """The whole result of a study."""

    ratings: int
    attention: Attention
    overall: Difference
    degrees_of_freedom: int
    standings: tuple[Standing, ...]
    contrasts: tuple[Contrast, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain JSON; null for undefined values."""
        return {
            "ratings": self.ratings,
            "attention": asdict(self.attention),
            "kruskal_wallis": {
                "degrees_of_freedom": self.degrees_of_freedom,
                **_fields(self.overall),
            },
            "models": [_fields(one) for one in self.standings],
            "mann_whitney": [_fields(one) for one in self.contrasts],
        }


def analyse(
    study: Study,
    listeners: Sequence[Listener],
    *,
    allowed_failures: int = 0,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
) -> Analysis:
    """Count, compare and test, with so many permutations.

    Listeners count who fail at most `allowed_failures` attention checks.

    Raises:
        UserError: there are no answers to analyse.
    """
    ratings, attention = attentive_ratings(study, listeners, allowed_failures)
    generator = np.random.default_rng(seed)
    standings = _standings(ratings)
    return Analysis(
        ratings=len(ratings),
        attention=attention,
        overall=kruskal_wallis(ratings, generator, permutations),
        degrees_of_freedom=sum(one.comparisons > 0 for one in standings) - 1,
        standings=standings,
        contrasts=_contrasts(ratings, generator, permutations),
    )


def _standings(ratings: Ratings) -> tuple[Standing, ...]:
    table = ratings.wins
    scores = bradley_terry(table)
    found = []
    for place, model in enumerate(ratings.models):
        wins, given = int(table[place].sum()), ratings.of(place)
        share = wilson(wins / max(len(given), 1), len(given))
        mean = float(given.mean()) if len(given) else math.nan
        found.append(Standing(model, len(given), wins, share, mean, scores[place]))
    return tuple(found)


def _contrasts(
    ratings: Ratings, generator: np.random.Generator, permutations: int
) -> tuple[Contrast, ...]:
    models, table = ratings.models, ratings.wins
    places = [(a, b) for a in range(len(models)) for b in range(a + 1, len(models))]
    tests = [mann_whitney(ratings, a, b, generator, permutations) for a, b in places]
    corrected = holm([test.p for test in tests])
    dealt = holm([test.p_permutation for test in tests])
    return tuple(
        Contrast(
            a=models[a],
            b=models[b],
            test=test,
            p_holm=corrected[place],
            p_permutation_holm=dealt[place],
            effect=rank_biserial(test.statistic, len(ratings.of(a)), len(ratings.of(b))),
            wins=int(table[a, b]),
            comparisons=int(table[a, b] + table[b, a]),
        )
        for place, ((a, b), test) in enumerate(zip(places, tests, strict=True))
    )


def _fields(one: Standing | Contrast | Difference) -> dict[str, Any]:
    """The fields as JSON, those of a test among the others."""
    row: dict[str, Any] = {}
    for field in fields(one):
        name, value = _NAMES.get(field.name, field.name), getattr(one, field.name)
        if isinstance(value, Difference):
            row |= _fields(value)
        elif isinstance(value, Estimate):
            row[name] = value.to_json()
        else:
            row[name] = finite_or_none(value) if isinstance(value, float) else value
    return row


def bradley_terry(wins: NDArray[np.float64]) -> list[Estimate]:
    """Maximum-likelihood log strengths s, centred, with Wald's 95 % intervals.

    The chance that a is preferred to b is sigma(s_a - s_b). Source: the minorisation-maximisation
    rounds of Hunter, MM algorithms for generalized Bradley-Terry models, 2004,
    https://doi.org/10.1214/aos/1079120141, eq. 3; the standard errors are those of the inverse
    Fisher information of centred strengths.

    Args:
        wins: (K, K), how often row beat column.

    Returns:
        K scores; all undefined if the models fall into two groups of which one never lost to the
        other, because the likelihood then has no maximum (Hunter's assumption 1).
    """
    if wins.ndim != 2 or wins.shape[0] != wins.shape[1]:
        raise ValueError(f"wins must be (K, K), got {wins.shape}")
    models = len(wins)
    groups, _ = scipy.sparse.csgraph.connected_components(wins > 0, connection="strong")
    if groups > 1:
        return [UNDEFINED] * models
    games = wins + wins.T  # (K, K)
    scores = np.zeros(models)
    for _ in range(MOST_ROUNDS):
        strengths = np.exp(scores)
        rates = games / (strengths[:, None] + strengths)  # (K, K)
        updated = np.log(wins.sum(1) / rates.sum(1))
        updated -= updated.mean()
        moved = np.abs(updated - scores).max()
        scores = updated
        if moved < TOLERANCE:
            break
    chance = scipy.special.expit(scores[:, None] - scores[None])  # (K, K), row beats column
    weights = games * chance * (1 - chance)
    information = np.diag(weights.sum(1)) - weights
    spreads = np.sqrt(np.diag(np.linalg.pinv(information)))
    reach = NORMAL_REACH * spreads
    return [
        Estimate(float(s), float(s - r), float(s + r)) for s, r in zip(scores, reach, strict=True)
    ]
