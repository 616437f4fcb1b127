"""A problem small enough that its optimum is known exactly."""

from sequence_tutor.toy.domain import ToyDomain
from sequence_tutor.toy.problem import ToyProblem, ToyReward, make_toy

__all__ = ["ToyDomain", "ToyProblem", "ToyReward", "make_toy"]
