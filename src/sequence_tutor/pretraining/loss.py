"""The loss of a prior: negative log-likelihood per token."""

from __future__ import annotations

import warnings

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.errors import Remark
from sequence_tutor.models import Network
from sequence_tutor.sequences import SequenceBatch

WHOLE = 1024  # most tokens of a sequence when measuring


def token_nll(
    network: Network,
    batch: SequenceBatch,
    skip: int = 0,
    precision: str = "float32",
    noise: torch.Generator | None = None,
) -> Tensor:
    """Mean NLL per token in nats, a scalar, of all tokens but the first `skip` of each sequence.

    In bfloat16 only the network's products are rounded; weights, softmax and loss are float32.
    `noise` is the source of dropout; None: no dropout.
    """
    device = network.head.weight.device
    batch = batch.to(device)
    learned = batch.mask
    learned[:, :skip] = False
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        logits = network(batch.tokens, noise)[learned]  # (N, V)
    loss: Tensor = F.cross_entropy(logits.float(), batch.tokens[learned])
    return loss


@torch.no_grad()
def mean_nll(network: Network, sequences: TokenSequences) -> float:
    """NLL per token in nats over sequences cut to `WHOLE` tokens."""
    total, tokens = 0.0, 0
    for batch in sequences.batches(64, window=WHOLE):
        count = int(batch.lengths.sum())
        total += token_nll(network, batch).item() * count
        tokens += count
    return total / tokens


def possible_precision(asked: str, network: Network) -> str:
    """The precision asked for, or float32 where the machine has no such products for a network."""
    if asked == "float32":
        return asked
    token = SequenceBatch.from_lists([[0]])
    try:
        with torch.no_grad():
            token_nll(network, token, precision=asked)
    except RuntimeError:  # of oneDNN, on a processor without AVX-512
        said = f"{asked} products are not possible on this machine: slower float32 is used"
        warnings.warn(said, Remark, stacklevel=2)
        return "float32"
    return asked
