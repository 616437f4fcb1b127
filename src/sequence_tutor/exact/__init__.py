"""Exact optima by dynamic programming, for spaces that can be enumerated or have few states."""

from sequence_tutor.exact.constrained import (
    ConstrainedOptimum,
    Distinct,
    constrained_optimum,
    finite_constrained_optimum,
)
from sequence_tutor.exact.distinct import expected_distinct
from sequence_tutor.exact.finite_state import (
    FiniteOptimum,
    FiniteProblem,
    StateTable,
    finite_hard_optimum,
    finite_soft_optimum,
)
from sequence_tutor.exact.grouped import GroupRelativeOptimum, group_relative_optimum
from sequence_tutor.exact.optimum import (
    Gibbs,
    GreedyComparison,
    HardOptimum,
    SoftOptimum,
    compare_greedy,
    gibbs_distribution,
    hard_optimum,
    kl_to_optimum,
    sequence_kl,
    soft_optimum,
)
from sequence_tutor.exact.space import Levels, SequenceSpace, along_sequences, enumerate_sequences

__all__ = [
    "ConstrainedOptimum",
    "Distinct",
    "FiniteOptimum",
    "FiniteProblem",
    "Gibbs",
    "GreedyComparison",
    "GroupRelativeOptimum",
    "HardOptimum",
    "Levels",
    "SequenceSpace",
    "SoftOptimum",
    "StateTable",
    "along_sequences",
    "compare_greedy",
    "constrained_optimum",
    "enumerate_sequences",
    "expected_distinct",
    "finite_constrained_optimum",
    "finite_hard_optimum",
    "finite_soft_optimum",
    "gibbs_distribution",
    "group_relative_optimum",
    "hard_optimum",
    "kl_to_optimum",
    "sequence_kl",
    "soft_optimum",
]
