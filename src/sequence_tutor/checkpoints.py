"""Checkpoints: tensors and JSON in one safetensors file, written beside and renamed.

One file, so that after a crash the tensors and the numbers beside them always belong together;
safetensors, so that a file from elsewhere is data and never code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.files import replacing

Tensors = dict[str, Tensor]


def save_checkpoint(path: Path, tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> None:
    """Write tensors and a JSON object atomically.

    Args:
        path: the file.
        tensors: by name; names may have dots.
        info: anything JSON can hold (hence `Any`).

    Raises:
        OSError: it cannot be written.
    """
    # safetensors refuses tensors that share memory, which states restored from slices may do
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with replacing(path) as beside:
        try:
            save_file(whole, beside, metadata={"info": json.dumps(dict(info))})
        except SafetensorError as error:  # how it reports a full disk
            raise OSError(None, f"cannot be written ({error})", str(path)) from error


def load_checkpoint(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """Read what `save_checkpoint` wrote.

    Raises:
        UserError: the file is missing, damaged, or not one of ours.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such checkpoint file")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
        return tensors, json.loads(metadata["info"])
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise UserError(
            f"{path}: damaged, or not a checkpoint of this program ({error})"
        ) from error


def named(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """The same tensors with `prefix.` before each name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """The tensors whose name begins with `prefix.`, without it: the inverse of `named`."""
    start = f"{prefix}."
    return {n.removeprefix(start): tensor for n, tensor in tensors.items() if n.startswith(start)}


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> Tensors:
    """The moments and step counts of an optimiser, by parameter number and name."""
    return {
        f"{number}.{name}": torch.as_tensor(value)
        for number, moments in optimizer.state_dict()["state"].items()
        for name, value in moments.items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put saved moments back; groups (learning rates) are the caller's to set."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
