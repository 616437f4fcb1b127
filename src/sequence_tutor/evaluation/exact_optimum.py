"""The exact optimum, and a policy's distance from it, if all sequences can be enumerated."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.estimates import Estimate, exactly
from sequence_tutor.exact import (
    Levels,
    SequenceSpace,
    along_sequences,
    enumerate_sequences,
    kl_to_optimum,
    sequence_kl,
)
from sequence_tutor.exact.space import cut_at_end
from sequence_tutor.models.action_values import NEVER, barred_tokens
from sequence_tutor.objectives.divergences import tempered
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.looking_ahead import paid_where_decided
from sequence_tutor.sampling.measure import Task, score
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.causality import late_terms, mask_of
from sequence_tutor.tuner.settings import TuneSettings

MOST_ENUMERATED = 2**16
"""Largest number of sequences that are enumerated."""


def exact_figures(policy: Prior, task: Task, c: float) -> dict[str, Estimate]:
    """The exact figures of a policy; none if there are too many sequences.

    Returns:
        `log_z_exact`; `log_z_upper`, which is log Z + KL(optimum || pi); and
        `kl_to_optimum_per_sequence`, KL(pi || optimum).
    """
    space = enumerable_space(task)
    if space is None:
        return {}
    optimum, log_z = exact_optimum(task, space, c)
    log_policy = along_sequences(space.log_policy(policy.sequence_log_probs))
    figures = {
        "log_z_exact": log_z,
        "log_z_upper": log_z + sequence_kl(optimum, log_policy),
        "kl_to_optimum_per_sequence": sequence_kl(log_policy, optimum),
    }
    return {name: exactly(value) for name, value in figures.items()}


def enumerable_space(task: Task) -> SequenceSpace | None:
    """The space of a task's sequences; None: there are too many, or a prefix is given."""
    if task.prior.vocab_size**task.length > MOST_ENUMERATED or task.prefix:
        return None
    return SequenceSpace(task.prior.vocab_size, task.length, task.end_token)


def exact_optimum(task: Task, space: SequenceSpace, c: float) -> tuple[Tensor, float]:
    """Log probabilities (V^T,) of p(x) exp(r/c) / Z by code, and log Z.

    Where a task has only some tokens, it is that among their sequences.
    """
    energy = exact_log_prior(task, space) + exact_rewards(task, space) / c
    barred = barred_tokens(task.only, space.vocab_size)
    if barred is not None:
        tokens = enumerate_sequences(space.vocab_size, space.length).tokens
        before = cut_at_end(tokens, space.end_token).mask
        energy = energy.masked_fill((barred[tokens] & before).any(1), NEVER)
    log_z = energy.logsumexp(0)
    return energy - log_z, float(log_z)


def exact_log_prior(task: Task, space: SequenceSpace) -> Tensor:
    """(V^T,) log p(x) by code, at the objective's prior temperature."""
    return along_sequences(_reference(task, space))


def exact_rewards(task: Task, space: SequenceSpace) -> Tensor:
    """(V^T,) r(x) by code, at whichever steps it is paid."""
    tokens = enumerate_sequences(space.vocab_size, space.length).tokens
    terms = score(task.reward, cut_at_end(tokens, space.end_token)).sum(1)  # (V^T, R)
    return terms @ task.reward.weights.to(terms)


def _reference(task: Task, space: SequenceSpace) -> Levels:
    """Log p(a|s) at the objective's prior temperature."""

    def log_probs(tokens: Tensor) -> Tensor:
        return tempered(task.prior.sequence_log_probs(tokens), task.prior_temperature)

    return space.log_policy(log_probs)


def own_optimum(policy: Prior, task: Task, tune: TuneSettings) -> dict[str, Estimate]:
    """`kl_to_own_optimum_per_sequence`, KL(pi || pi*) in nats, with pi* of pi's algorithm.

    At discount 1 the optimum of Psi, G and their relatives is p(x) exp(r(x)/c) / Z; `exact_figures`
    has it, and it is left out here. At another discount their optimum is the discounted fixed
    point. That of Q and RL only is always the softmax of the hard fixed point. (REINFORCE on the
    reward alone has only the best sequence as optimum.) `task` is at the prior temperature of the
    objective.
    """
    traits, space = tune.traits, enumerable_space(task)
    of_kl_control = traits.held and traits.fits != "hard"
    discounts = "discount" in traits.reads and tune.discount < 1
    if space is None or (of_kl_control and not discounts):
        return {}
    late = mask_of(task.reward, late_terms(task))

    def paid(batch: SequenceBatch) -> Tensor:
        terms = paid_where_decided(task.reward(batch), batch.lengths, late)
        return terms @ task.reward.weights.to(terms)

    with torch.no_grad():
        rewards, log_prior = space.rewards(paid), _reference(task, space)
        best = traits.optimum(log_prior, rewards, tune.c, tune.discount)
        if best is None:
            return {}
        kl = kl_to_optimum(space.log_policy(policy.sequence_log_probs), best)
    return {"kl_to_own_optimum_per_sequence": exactly(kl)}
