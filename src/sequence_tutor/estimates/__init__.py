"""Estimates with 95 % intervals from a stream of batches, in the memory of a few numbers.

Every accumulator takes tensors of any device with one entry an independent item (a melody, a
molecule), any number of times, and gives the same estimate however the stream was cut. Two of a
kind, fed apart, are joined by `merge`.
"""

from sequence_tutor.estimates.intervals import (
    NORMAL_REACH,
    UNDEFINED,
    Estimate,
    dependent_difference,
    difference,
    divided,
    exactly,
    finite_or_none,
    times,
    wilson,
    within,
    without_ends,
)
from sequence_tutor.estimates.streams import (
    Mean,
    Proportion,
    RatioOfSums,
    ShareOfSteps,
    mean_of,
)

__all__ = [
    "NORMAL_REACH",
    "UNDEFINED",
    "Estimate",
    "Mean",
    "Proportion",
    "RatioOfSums",
    "ShareOfSteps",
    "dependent_difference",
    "difference",
    "divided",
    "exactly",
    "finite_or_none",
    "mean_of",
    "times",
    "wilson",
    "within",
    "without_ends",
]
