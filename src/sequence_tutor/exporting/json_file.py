"""`export --to json`: a model as one JSON file that a page or another program can compute with.

docs/exporting.md describes the fields and has the equations of a step.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sequence_tutor.evaluation.model import Model
from sequence_tutor.exporting.networks import networks_of
from sequence_tutor.models import Network
from sequence_tutor.storage.named_files import write_named_json

FORMAT = "sequence-tutor model"
VERSION = 1

HALF = 1 << 20
"""Added to integers of 21 bits, so that none is negative."""

DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"  # of base64


def write(model: Model, out: Path) -> Sequence[str]:
    """Write the file; there is nothing to remark."""
    write_named_json(out, as_json(model))
    return ()


def as_json(model: Model) -> dict[str, Any]:
    """The content of the file.

    Raises:
        UserError: as of `networks_of`.
    """
    found, domain = networks_of(model), model.framed_domain
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": model.name,
        "domain": domain.name,
        "vocab_size": domain.vocab_size,
        "start_token": domain.vocab_size,
        "end_token": domain.end_token,
        "length": model.length,
        "prefix": list(model.prefix),
        **domain.token_facts(),
        "algorithm": None if model.tune is None else model.tune.algorithm,
        "c": None if model.tune is None else model.tune.c,
        "policies": found.policies,
        "networks": {name: network_as_json(network) for name, network in found.networks.items()},
    }


def network_as_json(network: Network) -> dict[str, Any]:
    """Architecture, number of outputs and weights."""
    return _network(network, _tensor)


def short_network_as_json(network: Network) -> dict[str, Any]:
    """The same with weights of 21 bits in place of 32, for pages that contain networks."""
    return _network(network, _short_tensor)


def _network(network: Network, written: Callable[[Tensor], dict[str, Any]]) -> dict[str, Any]:
    return {
        "architecture": network.settings.model_dump(mode="json"),
        "outputs": network.head.out_features,
        "weights": {name: written(tensor) for name, tensor in network.state_dict().items()},
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    """A tensor in row-major order: its shape, and float32, little-endian, as base64."""
    return {"shape": list(tensor.shape), "float32": _as_base64(tensor)}


def _short_tensor(tensor: Tensor) -> dict[str, Any]:
    """Integers of 21 bits, two in seven digits of base64, and the factor of each row.

    Rounded floats of three bytes change log-probabilities of the prior `tunes` by up to 1.6e-4
    nats; these are smaller and change them by a quarter of that.
    """
    rows = tensor.detach().double().cpu().reshape(len(tensor) if tensor.dim() > 1 else 1, -1)
    factors = (rows.abs().amax(1) / (HALF - 1)).float()  # (rows,)
    wide = factors.double().where(factors > 0, torch.tensor(1.0, dtype=torch.float64))
    integers = (rows / wide[:, None]).round().long().flatten() + HALF
    pairs = torch.nn.functional.pad(integers, (0, len(integers) % 2)).reshape(-1, 2)
    numbers = pairs[:, 0] << 21 | pairs[:, 1]  # of 42 bits
    digits = torch.stack([numbers >> 6 * place & 63 for place in reversed(range(7))], 1)
    text = np.frombuffer(DIGITS, np.uint8)[digits.flatten().numpy()].tobytes().decode()
    return {"shape": list(tensor.shape), "factors": _as_base64(factors), "int21": text}


def _as_base64(tensor: Tensor) -> str:
    """Float32, little-endian."""
    numbers = tensor.detach().float().cpu().numpy().astype("<f4")
    return base64.b64encode(numbers.tobytes()).decode()
