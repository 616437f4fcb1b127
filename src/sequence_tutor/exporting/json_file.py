"""`export --to json`: a model as one JSON file that a page or another program can compute with.

docs/exporting.md describes the fields and has the equations of a step.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from sequence_tutor.evaluation.model import Model
from sequence_tutor.exporting.networks import networks_of
from sequence_tutor.models import Network
from sequence_tutor.storage.named_files import write_named_json

FORMAT = "sequence-tutor model"
VERSION = 1


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
        "networks": {name: _network(network) for name, network in found.networks.items()},
    }


def _network(network: Network) -> dict[str, Any]:
    """Architecture, number of outputs and weights."""
    return {
        "architecture": network.settings.model_dump(mode="json"),
        "outputs": network.head.out_features,
        "weights": {name: _tensor(tensor) for name, tensor in network.state_dict().items()},
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    """A tensor in row-major order: its shape, and float32, little-endian, as base64."""
    numbers = tensor.detach().float().cpu().numpy().astype("<f4")
    return {"shape": list(tensor.shape), "float32": base64.b64encode(numbers.tobytes()).decode()}
