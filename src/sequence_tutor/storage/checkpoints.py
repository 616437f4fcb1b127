"""Checkpoints: tensors and JSON in one safetensors file, written beside and renamed.

One file, so that after a crash the tensors and the numbers beside them always belong together;
safetensors, so that the file itself is data and never code (what its numbers name may be code: see
`trust`). A SHA-256 of everything in it stands in the file and is compared as it is read, so that a
flipped bit is damage and not another number.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from sequence_tutor.errors import Remark, UserError
from sequence_tutor.storage.files import replacing

Tensors = dict[str, Tensor]

CHECKSUM = "sha256"
"""Name, among the numbers beside the tensors, of the digest of all else."""


def save_checkpoint(path: Path, tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> str:
    """Write tensors and a JSON object atomically.

    Args:
        path: the file.
        tensors: by name; names may have dots.
        info: anything JSON can hold (hence `Any`).

    Returns:
        The checksum of what was written.

    Raises:
        OSError: it cannot be written.
    """
    # safetensors refuses tensors that share memory, which states restored from slices may do
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    text = json.dumps(dict(info))
    checksum = _checksum(whole, text)
    # beside the numbers, for the order of several texts in the file's header is left to chance
    text = json.dumps({**info, CHECKSUM: checksum})
    with replacing(path) as beside:
        beside.touch()
        mode = beside.stat().st_mode  # of the umask; safetensors lets only the owner read
        try:
            save_file(whole, beside, metadata={"info": text})
            beside.chmod(mode)
        except SafetensorError as error:  # how it reports a full disk
            raise OSError(None, f"cannot be written ({error})", str(path)) from error
    return checksum


def load_checkpoint(
    path: Path, expected: str | None = None, *, remark: bool = True
) -> tuple[Tensors, dict[str, Any]]:
    """Read what `save_checkpoint` wrote.

    Args:
        path: the file.
        expected: its checksum, where something else knows it; None: what the file itself says.
        remark: say so where the file is of a version that wrote no checksum.

    Raises:
        UserError: the file is missing, damaged, not one of ours, or not the one expected.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such checkpoint file")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
        info = json.loads(metadata["info"])
        if not isinstance(info, dict):
            raise ValueError("its info is no object")
        written = info.pop(CHECKSUM, None)
        if written is None and any(map(_is_almost_its_name, info)):
            raise ValueError("the name of its checksum is damaged")
    except (SafetensorError, KeyError, ValueError, OSError, RuntimeError, RecursionError) as error:
        raise UserError(
            f"{path}: damaged, or not a checkpoint of this program ({error})"
        ) from error
    if written is None and expected is None:
        if remark:
            warnings.warn(
                f"{path.parent}: written by a version without checksums, so damage to its files "
                "is not seen",
                Remark,
                stacklevel=2,
            )
        return tensors, info
    found = _checksum(tensors, json.dumps(info))
    if written not in (None, found):
        raise UserError(
            f"{path}: damaged, its checksum is not that of its content; restore it from a copy"
        )
    if expected not in (None, found):
        raise UserError(
            f"{path}: not the file that its run was finished with, by the checksum in the run's "
            "record; restore it from a copy"
        )
    return tensors, info


def checksum_of(path: Path) -> str | None:
    """The checksum that a checkpoint says it has; None: it says none."""
    try:
        with safe_open(path, framework="pt") as file:
            said = json.loads((file.metadata() or {})["info"]).get(CHECKSUM)
            return said if isinstance(said, str) else None
    except (SafetensorError, OSError, ValueError, KeyError, AttributeError):
        return None


def _is_almost_its_name(name: str) -> bool:
    """Whether one letter makes the difference to `CHECKSUM`: a bit of the name was flipped."""
    pairs = zip(name, CHECKSUM, strict=False)
    return len(name) == len(CHECKSUM) and sum(one != other for one, other in pairs) == 1


def _checksum(tensors: Mapping[str, Tensor], info: str) -> str:
    """SHA-256 of the names, types, shapes and bytes of all tensors, and of the JSON beside them."""
    digest = hashlib.sha256(info.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"\0{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def named(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """The same tensors with `prefix.` before each name."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> Tensors:
    """The tensors whose name begins with `prefix.`, without it: the inverse of `named`."""
    start = f"{prefix}."
    return {n.removeprefix(start): tensor for n, tensor in tensors.items() if n.startswith(start)}
