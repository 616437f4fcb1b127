"""A problem small enough that its optimum is known exactly."""

from sequence_tutor.toy.problem import ToyProblem, make_toy
from sequence_tutor.toy.reward import ToyReward

__all__ = ["ToyProblem", "ToyReward", "make_toy"]
