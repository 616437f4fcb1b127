"""Plain draws of a model: every sequence as sampled, with its likelihoods and rewards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.yardstick import scored_here
from sequence_tutor.progress import heading
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.measure import log_likelihood, score
from sequence_tutor.sequences import SequenceBatch

DRAWS_FILE = "draws.jsonl"
AT_ONCE = 256


def draws(model: Model, batch: SequenceBatch, given: int, *, quiet: bool) -> list[dict[str, Any]]:
    """One object a sequence, as `DRAWS_FILE` has them; JSON.

    Args:
        given: number of tokens that each begins with; they are not part of the likelihoods.

    Returns:
        `tokens`; `log_prior` and `log_policy`, log p(x) and log pi(x) of the chosen tokens under
        the prior and the model themselves, whatever temperature or advice was sampled with;
        `reward`, the weighted sum, and `terms`, unweighted, both null where the reward is not
        available.
    """
    try:
        reward: Reward | None = scored_here(model).reward
    except UserError as error:
        heading(f"{error}; draws are written without reward", quiet=quiet)
        reward = None
    return list(draw_rows(model, batch, given, reward))


def draw_rows(
    model: Model, batch: SequenceBatch, given: int, reward: Reward | None
) -> Iterator[dict[str, Any]]:
    """The objects of `draws`, one by one, by a reward that is there already."""
    for begin in range(0, len(batch), AT_ONCE):
        yield from _rows(model, batch[slice(begin, begin + AT_ONCE)], given, reward)


def _rows(
    model: Model, batch: SequenceBatch, given: int, reward: Reward | None
) -> Iterator[dict[str, Any]]:
    on_device = batch.to(model.device)
    log_prior = log_likelihood(model.stored.prior, on_device, given)
    log_policy = log_likelihood(model.policy, on_device, given)
    terms: list[dict[str, float]] | list[None] = [None] * len(batch)
    totals: list[float] | list[None] = [None] * len(batch)
    if reward is not None:
        paid = score(reward, on_device).sum(1)  # (B, R)
        totals = (paid @ reward.weights.to(paid)).tolist()
        terms = [dict(zip(reward.names, row, strict=True)) for row in paid.tolist()]
    columns = (batch.to_lists(), log_prior, log_policy, totals, terms)
    for tokens, prior, policy, total, own in zip(*columns, strict=True):
        yield {
            "tokens": tokens,
            "log_prior": prior if prior > -torch.inf else None,
            "log_policy": policy if policy > -torch.inf else None,
            "reward": total,
            "terms": own,
        }
