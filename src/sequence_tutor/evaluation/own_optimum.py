"""How far a policy is from the optimum of its own algorithm, where all sequences are enumerated.

p(x) exp(r(x)/c) / Z is the optimum of Psi, G and their relatives at discount 1. At another discount
they have another, and Q and RL only have theirs, the softmax of the hard fixed point, at every
discount. (REINFORCE on the reward alone has none but the best sequence.)
"""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.estimates import Estimate, exactly
from sequence_tutor.evaluation.bounds import enumerable_space
from sequence_tutor.exact import hard_optimum, kl_to_optimum, soft_optimum
from sequence_tutor.objectives.divergences import tempered
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.looking_ahead import paid_where_decided
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.causality import late_terms, mask_of
from sequence_tutor.tuner.settings import TuneSettings


def own_optimum(policy: Prior, task: Task, tune: TuneSettings) -> dict[str, Estimate]:
    """`kl_to_own_optimum_per_sequence`, KL(pi || pi*) in nats of whole sequences.

    Nothing where that is the optimum that other figures speak of, or sequences are too many.

    Args:
        policy: pi.
        task: what it was tuned on, at the prior temperature of the objective.
        tune: how.
    """
    traits, space = tune.traits, enumerable_space(task)
    is_hard = traits.fits == "hard"
    discounts = traits.held and "discount" in traits.reads and tune.discount < 1
    if space is None or not (is_hard or discounts):
        return {}
    late = mask_of(task.reward, late_terms(task))

    def paid(batch: SequenceBatch) -> Tensor:
        terms = paid_where_decided(task.reward(batch), batch.lengths, late)
        return terms @ task.reward.weights.to(terms)

    def reference(tokens: Tensor) -> Tensor:
        return tempered(task.prior.sequence_log_probs(tokens), task.prior_temperature)

    with torch.no_grad():
        rewards, log_prior = space.rewards(paid), space.log_policy(reference)
        if is_hard:
            augmented = log_prior if traits.held else None
            best = hard_optimum(rewards, tune.c, tune.discount, augmented).log_policy
        else:
            best = soft_optimum(log_prior, rewards, tune.c, tune.discount).log_policy
        kl = kl_to_optimum(space.log_policy(policy.sequence_log_probs), best)
    return {"kl_to_own_optimum_per_sequence": exactly(kl)}
