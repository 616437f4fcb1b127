"""What a run says of itself: an entry for each evaluation, and warnings of what goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.domain.fingerprints import distinct_share, sequence_hashes
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.protocol import Reports, left_out
from sequence_tutor.reward.weighted import Reweighted, explaining, without_weights
from sequence_tutor.sampling.importance import optimality
from sequence_tutor.sampling.measure import Measured, Task, commonest, measure, measure_given
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.run_log import Record, RunLog
from sequence_tutor.tracking.fan_out import FanOut
from sequence_tutor.tuner.aiming import Aiming
from sequence_tutor.tuner.aims_log import entries, remarks
from sequence_tutor.tuner.health import diagnose
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import Stage, most_steps
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
        aiming: the run's aims, if any.
        loggers: receive each line; None: there are none.
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
        *,
        aiming: Aiming | None = None,
        loggers: FanOut | None = None,
    ) -> None:
        self.task, self.settings, self.warn, self.device = task, settings, warn, device
        self.aiming = aiming
        self._log = RunLog(directory / LOG_FILE, last_step, stand)
        self._loggers = loggers
        if loggers is not None:
            loggers.begin(self._log.records)

    @property
    def records(self) -> list[Record]:
        """The entries so far."""
        return self._log.records

    @property
    def stand(self) -> dict[str, Any]:
        """How far the log goes, as plain JSON."""
        return self._log.stand

    def measured(
        self,
        *,
        policy: Prior,
        stage: Stage,
        c: float,
        step: int,
        collected: tuple[SequenceBatch, Tensor] | None = None,
    ) -> Record:
        """What the policy does now; its randomness is its own, so training is untouched.

        Args:
            policy: pi.
            stage: whose weights count.
            c: the temperature now.
            step: updates so far.
            collected: sequences, (B, T), and what they were paid, (B, T, R), that are taken for the
                policy's; None: it is sampled.
        """
        task = replace(self.task, reward=Reweighted(self.task.reward, stage.weights))
        settings = stage.settings.model_copy(update={"c": c})
        generator = named_generator(self.settings.seed, f"evaluation at {step}", self.device)
        return evaluate_policy(policy, task, settings, generator, self.aiming, collected)

    def enter(self, record: Record, *, is_last: bool = False) -> None:
        """Write an entry, with warnings of what is wrong.

        Args:
            record: of an evaluation, with its `step`.
            is_last: whether the run is over.

        Raises:
            UserError: the run is sick, and is to be stopped where it is.
        """
        step = record["step"]
        records = [*self.records, record]
        sick = diagnose(
            records,
            self.settings.health,
            squared="optimiser.robust" in self.settings.traits.reads,
            expected_kl=self._expected_kl(),
            opening="opening" if self.task.opener is None else self.task.opener.opening,
            real=self.task.real,
        )
        target = self.settings.target_kl
        missed = missed_target(records, target) if is_last and target is not None else None
        warnings = [*sick, *([missed] if missed else [])]
        if self.aiming is not None:
            steps = most_steps(self.settings)
            warnings += remarks(records, self.aiming, steps, is_last=is_last)
        known = {_kind(warning) for entry in self.records[-1:] for warning in entry["warnings"]}
        self._log.append({**record, "warnings": warnings})
        if self._loggers is not None:
            self._loggers.append(self._log.records)
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


def evaluate_policy(
    policy: Prior,
    task: Task,
    settings: TuneSettings,
    generator: torch.Generator,
    aiming: Aiming | None = None,
    collected: tuple[SequenceBatch, Tensor] | None = None,
) -> Record:
    """Means over freshly sampled sequences, or `collected` ones, under the names the tables use.

    Returns:
        `reward_per_sequence` (weighted) and `reward_terms` (each rule that the stage computes,
        unweighted), both undivided by c; `log_prior_per_token`, `kl_to_prior_per_token` (exact at
        each visited state), `entropy_per_token`, `distinct`; and at gamma = 1
        `objective_per_sequence`, `log_z_bound` and `effective_sample_size`; `term_means` of a
        reward that explains itself, see `reward.protocol.Explains`; `commonest_opening`, see
        `measure.Opens`; under `reported` what the reward itself has to say of the run so far, see
        `reward.protocol.Reports`.
    """
    parts, means = _measured(policy, task, settings.evaluate_samples, generator, collected)
    tokens = float(sum(int(part.chosen.sum()) for part in parts))
    terms = torch.cat([part.terms.sum(1) for part in parts])  # (N, R)
    rewards = terms @ task.reward.weights.to(terms)  # (N,)
    paid_terms = dict(zip(task.reward.names, terms.mean(0).tolist(), strict=True))
    unknown = left_out(without_weights(task.reward))
    record: Record = {
        "reward_per_sequence": rewards.mean().item(),
        "reward_terms": {name: own for name, own in paid_terms.items() if name not in unknown},
        "log_prior_per_token": _per_token([part.log_prior for part in parts], tokens),
        "kl_to_prior_per_token": _per_token([part.kl for part in parts], tokens),
        "entropy_per_token": _per_token([part.entropy for part in parts], tokens),
        "distinct": distinct_share(torch.cat([sequence_hashes(part.batch) for part in parts])),
    }
    if settings.discount == 1:
        differences = [(part.log_reference - part.log_policy).sum(1) for part in parts]
        paid = rewards / settings.c
        if aiming is not None:
            paid = torch.cat([_paid(part, task, settings.c, aiming) for part in parts])
        figures = optimality(paid + torch.cat(differences))
        record["objective_per_sequence"] = finite_or_none(figures.objective)
        record["log_z_bound"] = finite_or_none(figures.log_z_bound)
        record["effective_sample_size"] = figures.effective_sample_size
    if task.opener is not None:
        given = len(task.prefix)
        openings = [one for part in parts for one in task.opener.openings(part.batch, given)]
        record["commonest_opening"] = commonest(openings)
    if means:
        record["term_means"] = means
    if aiming is not None:
        counts = torch.cat([aiming.measured(part)[0] for part in parts])
        record["aims"] = entries(aiming, counts)
    reported = task.reward.report() if isinstance(task.reward, Reports) else {}
    return {**record, "reported": reported} if reported else record


def _measured(
    policy: Prior,
    task: Task,
    count: int,
    generator: torch.Generator,
    collected: tuple[SequenceBatch, Tensor] | None,
) -> tuple[list[Measured], dict[str, float]]:
    """Samples, and the mean of every number that the reward's terms are made of, if any."""
    parts: list[Measured] = []
    values: dict[str, list[Tensor]] = {}
    explains = explaining(task.reward)
    sampled: Iterable[Measured] = measure(policy, task, count, generator)
    if collected is not None:
        sampled = [measure_given(policy, task, *collected)]
    for part in sampled:
        parts.append(part)
        for name, own in explains.explain(part.batch).items() if explains else ():
            values.setdefault(name, []).append(own[~own.isnan()])
    every = {name: torch.cat(own) for name, own in values.items()}
    return parts, {name: own.mean().item() for name, own in every.items() if len(own)}


def _paid(part: Measured, task: Task, c: float, aiming: Aiming) -> Tensor:
    """(B,) what each sequence is paid, in nats, by reward and aims."""
    counts, rare = aiming.measured(part)
    payments = aiming.payments
    reward = (part.terms @ task.reward.weights.to(part.terms) / c).sum(1, keepdim=True)  # (B, 1)
    log_prior = part.log_reference.sum(1, keepdim=True)
    paid = payments.common(reward, log_prior, counts[:, None]).squeeze(1)
    return aiming.with_rarity(paid, rare)


def _per_token(values: list[Tensor], tokens: float) -> float:
    return sum(value.sum().item() for value in values) / tokens
