"""A small decoder-only Transformer whose single step, with a cache, agrees with its forward.

Pre-norm blocks (Xiong et al. 2020) of causal attention and a GELU layer four times as wide, over
token embeddings plus the sinusoids of Vaswani et al. 2017, section 3.5, which need no parameters
and set no limit to the length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Self

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from sequence_tutor.config.settings import Settings
from sequence_tutor.models.next_token import NextTokenNetwork, State


class TransformerSettings(Settings):
    """Shape of a Transformer."""

    cell: Literal["transformer"] = Field("transformer", description="kind of network")
    width: int = Field(128, ge=2, le=4096, multiple_of=2, description="features of a token (H)")
    layers: int = Field(2, ge=1, le=32, description="number of blocks")
    heads: int = Field(4, ge=1, description="attention heads; they divide the width")

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"heads is {self.heads}, expected a divisor of width {self.width}")
        return self


class TransformerNetwork(NextTokenNetwork):
    """Blocks of causal attention and a linear head, as a `NextTokenNetwork`.

    Args:
        settings: width, layers and heads.
        vocab_size: V; tokens are 0 .. V - 1.
        outputs: numbers per step: V logits for a prior, V + 1 for action values.
    """

    def __init__(self, settings: TransformerSettings, vocab_size: int, outputs: int) -> None:
        super().__init__(vocab_size)
        self.settings = settings
        self.embedding = nn.Embedding(vocab_size + 1, settings.width)
        self.blocks = nn.ModuleList(_Block(settings) for _ in range(settings.layers))
        self.norm = nn.LayerNorm(settings.width)
        self.head = nn.Linear(settings.width, outputs)

    def output_layers(self) -> Sequence[nn.Linear]:
        """The head."""
        return (self.head,)

    def forward(self, tokens: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """Outputs (B, T, outputs) at every step of whole sequences, tokens (B, T)."""
        inputs = self.inputs(tokens)  # (B, T)
        outputs, _ = self._run(inputs, self.initial_state(len(tokens)))
        return outputs

    def initial_state(self, batch: int) -> State:
        """Empty caches: keys and values of each block, (B, heads, t, H / heads) with t = 0."""
        heads = self.settings.heads
        empty = self.head.weight.new_zeros(batch, heads, 0, self.settings.width // heads)
        return (empty,) * (2 * self.settings.layers)

    @torch.no_grad()
    def step(self, previous: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs (B, outputs) after `previous` (B,), and the caches that have seen it."""
        outputs, state = self._run(previous[:, None], state)
        return outputs[:, 0], state

    def _run(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Outputs for inputs (B, T) that follow what the caches hold, and the longer caches."""
        begin = state[0].shape[2]
        places = torch.arange(begin, begin + inputs.shape[1], device=inputs.device)
        features = self.embedding(inputs) + _sinusoids(places, self.settings.width)  # (B, T, H)
        new_state: State = ()
        for layer, block in enumerate(self.blocks):
            features, cache = block(features, state[2 * layer : 2 * layer + 2])
            new_state += cache
        outputs: Tensor = self.head(self.norm(features))
        return outputs, new_state


class _Block(nn.Module):
    """Attention and a wide layer, each after a norm and around a shortcut."""

    def __init__(self, settings: TransformerSettings) -> None:
        super().__init__()
        width = settings.width
        self.heads = settings.heads
        self.before_attention, self.before_wide = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.wide = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, features: Tensor, cache: State) -> tuple[Tensor, State]:
        """Features (B, T, H) after the block, and the cache with their keys and values."""
        batch, steps, width = features.shape
        projected = self.project(self.before_attention(features))  # (B, T, 3 H)
        by_head = projected.view(batch, steps, 3 * self.heads, -1).transpose(1, 2)
        query, key, value = by_head.chunk(3, dim=1)  # (B, heads, T, H / heads)
        key, value = torch.cat([cache[0], key], 2), torch.cat([cache[1], value], 2)
        # one query looks at everything cached; several of them come with an empty cache
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=steps > 1)
        merged = self.merge(seen.transpose(1, 2).reshape(batch, steps, width))
        features = features + merged
        return features + self.wide(self.before_wide(features)), (key, value)


def _sinusoids(places: Tensor, width: int) -> Tensor:
    """(T, H): sines and cosines of places (T,) at wavelengths from 2 pi to 10,000 x 2 pi."""
    half = width // 2
    exponents = torch.arange(half, device=places.device) / half
    angles = places[:, None] * torch.exp(-math.log(10_000) * exponents)  # (T, H / 2)
    return torch.cat([angles.sin(), angles.cos()], dim=1)
