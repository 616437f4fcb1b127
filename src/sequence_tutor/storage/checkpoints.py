"""Checkpoints: tensors and JSON in one safetensors file, replaced atomically.

In one file, tensors and numbers always belong together, even after a crash. The file contains no
code, but its JSON may name code: see `trust`. It holds a SHA-256 of its content, which is compared
when it is read.
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
from safetensors.torch import load, save_file
from torch import Tensor

from sequence_tutor.errors import Remark, UserError
from sequence_tutor.storage.files import replacing

Tensors = dict[str, Tensor]

CHECKSUM = "sha256"
"""Key of the checksum in the JSON."""


def save_checkpoint(path: Path, tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> str:
    """Write tensors and a JSON object atomically and return the checksum of both.

    Raises:
        OSError: it cannot be written.
    """
    # safetensors refuses tensors that share memory, which states restored from slices may do
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    text = json.dumps(dict(info))
    checksum = _checksum(whole, text)
    # inside the JSON: the order of several metadata entries in the header is not deterministic
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
        expected: its checksum if recorded elsewhere; None: compare with the one in the file.
        remark: warn if the file is from a version that wrote no checksum.

    Raises:
        UserError: the file is missing, damaged, not a checkpoint, or not the one expected.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such checkpoint file")
    try:
        tensors, metadata = _read(path)
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
    """The checksum that a checkpoint contains; None: it contains none."""
    try:
        said = json.loads(_read(path, whole=False)[1]["info"]).get(CHECKSUM)
        return said if isinstance(said, str) else None
    except (SafetensorError, OSError, ValueError, KeyError, AttributeError):
        return None


def _read(path: Path, *, whole: bool = True) -> tuple[Tensors, Mapping[str, str]]:
    """Tensors, none unless `whole`, and metadata of a file of safetensors.

    The library opens no file whose path is not UTF-8, as names of older systems are not; its
    content is given to it instead.
    """
    if _is_utf8(str(path)):
        with safe_open(path, framework="pt") as file:
            names = file.keys() if whole else ()
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    content = path.read_bytes()
    tensors = load(content)  # it checks the header's length
    length = int.from_bytes(content[:8], "little")
    return tensors, json.loads(content[8 : 8 + length]).get("__metadata__", {})


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # it has halves of surrogate pairs in the place of bytes
        return False
    return True


def _is_almost_its_name(name: str) -> bool:
    """Whether the name differs from `CHECKSUM` in one character, as after a bit flip."""
    pairs = zip(name, CHECKSUM, strict=False)
    return len(name) == len(CHECKSUM) and sum(one != other for one, other in pairs) == 1


def _checksum(tensors: Mapping[str, Tensor], info: str) -> str:
    """SHA-256 of names, types, shapes and bytes of all tensors, and of the JSON."""
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
