"""Checkpoints come back exactly, or say in a sentence why they cannot."""

import os
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kit import generator
from sequence_tutor.errors import UserError
from sequence_tutor.storage.checkpoints import (
    checksum_of,
    load_checkpoint,
    named,
    save_checkpoint,
    under,
)


def test_tensors_and_numbers_come_back_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "state.safetensors"
    tensors = {
        "weights": torch.randn(3, 4),
        "double": torch.tensor([0.1], dtype=torch.float64),
        "tokens": torch.tensor([1, -2], dtype=torch.int16),
        "generator": generator(3).get_state(),
        "step": torch.tensor(7.0),
        "empty": torch.zeros(0, 5),
    }
    info = {"step": 3, "name": "psi", "nested": {"values": [0.1, None, True]}}
    save_checkpoint(path, tensors, info)
    loaded, loaded_info = load_checkpoint(path)
    assert loaded_info == info
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)
    assert [entry.name for entry in path.parent.iterdir()] == ["state.safetensors"]


@pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")
def test_a_folder_whose_name_is_not_utf_8_is_read_from(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"old\xff") / "file.safetensors"
    save_checkpoint(path, {"a": torch.arange(3)}, {"step": 7})
    tensors, info = load_checkpoint(path)
    assert tensors["a"].tolist() == [0, 1, 2]
    assert info == {"step": 7}
    assert checksum_of(path) == checksum_of(path.rename(tmp_path / "file.safetensors")) is not None
    path.write_bytes((tmp_path / "file.safetensors").read_bytes()[:50])
    with pytest.raises(UserError, match=r"file\.safetensors: damaged"):
        load_checkpoint(path)


def test_tensors_that_share_memory_or_want_gradients_can_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    weights = torch.randn(4, 4, requires_grad=True)
    save_checkpoint(path, {"a": weights, "b": weights[1:], "c": weights.t()}, {})
    loaded, _ = load_checkpoint(path)
    assert torch.equal(loaded["b"], weights[1:])
    assert torch.equal(loaded["c"], weights.t())


@pytest.mark.parametrize("kept", [0, 5, 200, -1])
def test_a_file_cut_short_is_named(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "state.safetensors"
    save_checkpoint(path, {"weights": torch.zeros(100)}, {"step": 1})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match=r"state\.safetensors: damaged, or not a checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize("content", [b"\xff" * 64, b"PK\x03\x04 a zip", b'{"json": true}'])
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.safetensors"
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged, or not a checkpoint"):
        load_checkpoint(path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"info": "{cut"}])
def test_tensors_of_another_program_are_named(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    path = tmp_path / "state.safetensors"
    save_file({"weights": torch.zeros(3)}, path, metadata=metadata)
    with pytest.raises(UserError, match="not a checkpoint of this program"):
        load_checkpoint(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.safetensors: there is no such checkpoint"):
        load_checkpoint(tmp_path / "absent.safetensors")
    with pytest.raises(UserError, match="there is no such checkpoint"):
        load_checkpoint(tmp_path)


def test_under_is_the_inverse_of_named() -> None:
    tensors = {"a": torch.zeros(1), "b.c": torch.ones(1)}
    together = {**named("network", tensors), **named("networks", {"a": torch.ones(2)})}
    assert together.keys() == {"network.a", "network.b.c", "networks.a"}
    assert under("network", together) == tensors


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permissions of groups")
def test_colleagues_may_read_what_the_umask_allows(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    (tmp_path / "usual").touch()
    save_checkpoint(path, {"weights": torch.zeros(2)}, {})
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode
