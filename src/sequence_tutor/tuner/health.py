"""Warnings that name a sickness of a run while it can still be stopped."""

from __future__ import annotations

from collections.abc import Sequence

from sequence_tutor.run_log import Record

DISTINCT_FLOOR = 0.5
KL_CEILING = 2.0
LOSS_GROWTH = 20.0


def diagnose(records: Sequence[Record]) -> list[str]:
    """What is wrong at the last evaluation of a log, one sentence each.

    Args:
        records: the evaluations so far, oldest first, as `tuner.loop` logs them.
    """
    if not records:
        return []
    last = records[-1]
    warnings = []
    if last["distinct"] < DISTINCT_FLOOR:
        warnings.append(
            f"collapse: only {last['distinct']:.0%} of the sampled sequences are distinct; "
            "a larger c or lower weights keep more of them"
        )
    if last["kl_to_prior_per_token"] > KL_CEILING:
        warnings.append(
            f"KL running away: {last['kl_to_prior_per_token']:.2f} nats per token from the prior; "
            "a larger c keeps the policy closer"
        )
    losses = [record["loss"] for record in records if record.get("loss") is not None]
    if len(losses) > 1 and losses[-1] > LOSS_GROWTH * min(losses):
        warnings.append(
            f"loss diverging: {losses[-1]:.3g} after {min(losses):.3g}; try a lower "
            "optimiser.learning_rate or optimiser.robust = 10"
        )
    return warnings
