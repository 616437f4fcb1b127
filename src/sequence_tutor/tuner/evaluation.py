"""The figures logged at every evaluation of a run."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.domain.fingerprints import distinct_share, sequence_hashes
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.protocol import Reports
from sequence_tutor.reward.weighted import explaining
from sequence_tutor.sampling.importance import optimality
from sequence_tutor.sampling.measure import Measured, Task, commonest, measure
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.settings import TuneSettings


def evaluate_policy(
    policy: Prior, task: Task, settings: TuneSettings, generator: torch.Generator
) -> Record:
    """Means over freshly sampled sequences, under the names the tables use.

    Returns:
        `reward_per_sequence` (weighted) and `reward_terms` (each rule, unweighted), both
        undivided by c; `log_prior_per_token`, `kl_to_prior_per_token` (exact at each visited
        state), `entropy_per_token`, `distinct`; and at gamma = 1 `objective_per_sequence`,
        `log_z_bound` and `effective_sample_size`; `term_means` of a reward that explains itself,
        see `reward.protocol.Explains`; `commonest_opening`, see `measure.Opens`; under `reported`
        what the reward itself has to say of the run so far, see `reward.protocol.Reports`.
    """
    parts, means = _measured(policy, task, settings.evaluate_samples, generator)
    tokens = float(sum(int(part.chosen.sum()) for part in parts))
    terms = torch.cat([part.terms.sum(1) for part in parts])  # (N, R)
    rewards = terms @ task.reward.weights.to(terms)  # (N,)
    record: Record = {
        "reward_per_sequence": rewards.mean().item(),
        "reward_terms": dict(zip(task.reward.names, terms.mean(0).tolist(), strict=True)),
        "log_prior_per_token": _per_token([part.log_prior for part in parts], tokens),
        "kl_to_prior_per_token": _per_token([part.kl for part in parts], tokens),
        "entropy_per_token": _per_token([part.entropy for part in parts], tokens),
        "distinct": distinct_share(torch.cat([sequence_hashes(part.batch) for part in parts])),
    }
    if settings.discount == 1:
        differences = [(part.log_reference - part.log_policy).sum(1) for part in parts]
        figures = optimality(rewards / settings.c + torch.cat(differences))
        record["objective_per_sequence"] = finite_or_none(figures.objective)
        record["log_z_bound"] = finite_or_none(figures.log_z_bound)
        record["effective_sample_size"] = figures.effective_sample_size
    if task.opener is not None:
        given = len(task.prefix)
        openings = [one for part in parts for one in task.opener.openings(part.batch, given)]
        record["commonest_opening"] = commonest(openings)
    if means:
        record["term_means"] = means
    reported = task.reward.report() if isinstance(task.reward, Reports) else {}
    return {**record, "reported": reported} if reported else record


def _measured(
    policy: Prior, task: Task, count: int, generator: torch.Generator
) -> tuple[list[Measured], dict[str, float]]:
    """Samples, and the mean of every number that the reward's terms are made of, if any."""
    parts: list[Measured] = []
    values: dict[str, list[Tensor]] = {}
    explains = explaining(task.reward)
    for part in measure(policy, task, count, generator):
        parts.append(part)
        for name, own in explains.explain(part.batch).items() if explains else ():
            values.setdefault(name, []).append(own[~own.isnan()])
    every = {name: torch.cat(own) for name, own in values.items()}
    return parts, {name: own.mean().item() for name, own in every.items() if len(own)}


def _per_token(values: list[Tensor], tokens: float) -> float:
    return sum(value.sum().item() for value in values) / tokens
