"""Simulated listeners: how many are needed to find a given difference.

A listener perceives of each of two clips the quality of its model, what the clip adds, and noise;
the sign of the difference decides the choice, its size the five points. The noise is logistic, so
that without the clips' contribution the choices follow the Bradley-Terry model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used
from numpy.typing import NDArray
from pydantic import Field

from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate, wilson
from sequence_tutor.study.differences import kruskal_wallis
from sequence_tutor.study.ratings import Ratings

THRESHOLDS = (0.5, 1.5)
"""Differences from which a clip is somewhat, and much, preferred."""
PERMUTATIONS = 199  # enough for the level 0.05, whose p-values are multiples of 1 / 200


class Scenario(Settings):
    """A planned study."""

    models: int = Field(4, ge=2, le=20, description="models compared")
    share: float = Field(
        0.65,
        gt=0,
        lt=1,
        description="how often the best is preferred to each of the others, which are equal",
    )
    pairs: int = Field(8, ge=1, description="clip pairs of each two models")
    rounds: int = Field(2, ge=1, description="how many of them one listener hears")
    clip_spread: float = Field(
        0.0, ge=0, description="standard deviation of what a single clip adds"
    )
    level: float = Field(0.05, gt=0, lt=1, description="significance level of the test")
    power: float = Field(0.8, gt=0, lt=1, description="probability of finding the difference")
    studies: int = Field(400, ge=10, description="simulated studies for each number of listeners")
    seed: int = Field(0, ge=0, description="seed of everything random")

    @property
    def scores(self) -> NDArray[np.float64]:
        """(K,) quality of each model; the first is the best."""
        scores = np.zeros(self.models)
        scores[0] = math.log(self.share / (1 - self.share))
        return scores


@dataclass(frozen=True)
class Power:
    """The power of a study with so many listeners."""

    listeners: int  # their number
    found: Estimate  # share of simulated studies that find the difference, with Wilson's interval
    predicted: float  # by theory, without contributions of the clips


def simulated_ratings(
    scores: Sequence[float] | NDArray[np.float64],
    listeners: int,
    pairs: int,
    rounds: int,
    clip_spread: float,
    generator: np.random.Generator,
) -> Ratings:
    """The ratings of one study.

    Each listener hears `rounds` of the `pairs` of each two models, in turn. `scores` (K,) are the
    qualities of the models, `clip_spread` the standard deviation of what a single clip adds.
    """
    strength = np.asarray(scores)
    models = len(strength)
    first, second = np.triu_indices(models, 1)  # (M,) combinations
    turns = np.arange(listeners * rounds) % pairs
    first, second, pair = (
        np.repeat(first, len(turns)),
        np.repeat(second, len(turns)),
        (np.arange(len(first))[:, None] * pairs + turns).ravel(),
    )
    clips = generator.normal(0.0, clip_spread, (pair.max() + 1, 2)) @ np.array([1.0, -1.0])
    heard = strength[first] - strength[second] + clips[pair] + generator.logistic(size=len(pair))
    size = np.searchsorted(THRESHOLDS, np.abs(heard))
    points = np.sign(heard).astype(np.int64) * size
    names = tuple(f"model {number}" for number in range(models))
    return Ratings(names, first, second, heard > 0, points, pair)


def power(scenario: Scenario, listeners: int, generator: np.random.Generator) -> Power:
    """How often the analysis finds the difference of a scenario."""
    found = 0
    for _ in range(scenario.studies):
        ratings = simulated_ratings(
            scenario.scores,
            listeners,
            scenario.pairs,
            scenario.rounds,
            scenario.clip_spread,
            generator,
        )
        test = kruskal_wallis(ratings, generator, PERMUTATIONS)
        found += test.p_permutation <= scenario.level  # NaN, of equal ratings, finds nothing
    share = wilson(found / scenario.studies, scenario.studies)
    return Power(listeners, share, predicted_power(scenario, listeners))


def predicted_power(scenario: Scenario, listeners: int) -> float:
    """The chance that a noncentral chi-square exceeds the level's bound.

    With S_k the sum of a model's points, sum_k S_k^2 / (n K s^2) is chi-square with K - 1 degrees
    of freedom if the models are equal (n answers for each two of K models, s^2 the variance of the
    points), and has noncentrality sum_k E[S_k]^2 / (n K s^2) otherwise. This uses points instead
    of ranks and takes clips as equal.
    """
    models, answers = scenario.models, listeners * scenario.rounds
    mean, variance = _points(scenario.scores[0])
    _, equal = _points(0.0)
    sums = np.full(models, -answers * mean)  # the rest lose to the best alone
    sums[0] = (models - 1) * answers * mean
    best, others = models - 1, (models - 1) * (models - 2) / 2
    pooled = (best * variance + others * equal) / (best + others)
    noncentrality = float((sums**2).sum() / (answers * models * pooled))
    bound = scipy.stats.chi2.isf(scenario.level, models - 1)
    return float(scipy.stats.ncx2.sf(bound, models - 1, noncentrality))


def _points(difference: float) -> tuple[float, float]:
    """Mean and variance of the points -2 to 2 for a difference in quality."""
    edges = np.array([-THRESHOLDS[1], -THRESHOLDS[0], *THRESHOLDS])
    below = 1 / (1 + np.exp(difference - edges))  # logistic noise
    chances = np.diff(np.concatenate(([0.0], below, [1.0])))
    points = np.arange(-2, 3)
    mean = float(chances @ points)
    return mean, float(chances @ points**2) - mean**2


def power_curve(
    scenario: Scenario, most: int = 1024, advance: Callable[[int], None] = lambda _: None
) -> list[Power]:
    """Power for ascending numbers of listeners, at most `most`, up to the required power.

    Doubles the number until the power is reached, then halves the interval below; `advance` is
    called with 1 after each.

    Raises:
        UserError: more rounds than pairs, or `most` listeners are too few.
    """
    if scenario.rounds > scenario.pairs:
        raise UserError(
            f"rounds is {scenario.rounds}, expected at most {scenario.pairs}, the pairs"
        )
    generator = np.random.default_rng(scenario.seed)
    tried: dict[int, Power] = {}

    def enough(listeners: int) -> bool:
        tried[listeners] = power(scenario, listeners, generator)
        advance(1)
        return tried[listeners].found.value >= scenario.power

    low, high = 0, 1
    while not enough(high):
        low, high = high, 2 * high
        if high > most:
            raise UserError(
                f"{low} listeners find a share of {scenario.share} in "
                f"{tried[low].found.value:.0%} of studies, expected {scenario.power:.0%}; give "
                "more --pairs or --rounds, or look for a larger difference"
            )
    while high - low > max(1, high // 16):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return [tried[listeners] for listeners in sorted(tried)]


def listeners_needed(curve: Sequence[Power], target: float) -> int:
    """The fewest listeners from which on all points of a curve reach a power."""
    needed = curve[-1].listeners
    for one in reversed(curve):
        if one.found.value < target:
            break
        needed = one.listeners
    return needed
