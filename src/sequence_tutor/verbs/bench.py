"""`bench`: speed on this machine, medians with their spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from sequence_tutor.config.presets import build, read_preset
from sequence_tutor.domain import find_domain
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.progress import Advance, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.versions import versions
from sequence_tutor.threads import set_threads
from sequence_tutor.tuner.idle_settings import ASKED
from sequence_tutor.tuner.learner import Learner
from sequence_tutor.tuner.settings import TuneSettings

SAMPLING_BATCH, LEARNING_BATCH, LENGTH, WIDTH = 2048, 64, 32, 100
ROUNDS = 15


def bench(
    *, threads: int | None = None, device: torch.device | str = "cpu", quiet: bool = False
) -> dict[str, Any]:
    """Time sampling, the rules and learning.

    Args:
        threads: torch's threads; None measures which are fastest.
        device: where networks and rules compute.
        quiet: show no progress.

    Returns:
        Rates by name, each the median of rounds; under `spread` the lowest and the highest of each;
        `threads`, `device` and `versions`. `sampling_over_matmul` is the time of sampling over that
        of the matrix products that its steps need. `learning_transitions_per_second` is one-step
        Psi with a target network: two networks forward, one backward, Adam; the prior's log p comes
        from replay. `default_learning_transitions_per_second` is the form of preset `weights`,
        without a target network.
    """
    chosen = set_threads(threads)
    melody = find_domain("melody")
    network = RecurrentNetwork(RecurrentSettings(width=WIDTH), melody.vocab_size, melody.vocab_size)
    prior = NeuralPrior(network.to(device))
    reward = melody.reward(melody.reward_settings(), None)
    with progress("benchmarking", 5 * (ROUNDS + 1), quiet=quiet) as advance:
        sampling, batch = _sampling(prior, advance)
        products = _products(prior, advance)
        rules = _seconds(lambda: reward(batch), advance, prior.device)
        few = batch[:LEARNING_BATCH]
        one_step = _learning(TuneSettings(n_steps=1, paths="every"), prior, reward, few, advance)
        preset = read_preset("tune", "melody", "weights")["tune"]
        tune = build(TuneSettings, preset, "preset weights", {ASKED: ()})
        default = _learning(tune, prior, reward, few, advance)
    seconds = {
        "sampling_melodies_per_second": (sampling, SAMPLING_BATCH),
        "rules_melodies_per_second": (rules, SAMPLING_BATCH),
        "learning_transitions_per_second": (one_step, LEARNING_BATCH * LENGTH),
        "default_learning_transitions_per_second": (default, LEARNING_BATCH * LENGTH),
    }
    rates = {name: [count / s for s in times] for name, (times, count) in seconds.items()}
    rates["sampling_over_matmul"] = [s / p for s, p in zip(sampling, products, strict=True)]
    return {
        **{name: statistics.median(values) for name, values in rates.items()},
        "spread": {name: [min(values), max(values)] for name, values in rates.items()},
        "threads": chosen,
        "device": str(device),
        "versions": versions(),
    }


def _sampling(prior: NeuralPrior, advance: Advance) -> tuple[list[float], SequenceBatch]:
    generator = named_generator(0, "bench", prior.device)
    last = rollout(prior, SAMPLING_BATCH, LENGTH, generator).batch
    sampled = partial(rollout, prior, SAMPLING_BATCH, LENGTH, generator)
    times = _seconds(sampled, advance, prior.device)
    return times, last


def _products(prior: NeuralPrior, advance: Advance) -> list[float]:
    """The recurrent and the output product of every step, and nothing else."""
    assert isinstance(prior.network, RecurrentNetwork)  # made here
    recurrent = prior.network.recurrence.all_weights[0][1].detach().t()  # (H, 4 H)
    head = prior.network.head.weight.detach().t()  # (H, V)
    hidden = torch.rand(SAMPLING_BATCH, WIDTH, device=prior.device)
    gates, logits = hidden @ recurrent, hidden @ head

    def products() -> None:
        for _ in range(LENGTH):
            torch.mm(hidden, recurrent, out=gates)
            torch.mm(hidden, head, out=logits)

    with torch.no_grad():
        return _seconds(products, advance, prior.device)


def _learning(
    settings: TuneSettings,
    prior: NeuralPrior,
    reward: Reward,
    batch: SequenceBatch,
    advance: Advance,
) -> list[float]:
    """Updates from one batch."""
    learner = Learner(prior, settings, reward.weights)
    stored = learner.experiences.store(batch, reward(batch).float())
    return _seconds(lambda: learner.learn(stored, 0), advance, prior.device)


def _seconds(work: Callable[[], object], advance: Advance, device: torch.device) -> list[float]:
    """Seconds of each round, after one that is not counted."""
    on_gpu = device.type == "cuda"
    wait: Callable[[], object] = torch.cuda.synchronize if on_gpu else _nothing
    times = []
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - begun)
        advance(1)
    return times[1:]


def _nothing() -> None:
    """A CPU has computed all when the call returns."""
