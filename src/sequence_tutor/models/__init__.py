"""Networks."""

from sequence_tutor.models.action_values import ActionValueNetwork, Start
from sequence_tutor.models.network import (
    Network,
    NetworkSettings,
    build_network,
    seeded_network,
    weights_digest,
)
from sequence_tutor.models.next_token import State
from sequence_tutor.models.recurrent import RecurrentNetwork, seeing_place
from sequence_tutor.models.recurrent_settings import RecurrentSettings
from sequence_tutor.models.transformer import TransformerNetwork, TransformerSettings

__all__ = [
    "ActionValueNetwork",
    "Network",
    "NetworkSettings",
    "RecurrentNetwork",
    "RecurrentSettings",
    "Start",
    "State",
    "TransformerNetwork",
    "TransformerSettings",
    "build_network",
    "seeded_network",
    "seeing_place",
    "weights_digest",
]
