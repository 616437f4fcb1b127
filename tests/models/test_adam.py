"""Our Adam against torch's own, which is the slower of the two."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sequence_tutor.models.adam import Adam
from sequence_tutor.storage.checkpoints import load_checkpoint, named, save_checkpoint, under

TARGETS = torch.tensor([1.0, -2.0, 3.0]), torch.tensor([[0.5, 0.25]]), torch.tensor([7.0])


def parameters() -> list[torch.Tensor]:
    return [torch.zeros_like(target, requires_grad=True) for target in TARGETS]


def train(weights: list[torch.Tensor], optimizer: Adam | torch.optim.Adam, steps: range) -> None:
    """Toward the targets of all weights but the last, which has no gradient at even steps."""
    for step in steps:
        optimizer.zero_grad()
        pairs = list(zip(weights, TARGETS, strict=True))[: 2 + step % 2]
        torch.stack([(one - other).square().sum() for one, other in pairs]).sum().backward()
        if isinstance(optimizer, Adam):
            optimizer.learning_rate = 0.1 / (1 + step)
        else:
            optimizer.param_groups[0]["lr"] = 0.1 / (1 + step)
        optimizer.step()


@pytest.mark.parametrize("fused", [False, True])
def test_it_takes_the_steps_of_torch(fused: bool) -> None:
    ours, theirs = parameters(), parameters()
    optimizer, original = Adam(ours, 0.1, fused), torch.optim.Adam(theirs, 0.1, fused=fused)
    train(ours, optimizer, range(20))
    train(theirs, original, range(20))
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
    state = optimizer.state()
    assert {
        f"{number}.{name}": value.tolist()
        for number, moments in original.state_dict()["state"].items()
        for name, value in moments.items()
    } == {name: tensor.tolist() for name, tensor in state.items()}
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("before", [0, 1, 5])
def test_restored_it_takes_the_same_steps(tmp_path: Path, before: int, fused: bool) -> None:
    path = tmp_path / "state.safetensors"
    weights = parameters()
    optimizer = Adam(weights, 0.1, fused)
    train(weights, optimizer, range(before))
    saved = {str(number): weight for number, weight in enumerate(weights)}
    save_checkpoint(path, {**named("weight", saved), **named("adam", optimizer.state())}, {})
    train(weights, optimizer, range(before, 10))

    tensors, _ = load_checkpoint(path)
    again = [weight.requires_grad_() for _, weight in sorted(under("weight", tensors).items())]
    restored = Adam(again, 0.1, fused)
    restored.restore(under("adam", tensors))
    train(again, restored, range(before, 10))
    assert all(torch.equal(one, other) for one, other in zip(again, weights, strict=True))
