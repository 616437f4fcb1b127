"""What a run says of itself: an entry for each evaluation, and warnings that name a sickness."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.errors import UserError
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.weighted import Reweighted
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.run_log import Record, RunLog
from sequence_tutor.tuner.evaluation import evaluate_policy
from sequence_tutor.tuner.health import diagnose
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import Stage
from sequence_tutor.tuner.target_kl import missed_target

LOG_FILE = "training.jsonl"

Warn = Callable[[str], None]


class Logbook:
    """The entries of one run, kept in its folder.

    Args:
        directory: where the file is.
        last_step: of the entries to keep, where a run goes on; None: it begins.
        stand: how far the log went then, as `stand` said; None: it is not known.
        task: what the policy is evaluated on.
        settings: of the run.
        warn: called with each warning about the run's health.
        device: of the randomness.
    """

    def __init__(
        self,
        directory: Path,
        last_step: int | None,
        stand: Mapping[str, Any] | None,
        task: Task,
        settings: TuneSettings,
        warn: Warn,
        device: torch.device,
    ) -> None:
        self.task, self.settings, self.warn, self.device = task, settings, warn, device
        self._log = RunLog(directory / LOG_FILE, last_step, stand)

    @property
    def records(self) -> list[Record]:
        """The entries so far."""
        return self._log.records

    @property
    def stand(self) -> dict[str, Any]:
        """How far the log goes, as plain JSON."""
        return asdict(self._log.stand)

    def enter(
        self, policy: Prior, stage: Stage, c: float, so_far: Record, *, is_last: bool = False
    ) -> None:
        """What the policy does now; its randomness is its own, so training is untouched.

        Args:
            policy: pi.
            stage: whose weights count.
            c: the temperature now.
            so_far: what else the entry holds, `step` among it.
            is_last: whether the run is over.

        Raises:
            UserError: the run is sick, and is to be stopped where it is.
        """
        step, seed = so_far["step"], self.settings.seed
        task = replace(self.task, reward=Reweighted(self.task.reward, stage.weights))
        settings = stage.settings.model_copy(update={"c": c})
        generator = named_generator(seed, f"evaluation at {step}", self.device)
        record = {**so_far, **evaluate_policy(policy, task, settings, generator)}
        records = [*self.records, record]
        sick = diagnose(
            records,
            self.settings.health,
            squared="optimiser.robust" in self.settings.traits.reads,
            expected_kl=self._expected_kl(),
            opening="opening" if self.task.opener is None else self.task.opener.opening,
        )
        target = self.settings.target_kl
        missed = missed_target(records, target) if is_last and target is not None else None
        warnings = [*sick, *([missed] if missed else [])]
        known = {_kind(warning) for entry in self.records[-1:] for warning in entry["warnings"]}
        self._log.append({**record, "warnings": warnings})
        for warning in warnings:
            if _kind(warning) not in known:  # what lasts is said as it begins
                self.warn(f"step {step}: {warning}")
        if sick and self.settings.health.stop:
            raise UserError(f"stopped at step {step} because health.stop is set: {sick[0]}")

    def _expected_kl(self) -> float:
        """Nats per token from the prior that the settings ask for."""
        return (self.settings.target_kl or 0.0) if self.settings.traits.held else math.inf


def _kind(warning: str) -> str:
    """What it is of, whatever its numbers."""
    return warning.partition(":")[0]
