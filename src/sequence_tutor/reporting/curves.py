"""Figure 2 of the paper, and what each rule has of the reward, from the logs of runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sequence_tutor.drawing.plot import Plot, Series, plot
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.figures import titles
from sequence_tutor.storage.run_log import Record, number, read_log
from sequence_tutor.tuner.logbook import LOG_FILE

CHARTS = titles(
    *("reward_per_sequence", "log_prior_per_token", "kl_to_prior_per_token"),
    *("entropy_per_token", "distinct", "effective_sample_size"),
)
"""Logged figure -> how its chart is called."""


def read_run_log(folder: Path, sha256: str | None = None) -> list[Record]:
    """The evaluations of a run.

    Args:
        folder: of the run.
        sha256: of its log, as the run's record has it.

    Raises:
        UserError: there are none, a line is no evaluation, or the log is another.
    """
    path = folder / LOG_FILE
    records = read_log(path, sha256)
    if not records:
        raise UserError(f"{path}: no evaluation in it, expected those that tuning wrote")
    return records


def training_curves(logs: Mapping[str, Sequence[Record]], first_style: int) -> list[Plot]:
    """One chart a figure, one line a run, against updates.

    Args:
        logs: name of each run -> its evaluations.
        first_style: place of the first run in the list of models.
    """
    charts = [
        plot(
            title,
            "updates",
            [
                _series(run, place, log, [number(record, figure) for record in log])
                for place, (run, log) in enumerate(logs.items(), start=first_style)
            ],
        )
        for figure, title in CHARTS.items()
    ]
    return [chart for chart in charts if chart is not None]


@dataclass(frozen=True)
class RuleShares:
    """What each rule adds to the reward of a sequence, with weights.

    Attributes:
        charts: one a rule, against updates.
        runs: their names.
        last: (rule, for each run its points at the end and their share in percent of what all
            rules pay and take, or None where the run has no such rule).
    """

    charts: Sequence[Plot]
    runs: Sequence[str]
    last: Sequence[tuple[str, Sequence[tuple[float, float] | None]]]


def rule_shares(
    logs: Mapping[str, Sequence[Record]],
    weights: Mapping[str, Mapping[str, float]],
    first_style: int,
) -> RuleShares | None:
    """The share of every rule; None where the logs do not tell rules apart.

    Args:
        logs: name of each run -> its evaluations.
        weights: name of each run -> weight of each rule in its reward.
        first_style: place of the first run in the list of models.
    """
    paid = {run: _paid(log, weights[run]) for run, log in logs.items()}
    charts, last = [], []
    for rule in dict.fromkeys(rule for own in paid.values() for rule in own):
        series = [
            _series(run, place, logs[run], own[rule])
            for place, (run, own) in enumerate(paid.items(), first_style)
            if rule in own
        ]
        chart = plot(_words(rule), "updates", series)
        if chart is not None:
            charts.append(chart)
            last.append((_words(rule), [_at_end(own, rule) for own in paid.values()]))
    return RuleShares(charts, list(logs), last) if charts else None


def term_curves(logs: Mapping[str, Sequence[Record]], first_style: int) -> list[Plot]:
    """The mean of every number that the terms of rewards are made of, against updates.

    Args:
        logs: name of each run -> its evaluations.
        first_style: place of the first run in the list of models.
    """
    means = {run: [_mapping(record, "term_means") for record in log] for run, log in logs.items()}
    names = dict.fromkeys(name for own in means.values() for record in own for name in record)
    charts = []
    for name in names:
        series = [
            _series(run, place, logs[run], [number(record, name) for record in own])
            for place, (run, own) in enumerate(means.items(), first_style)
            if any(name in record for record in own)
        ]
        charts.append(plot(_words(name), "updates", series))
    return [chart for chart in charts if chart is not None]


def _paid(log: Sequence[Record], weights: Mapping[str, float]) -> dict[str, list[float]]:
    """For each rule what it added at each evaluation."""
    return {
        rule: [weight * number(_terms(record), rule) for record in log]
        for rule, weight in weights.items()
    }


def _at_end(paid: Mapping[str, Sequence[float]], rule: str) -> tuple[float, float] | None:
    if rule not in paid or not math.isfinite(paid[rule][-1]):
        return None
    everything = sum(abs(own[-1]) for own in paid.values() if math.isfinite(own[-1]))
    return paid[rule][-1], 100 * abs(paid[rule][-1]) / (everything or 1.0)


def _series(run: str, place: int, log: Sequence[Record], values: Sequence[float]) -> Series:
    return Series(run, place, [float(record["step"]) for record in log], values)


def _terms(record: Record) -> Mapping[str, object]:
    return _mapping(record, "reward_terms")


def _mapping(record: Record, name: str) -> Mapping[str, object]:
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def _words(name: str) -> str:
    return name.replace("_", " ")
