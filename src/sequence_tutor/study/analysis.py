"""Everything that the answers of a study say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sequence_tutor.estimates import Estimate, finite_or_none, wilson
from sequence_tutor.study.answers import Listener
from sequence_tutor.study.bradley_terry import bradley_terry
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


@dataclass(frozen=True)
class Standing:
    """How one model fared.

    Attributes:
        model: its name.
        comparisons: answers that it is in.
        wins: those in which it was chosen.
        share: wins / comparisons with Wilson's interval.
        mean_rating: of one to five; NaN without answers.
        score: Bradley-Terry.
    """

    model: str
    comparisons: int
    wins: int
    share: Estimate
    mean_rating: float
    score: Estimate


@dataclass(frozen=True)
class Contrast:
    """Two models beside each other.

    Attributes:
        a, b: their names.
        test: Mann and Whitney's.
        p_holm: `test.p`, corrected for all contrasts; `p_permutation_holm` likewise.
        effect: rank-biserial, above 0 where a is rated higher.
        wins: of a over b; `comparisons`: of a with b.
    """

    a: str
    b: str
    test: Difference
    p_holm: float
    p_permutation_holm: float
    effect: float
    wins: int
    comparisons: int


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
        """Everything as plain JSON; null in place of what is undefined."""
        overall = {"degrees_of_freedom": self.degrees_of_freedom, **_test_json(self.overall)}
        return {
            "ratings": self.ratings,
            "attention": asdict(self.attention),
            "kruskal_wallis": overall,
            "models": [
                {
                    "model": one.model,
                    "comparisons": one.comparisons,
                    "wins": one.wins,
                    "share": one.share.to_json(),
                    "mean_rating": finite_or_none(one.mean_rating),
                    "bradley_terry": one.score.to_json(),
                }
                for one in self.standings
            ],
            "mann_whitney": [
                {
                    "a": one.a,
                    "b": one.b,
                    **_test_json(one.test),
                    "p_holm": finite_or_none(one.p_holm),
                    "p_permutation_holm": finite_or_none(one.p_permutation_holm),
                    "rank_biserial": finite_or_none(one.effect),
                    "wins": one.wins,
                    "comparisons": one.comparisons,
                }
                for one in self.contrasts
            ],
        }


def analyse(
    study: Study,
    listeners: Sequence[Listener],
    *,
    allowed_failures: int = 0,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
) -> Analysis:
    """Count, compare and test.

    Args:
        study: what was asked.
        listeners: who answered what.
        allowed_failures: attention checks a listener may fail and still count.
        seed: of the permutations.
        permutations: how many.

    Raises:
        UserError: nothing is there to analyse.
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


def _test_json(test: Difference) -> dict[str, float | None]:
    return {name: finite_or_none(value) for name, value in asdict(test).items()}
