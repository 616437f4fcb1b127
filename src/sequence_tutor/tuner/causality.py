"""Before a run: which terms of its reward look ahead, and so are paid at the last step."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.prior.protocol import device_of
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.looking_ahead import PaysAtTheEnd, declared, looking_ahead
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch

TRIED = 64
"""Sequences that a reward is tried on."""


def late_terms(task: Task) -> dict[str, int | None]:
    """The terms that look ahead, by what the reward declares and by trying.

    Returns:
        Term -> a step at which it does; None where the reward itself declares it.
    """
    if isinstance(task.reward, PaysAtTheEnd) and task.reward.pays_at_the_end:
        return {}
    own = declared(task.reward)
    found = looking_ahead(task.reward, _tried(task))
    return {**dict.fromkeys(own), **{name: at for name, at in found.items() if name not in own}}


def remark(late: dict[str, int | None], discount: float) -> str | None:
    """A sentence about the terms that were found to look ahead, if any was."""
    found = [f"{name!r} (step {at})" for name, at in late.items() if at is not None]
    if not found:
        return None
    later = "" if discount == 1 else f", discounted as that step is at discount {discount:g}"
    return (
        f"paid for tokens that come later: {', '.join(found)}; what such a term pays a sequence is "
        f"paid at its last step instead{later}, see LOOKS_AHEAD in docs/extend/rule.md"
    )


def mask_of(reward: Reward, late: dict[str, int | None]) -> Tensor:
    """(R,) bool: the terms that look ahead."""
    return torch.tensor([name in late for name in reward.names], dtype=torch.bool)


def _tried(task: Task) -> SequenceBatch:
    """Sequences of the prior, and random ones, which are more different."""
    generator = named_generator(0, "looks ahead", device_of(task.prior))
    likely, any_token = (
        rollout(
            task.prior,
            TRIED // 2,
            task.length,
            generator,
            end_token=task.end_token,
            explore=explore,
            prime=task.prime,
        ).batch
        for explore in (None, _any_token)
    )
    return likely + any_token


def _any_token(log_probs: Tensor, _generator: torch.Generator) -> Tensor:
    """Every token that is possible is as likely, (B, V) -> (B, V)."""
    return log_probs.where(log_probs == -torch.inf, 0.0)
