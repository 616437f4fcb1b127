"""THE loop: collect, store, learn, evaluate, save."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from sequence_tutor.checkpoints import load_checkpoint, named, save_checkpoint, under
from sequence_tutor.errors import UserError
from sequence_tutor.measure import Task, score
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.progress import Advance
from sequence_tutor.randomness import named_generator
from sequence_tutor.replay.sampling import mixed_places
from sequence_tutor.replay.sequences import SequenceReplay
from sequence_tutor.rollout import rollout
from sequence_tutor.run_log import Record, RunLog
from sequence_tutor.tuner.evaluation import evaluate_policy
from sequence_tutor.tuner.exploration import Exploration
from sequence_tutor.tuner.health import diagnose
from sequence_tutor.tuner.learner import Learner
from sequence_tutor.tuner.policy import TunedPolicy
from sequence_tutor.tuner.settings import TuneSettings

STATE_FILE = "training.safetensors"
LOG_FILE = "training.jsonl"

Warn = Callable[[str], None]


class Tuner:
    """Tunes a copy of a prior toward a reward.

    Everything that changes is saved in `directory` at every evaluation; a tuner made again with
    the same arguments continues from there and ends with the same numbers, bit for bit, on the
    same machine and number of threads.

    Args:
        task: prior, reward and length. The prior must be a network: its weights are the start.
        settings: see `TuneSettings`.
        directory: where state and log are kept.
        warn: called with each warning about the run's health.

    Raises:
        UserError: `directory` holds a run with other settings.
    """

    def __init__(
        self, task: Task, settings: TuneSettings, directory: Path, warn: Warn = lambda _: None
    ) -> None:
        if not isinstance(task.prior, NeuralPrior):
            raise UserError("this prior is no network of ours; tuning needs one to start from")
        self.task = replace(task, prior_temperature=settings.prior_temperature)
        self.settings, self.warn = settings, warn
        device = task.prior.device
        self.learner = Learner(task.prior, settings, task.reward.weights)
        self.replay = SequenceReplay(
            settings.replay.capacity,
            task.length,
            task.reward.weights.to(device),
            settings.replay.keep,
        )
        self.exploration = Exploration(settings.exploration)
        self.rng = named_generator(settings.seed, "tuner", device)
        self.step = 0
        self.seconds = 0.0
        self.state_path = directory / STATE_FILE
        self._fingerprint = {
            "settings": settings.model_dump(mode="json"),
            "reward": dict(zip(task.reward.names, task.reward.weights.tolist(), strict=True)),
            "length": task.length,
        }
        resumed = self.state_path.exists()
        if resumed:
            self._restore()
        self.log = RunLog(directory / LOG_FILE, self.step if resumed else None)

    def run(self, advance: Advance) -> TunedPolicy:
        """Tune to the end, from wherever the run stands."""
        advance(self.step)
        begun = time.perf_counter()
        if self.step == 0:
            self._evaluate({})
            self._warm_start()
        while self.step < self.settings.steps:
            if self.step % self.settings.collect_every == 0:
                self._collect()
            metrics = self._learn()
            self.step += 1
            live = self.log.records[-1]
            advance(
                1,
                loss=metrics["loss"],
                reward=live["reward_per_sequence"],
                kl=live["kl_to_prior_per_token"],
                distinct=live["distinct"],
            )
            if self.step % self.settings.evaluate_every == 0 or self.step == self.settings.steps:
                self.seconds += time.perf_counter() - begun
                begun = time.perf_counter()
                self._evaluate(metrics)
                self._save()
        return self.learner.policy

    @property
    def transitions(self) -> int:
        """How many (state, token) pairs have been learned from so far, counting repeats."""
        return self.step * self.settings.batch * self.task.length

    def _warm_start(self) -> None:
        """Fill replay from the untouched policy, so that its rare good sequences are at hand."""
        for _ in range(0, self.settings.replay.warm_start, self.settings.collect):
            self._collect()

    def _collect(self) -> None:
        """Sample new sequences with exploration and store them with their rewards."""
        self.exploration.anneal(self.step / self.settings.steps)
        sampled = rollout(
            self.learner.policy,
            self.settings.collect,
            self.task.length,
            self.rng,
            end_token=self.task.end_token,
            explore=self.exploration,
        )
        self.replay.add(sampled.batch, score(self.task.reward, sampled.batch))

    def _learn(self) -> dict[str, float]:
        """One update on a mixture of the newest and of replayed sequences."""
        settings = self.settings
        places = mixed_places(
            self.replay,
            count=settings.batch,
            fresh=round(settings.replay.fresh * settings.batch),
            by_return=settings.replay.by_return,
            generator=self.rng,
        )
        return self.learner.learn(self.replay.read(places), self.step)

    def _evaluate(self, metrics: dict[str, float]) -> None:
        """Log what the policy does now; its randomness is its own, so training is untouched."""
        generator = named_generator(
            self.settings.seed, f"evaluation at {self.step}", self.rng.device
        )
        record: Record = {
            "step": self.step,
            "transitions": self.transitions,
            "seconds": round(self.seconds, 2),
            "exploration": self.exploration.strength,
            "loss": None,
            "gradient_norm": None,
            **metrics,
            **evaluate_policy(self.learner.policy, self.task, self.settings, generator),
        }
        warnings = diagnose([*self.log.records, record])
        self.log.append({**record, "warnings": warnings})
        for warning in warnings:
            self.warn(f"step {self.step}: {warning}")

    def _save(self) -> None:
        save_checkpoint(
            self.state_path,
            {
                **self.learner.state(),
                **named("replay", self.replay.state()),
                "generator": self.rng.get_state(),
            },
            {"fingerprint": self._fingerprint, "step": self.step, "seconds": self.seconds},
        )

    def _restore(self) -> None:
        tensors, info = load_checkpoint(self.state_path)
        if info.get("fingerprint") != self._fingerprint:
            raise UserError(
                f"{self.state_path.parent}: holds a run with other settings; use another --out, "
                "or delete it to begin anew"
            )
        self.learner.restore(tensors)
        self.replay.restore(under("replay", tensors))
        self.rng.set_state(torch.as_tensor(tensors["generator"]))
        self.step, self.seconds = info["step"], info["seconds"]
        every = self.settings.collect_every
        self.exploration.anneal((self.step - 1) // every * every / self.settings.steps)
