"""Warnings that name a sickness of a run while it can still be stopped."""

from __future__ import annotations

from collections.abc import Sequence

from sequence_tutor.run_log import Record
from sequence_tutor.tuner.settings import HealthSettings


def diagnose(
    records: Sequence[Record], settings: HealthSettings | None = None, *, squared: bool = True
) -> list[str]:
    """What is wrong at the last evaluation of a log, one sentence each.

    Args:
        records: the evaluations so far, oldest first, as `tuner.loop` logs them.
        settings: the limits; None: the default ones.
        squared: whether the loss is a squared error. That of a policy gradient is no measure of
            anything, and may be below 0.
    """
    if not records:
        return []
    limits = settings or HealthSettings()
    last = records[-1]
    found = (
        _collapse(last, limits),
        _validity(records, limits),
        _kl(last, limits),
        _loss(records, limits) if squared else None,
    )
    return [warning for warning in found if warning]


def _collapse(last: Record, limits: HealthSettings) -> str | None:
    if last["distinct"] >= limits.distinct:
        return None
    return (
        f"collapse: only {last['distinct']:.0%} of the sampled sequences are distinct; "
        "a larger c or lower weights keep more of them"
    )


def _validity(records: Sequence[Record], limits: HealthSettings) -> str | None:
    """Compared with the best evaluation so far, because priors differ in what they begin with."""
    name = limits.share_term
    shares = [
        record["reward_terms"][name] for record in records if name in record.get("reward_terms", {})
    ]
    if not shares:
        return None
    if max(shares) == 0:
        return f"no sampled sequence was {name} so far, or none could be scored: nothing is paid"
    if shares[-1] >= max(shares) - limits.share_drop:
        return None
    return (
        f"validity drop: {shares[-1]:.0%} of the sampled sequences are {name} after "
        f"{max(shares):.0%}; a larger weight of {name!r} or a larger c brings them back"
    )


def _kl(last: Record, limits: HealthSettings) -> str | None:
    kl = last["kl_to_prior_per_token"]
    if kl <= limits.kl_per_token:
        return None
    return (
        f"KL running away: {kl:.2f} nats per token from the prior; "
        "a larger c keeps the policy closer"
    )


def _loss(records: Sequence[Record], limits: HealthSettings) -> str | None:
    losses = [record["loss"] for record in records if record.get("loss") is not None]
    if len(losses) < 2 or losses[-1] <= limits.loss_growth * min(losses):
        return None
    return (
        f"loss diverging: {losses[-1]:.3g} after {min(losses):.3g}; try a lower "
        "optimiser.learning_rate or optimiser.robust = 10"
    )
