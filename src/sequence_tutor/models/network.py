"""The networks of several kinds, behind one table of settings and one function."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field
from torch import Tensor

from sequence_tutor.models.recurrent import RecurrentNetwork
from sequence_tutor.models.recurrent_settings import RecurrentSettings
from sequence_tutor.models.transformer import TransformerNetwork, TransformerSettings

Network = RecurrentNetwork | TransformerNetwork
"""What they share: `settings`, `vocab_size`, `head`, `forward`, `initial_state`, `step`."""


def _lstm_unless_said(given: Any) -> Any:  # whatever a user's file holds
    return {"cell": "lstm", **given} if isinstance(given, Mapping) else given


NetworkSettings = Annotated[
    Annotated[RecurrentSettings | TransformerSettings, Field(discriminator="cell")],
    BeforeValidator(_lstm_unless_said),
]
"""Shape of a network; its `cell` says of which kind, an LSTM if nothing does."""


def build_network(
    settings: RecurrentSettings | TransformerSettings, vocab_size: int, outputs: int
) -> Network:
    """A network with torch's own initial weights, which depend on its global state.

    Args:
        settings: kind and shape.
        vocab_size: V; tokens are 0 .. V - 1.
        outputs: numbers per step: V logits for a prior, V + 1 for action values.
    """
    if isinstance(settings, TransformerSettings):
        return TransformerNetwork(settings, vocab_size, outputs)
    return RecurrentNetwork(settings, vocab_size, outputs)


def seeded_network(
    settings: RecurrentSettings | TransformerSettings,
    vocab_size: int,
    outputs: int,
    generator: torch.Generator,
) -> Network:
    """A network whose weights depend on the generator alone; arguments as of `build_network`."""
    network = build_network(settings, vocab_size, outputs)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.startswith("copy_gates"):  # nothing is copied before something is learned
                parameter.zero_()
            elif isinstance(network, RecurrentNetwork):  # torch's own initial distribution
                bound = 1 / math.sqrt(settings.width)
                parameter.uniform_(-bound, bound, generator=generator)
            else:
                _initialise(name, parameter, network.settings.layers, generator)
    return network


def weights_digest(network: Network) -> str:
    """A hash of a network's weights, equal only for equal ones."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _initialise(name: str, parameter: Tensor, layers: int, generator: torch.Generator) -> None:
    """As GPT-2 does: small weights, no bias, and what is added to the shortcut smaller still.

    Source: Radford et al., Language models are unsupervised multitask learners, 2019, section 2.3.
    """
    if parameter.dim() == 1:  # biases, and the scales of norms
        parameter.fill_(0.0 if name.endswith("bias") else 1.0)
        return
    added = name.endswith(("merge.weight", "wide.2.weight"))  # once in each half of a block
    spread = 0.02 / math.sqrt(2 * layers) if added else 0.02
    parameter.normal_(0.0, spread, generator=generator)
