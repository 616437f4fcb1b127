"""Generators derived by name from one seed, so that no two parts of a run share a stream."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor


def named_generator(seed: int, name: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator that depends on the seed and the name, and on nothing else."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    generator = torch.Generator(device)
    generator.manual_seed(int.from_bytes(digest[:8], "little") >> 1)
    return generator


def uniform_numbers(generator: torch.Generator, *shape: int) -> Tensor:
    """Uniform numbers from 0 to 1 of a shape, float64, where the generator is."""
    return torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float64)
