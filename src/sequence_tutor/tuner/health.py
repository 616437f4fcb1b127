"""Warnings about a run that goes wrong, while it can still be stopped."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.fenced import OUTSIDE
from sequence_tutor.tuner.health_settings import HealthSettings
from sequence_tutor.tuner.target_kl import MISSED


def diagnose(
    records: Sequence[Record],
    settings: HealthSettings | None = None,
    *,
    squared: bool = True,
    expected_kl: float = 0.0,
    opening: str = "opening",
    real: str = "",
) -> list[str]:
    """What is wrong at the last evaluation of a log, one sentence each.

    Args:
        records: the evaluations so far, oldest first, as `tuner.loop` logs them.
        settings: the limits; None: the default ones.
        squared: whether the loss is a squared error. That of a policy gradient is no measure of
            anything, and may be below 0.
        expected_kl: nats per token from the prior that the run is to come to; infinite where
            nothing holds it near the prior.
        opening: what the sequences' openings are called.
        real: how often real sequences have their commonest one, such as "real tunes: 17%"; empty:
            it is not known.
    """
    if not records:
        return []
    limits = settings or HealthSettings()
    last = records[-1]
    found = (
        _collapse(records, limits),
        _opening(records, limits, opening, real),
        _validity(records, limits),
        _fence(last),
        _kl(last, limits, expected_kl),
        _loss(records, limits) if squared else None,
    )
    return [warning for warning in found if warning]


def _collapse(records: Sequence[Record], limits: HealthSettings) -> str | None:
    """Compared with the untouched policy, which on a small problem repeats itself too.

    A limit that somebody has chosen is taken as it is.
    """
    first, last = records[0], records[-1]
    is_own = limits.distinct != HealthSettings().distinct
    usual = first["distinct"] if first.get("step") == 0 and not is_own else 1.0
    if last["distinct"] >= limits.distinct * usual:
        return None
    before = f" after {usual:.0%}" if usual < 1 else ""
    return (
        f"collapse: only {last['distinct']:.0%} of the sampled sequences are distinct{before}; "
        "a larger c or lower weights keep more of them"
    )


def _opening(records: Sequence[Record], limits: HealthSettings, name: str, real: str) -> str | None:
    """Sequences that all differ may begin alike; compared with the untouched policy, the prior."""
    first, last = records[0].get("commonest_opening"), records[-1].get("commonest_opening")
    if first is None or last is None or last <= max(limits.opening, 2 * first):
        return None
    beside = f"prior: {first:.0%}{', ' if real else ''}{real}"
    return (
        f"one {name} has taken over: {last:.0%} of the sampled sequences share it ({beside}); "
        "a larger c, a prior_temperature above 1 or other weights keep more of them"
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


def _fence(last: Record) -> str | None:
    if last.get("reward_terms", {}).get(OUTSIDE) != -1:
        return None
    return (
        "every sampled sequence is outside the fence, so that none is scored: there is nothing to "
        "learn from; wider bounds of tune.fence let some in"
    )


def _kl(last: Record, limits: HealthSettings, expected: float) -> str | None:
    kl = last["kl_to_prior_per_token"]
    if kl <= max(limits.kl_per_token, (1 + MISSED) * expected):
        return None
    return (
        f"KL running away: {kl:.2f} nats per token from the prior; "
        "a larger c keeps the policy closer"
    )


def _loss(records: Sequence[Record], limits: HealthSettings) -> str | None:
    """Losses of one stage, in units of the reward: in nats they grow as c falls, by 1 / c^2.

    Aims pay what their multipliers say, and these begin at zero: a squared error may grow as the
    square of their sum.
    """
    comparable = [
        record
        for record in records
        if record.get("loss") is not None and record.get("stage") == records[-1].get("stage")
    ]
    if len(comparable) < 2 or comparable[-1] is not records[-1]:
        return None

    def scaled(record: Record) -> float:
        return float(record["loss"] * _learned_at(record) ** 2)

    last = comparable[-1]
    now = _multipliers(last)

    def due(record: Record) -> float:
        """What the loss would be at the multipliers of the last one; infinite from zero."""
        then = _multipliers(record)
        if now <= then:
            return scaled(record)
        return scaled(record) * (now / then) ** 2 if then else math.inf

    before = min(comparable, key=due)
    if scaled(last) <= limits.loss_growth * due(before):
        return None
    at_c = "" if _learned_at(last) == _learned_at(before) else f" at c = {_learned_at(before):.3g}"
    return (
        f"loss diverging: {last['loss']:.3g} after {before['loss']:.3g}{at_c}; try a lower "
        "optimiser.learning_rate or optimiser.robust = 10"
    )


def _multipliers(record: Record) -> float:
    """The sum of all aims' multipliers; 0 without aims."""
    return float(sum(abs(aim["multiplier"]) for aim in record.get("aims", {}).values()))


def _learned_at(record: Record) -> float:
    """The c that the last update before an evaluation divided rewards by."""
    for name in ("learning_c", "c"):  # logs of before had the second alone
        if name in record:
            return float(record[name])
    return 1.0
