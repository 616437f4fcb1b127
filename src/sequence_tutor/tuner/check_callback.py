"""Does a callback keep its promises?"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.errors import UserError, shown
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.reward.in_memory import given_reward
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.callbacks import Callback
from sequence_tutor.tuner.extensions import Extensions
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

VOCABULARY, LENGTH, STEPS = 4, 4, 6
SETTINGS = TuneSettings(
    steps=STEPS, batch=8, collect=8, collect_every=2, evaluate_every=2, evaluate_samples=8
)


def check_callback(callback: Callback) -> None:
    """Tell a callback of a short run, and of the same run without it, and compare the two.

    Raises:
        UserError: one sentence that says what was found and what was expected: it fails, or changes
            what the run computes.
    """
    if not isinstance(callback, Callback):
        raise UserError(
            f"a callback is {shown(callback)}, expected an object of a class that derives from "
            "sequence_tutor.Callback"
        )
    alone, records = _tuned(Extensions())
    watched, seen = _tuned(Extensions(callbacks=(callback,)))
    if len(seen) < len(records):  # it has asked to end the run
        return
    for name, tensor in alone.items():
        if not torch.equal(tensor, watched[name]):
            raise UserError(
                f"callback {type(callback).__name__} changes what the run learns, expected it only "
                "to read what it is given and to draw from no global randomness that it did not "
                "put back"
            )
    for one, other in zip(records, seen, strict=True):
        if {**one, "seconds": 0} != {**other, "seconds": 0}:
            raise UserError(
                f"callback {type(callback).__name__} changes the log at step {one['step']}, "
                "expected it only to read the records"
            )


def _tuned(extensions: Extensions) -> tuple[dict[str, Tensor], list[Record]]:
    """The weights and the log of a short run."""
    task = Task(_prior(), given_reward(_first_tokens, lambda batch: batch), LENGTH)
    with TemporaryDirectory() as folder:
        tuner = Tuner(task, SETTINGS, Path(folder), extensions=extensions)
        policy = tuner.run(_silent)
        weights = {name: one.clone() for name, one in policy.values.state_dict().items()}
        return weights, list(tuner.log.records)


def _prior() -> NeuralPrior:
    generator = torch.Generator().manual_seed(0)
    network = RecurrentNetwork(RecurrentSettings(width=8), VOCABULARY, VOCABULARY)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-1, 1, generator=generator)
    return NeuralPrior(network)


def _first_tokens(batch: Any) -> Tensor:
    assert isinstance(batch, SequenceBatch)
    return (batch.tokens == 0).double()


def _silent(_n: int = 1, /, **_live: float | str) -> None:
    """Show nothing."""
