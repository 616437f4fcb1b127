"""Networks."""

from sequence_tutor.models.action_values import ActionValueNetwork, Start
from sequence_tutor.models.recurrent import RecurrentNetwork, RecurrentSettings, State

__all__ = ["ActionValueNetwork", "RecurrentNetwork", "RecurrentSettings", "Start", "State"]
