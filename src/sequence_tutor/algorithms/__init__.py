"""Algorithms, and what one of your own is made of; see `docs/extend/algorithm.md`.

An algorithm is its mathematics, a class with its traits, and the settings that it needs. Only what
is named here is promised.
"""

from sequence_tutor.algorithms.action_values import ActionValueMethod
from sequence_tutor.algorithms.algorithm import Algorithm, Experience, Graded, Predicted
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.policy_gradients import FRESH, Opinion, PolicyMethod
from sequence_tutor.algorithms.registry import algorithm_names, find_algorithm

__all__ = [
    "FRESH",
    "ActionValueMethod",
    "Algorithm",
    "Experience",
    "Graded",
    "LossSettings",
    "Opinion",
    "PolicyMethod",
    "Predicted",
    "algorithm_names",
    "find_algorithm",
]
