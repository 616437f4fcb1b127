"""Algorithms, and the parts for writing your own; see `docs/extend/algorithm.md`.

An algorithm consists of its equations, a class with its traits, and the settings that it needs.
Only the names exported here are stable.
"""

from sequence_tutor.algorithms.action_values import ActionValueMethod
from sequence_tutor.algorithms.algorithm import Algorithm, Experience, Graded, Predicted
from sequence_tutor.algorithms.discriminator import Discriminated
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.policy_gradients import FRESH, Opinion, PolicyMethod
from sequence_tutor.algorithms.registry import algorithm_names, find_algorithm

__all__ = [
    "FRESH",
    "ActionValueMethod",
    "Algorithm",
    "Discriminated",
    "Experience",
    "Graded",
    "LossSettings",
    "Opinion",
    "PolicyMethod",
    "Predicted",
    "algorithm_names",
    "find_algorithm",
]
