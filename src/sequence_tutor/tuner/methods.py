"""Every method that the loop can run, by the name users give."""

from __future__ import annotations

from collections.abc import Mapping

from sequence_tutor.tuner.algorithms import ALGORITHMS, Algorithm
from sequence_tutor.tuner.policy_methods import POLICY_METHODS
from sequence_tutor.tuner.settings import AlgorithmName

METHODS: Mapping[AlgorithmName, Algorithm] = {**ALGORITHMS, **POLICY_METHODS}
