"""`export --to onnx`: one step of a model as an ONNX graph with its state as inputs and outputs.

    previous (B,) int64, state_0 (B, ...), ...  ->  log_probs (B, V), new_state_0, ...

`previous` is the last token, or V before the first. The states before the first token are in the
file's metadata: for each its shape, with 0 for B, and the number that fills it. A policy of G is
one graph too: its state is that of the correction, then that of the prior. Before the file is
renamed to its name, onnxruntime computes some steps of it, which must be those of the model.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.errors import UserError, require
from sequence_tutor.evaluation.model import Model
from sequence_tutor.exporting.networks import network_of_prior
from sequence_tutor.models import RecurrentNetwork, State, TransformerNetwork
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.storage.files import replacing

CLOSE = 1e-4
"""Most nats between a log-probability of the file and of the model."""
ROWS, STEPS, GIVEN = 3, 10, 3
"""Sequences and steps of the comparison; tokens seen by the state that the graph is made with."""


class Step(nn.Module):
    """One step of a policy, its networks being parts of the module."""

    def __init__(self, policy: Prior, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.policy = policy

    def forward(self, previous: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Log-probabilities (B, V), and the new state."""
        log_probs, new_state = self.policy.step(previous, state)
        return (log_probs, *new_state)


def write(model: Model, out: Path) -> Sequence[str]:
    """Write the file; there is nothing to remark.

    Raises:
        UserError: the model is of another kind, onnx is not installed, or the file computes
            something else than the model.
    """
    require("onnx", "ONNX needs onnx, onnxruntime and onnxscript", "onnx", "onnxscript")
    require("onnx", "ONNX needs onnx, onnxruntime and onnxscript", "onnxruntime")
    networks = _networks(model)
    with replacing(out) as beside:
        _save(model, networks, beside)
        _compare(model.policy, beside, model.name)
    return ()


def _networks(model: Model) -> list[nn.Module]:
    """All networks that a step of the policy asks.

    Raises:
        UserError: one of them is not of this program.
    """
    policy = model.policy
    priors = [policy]
    networks: list[nn.Module] = []
    if isinstance(policy, TunedPolicy):
        priors = [policy.prior] if policy.algorithm.mixes_prior else []
        found = policy.values.network
        if not isinstance(found, RecurrentNetwork | TransformerNetwork):
            raise UserError(
                f"{model.name}: its network is a {type(found).__name__}, expected a recurrent "
                "network or a Transformer of this program; a language model is exported by --to hf"
            )
        networks.append(found)
    return [*networks, *(network_of_prior(prior, model) for prior in priors)]


def _save(model: Model, networks: Sequence[nn.Module], path: Path) -> None:
    """Write the graph with the metadata that a program needs to use it."""
    import onnx

    policy, vocab_size = model.policy, model.policy.vocab_size
    previous, state = _started(policy)
    batch = torch.export.Dim("batch")
    shapes = [{0: batch, **_growing(policy, number)} for number in range(len(state))]
    names = [f"state_{number}" for number in range(len(state))]
    with _quiet():
        program = torch.onnx.export(
            Step(policy, networks).eval(),
            (previous, *state),
            dynamo=True,
            verbose=False,
            input_names=["previous", *names],
            output_names=["log_probs", *(f"new_{name}" for name in names)],
            dynamic_shapes={"previous": {0: batch}, "state": tuple(shapes)},
        )
    assert program is not None
    proto = program.model_proto
    facts = {
        "domain": model.domain.name,
        "vocab_size": vocab_size,
        "start_token": vocab_size,
        "end_token": model.domain.end_token,
        "length": model.length,
        "prefix": list(model.prefix),
        "algorithm": None if model.tune is None else model.tune.algorithm,
        "c": None if model.tune is None else model.tune.c,
        "initial_state": [
            {"shape": [0, *one.shape[1:]], "fill": float(one.flatten()[0]) if one.numel() else 0}
            for one in policy.initial_state(1)
        ],
    }
    onnx.helper.set_model_props(proto, {name: json.dumps(fact) for name, fact in facts.items()})
    onnx.save(proto, str(path))


def _started(policy: Prior) -> tuple[Tensor, State]:
    """A token and a state that has seen some, so that no axis of it has the size 0 or 1."""
    previous = torch.full((ROWS,), policy.vocab_size)
    state = policy.initial_state(ROWS)
    for _ in range(GIVEN):
        _, state = policy.step(previous, state)
        previous = torch.zeros(ROWS, dtype=torch.int64)
    return previous, state


def _growing(policy: Prior, number: int) -> dict[int, Any]:
    """The axis of one state that grows by 1 with every token, as a Transformer's caches do."""
    before, (_, after) = policy.initial_state(ROWS)[number], _started(policy)
    axes = [axis for axis, size in enumerate(before.shape) if size != after[number].shape[axis]]
    return {axis: torch.export.Dim("seen") for axis in axes}


def _compare(policy: Prior, path: Path, name: str) -> None:
    """Some steps of the file beside those of the model.

    Raises:
        UserError: they differ.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    inputs = [one.name for one in session.get_inputs()]
    generator = torch.Generator().manual_seed(0)
    previous = torch.full((ROWS,), policy.vocab_size)
    state = policy.initial_state(ROWS)
    kept = [one.numpy() for one in state]
    for _ in range(STEPS):
        log_probs, state = policy.step(previous, state)
        fed = dict(zip(inputs, [previous.numpy(), *kept], strict=True))
        found, *kept = session.run(None, fed)
        off = float((torch.from_numpy(found) - log_probs).abs().max())
        if not off < CLOSE:
            raise UserError(
                f"{name}: log-probabilities of onnxruntime differ by {off:.2g} nats from those of "
                f"the model, expected less than {CLOSE:g}; nothing was written"
            )
        previous = torch.randint(policy.vocab_size, (ROWS,), generator=generator)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch's exporter says of packages that it could use and of its own insides."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
