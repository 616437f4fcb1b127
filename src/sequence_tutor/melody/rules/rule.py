"""What a rule of the melody reward is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.melody.view import Melodies


class Rule(Settings, ABC):
    """One rule: constants as fields, and the reward it pays at every step.

    Source of the nine rules: Jaques et al., Sequence Tutor (arXiv:1611.02796), section 5, and the
    program published with it, whose values they reproduce with their default constants.
    """

    name: ClassVar[str]

    @abstractmethod
    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64: the reward of each step; 0 beyond each melody's length."""
