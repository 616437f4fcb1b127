"""Actor-critic with a critic of all tokens, as Bahdanau et al. 2017 train sequences.

Source: *An actor-critic algorithm for sequence prediction*, Algorithm 1
(https://arxiv.org/abs/1607.07086). Actor pi and critic Q are two networks, each with a slow copy,
pi' and Q'. In the terms of KL-control, with pays_t = r_t / c + log p(a_t|s_t):

    y_t    = pays_t + gamma sum_a pi'(a|s_t+1) (Q'(s_t+1, a) - log pi'(a|s_t+1))      (their Eq. 5)
    critic = sum_t (Q(s_t, a_t) - y_t)^2
             + lambda sum_t sum_a (Q - log pi - their mean over a)^2                  (section 3.3)
    actor  = - sum_t sum_a pi(a|s_t) (Q(s_t, a) - log pi(a|s_t))                      (their Eq. 7)

Differences: Q and the actor's payment contain log p and -log pi, where the source has the reward
alone and adds the likelihood of data; and the penalty on the variance of the critic's values is on
Q - log pi, which at the optimum is V(s) for every token. So it restrains values of tokens that are
hardly ever tried, as in the source, and does not move the fixed point.
"""

from __future__ import annotations

from sequence_tutor.algorithms.algorithm import Algorithm, Experience, Graded, Predicted
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.algorithms.policy_gradients import FRESH
from sequence_tutor.config.presets import merged
from sequence_tutor.objectives.action_values import one_step_target, psi_policy, shift_values, taken
from sequence_tutor.objectives.critic import actor_loss, mean_value, variance

VARIANCE_WEIGHT = 1e-3
"""Lambda, as in the source."""


class BahdanauActorCritic(Algorithm):
    """The loss of actor and critic together; no gradient of one reaches the other's network."""

    name = "bahdanau"
    on_policy = True
    fits = "none"
    target = "average"
    two_networks = True
    reads = ("discount", "eta")
    needs = merged(FRESH, {"eta": 0.05})

    def grade(self, settings: LossSettings, said: Predicted, seen: Experience) -> Graded:
        """Actor's and critic's loss per token, and the critic's errors."""
        if said.critic is None or said.target is None or said.critic_target is None:
            raise ValueError("bahdanau needs a second network, and slow copies of both")
        log_policy, delayed = psi_policy(said.values), psi_policy(said.target)
        ahead = shift_values(mean_value(said.critic_target, delayed), seen.mask)
        target = one_step_target(seen.reward + seen.log_prior_taken, ahead, settings.discount)
        error = (taken(said.critic, seen.tokens) - target).where(seen.learned, 0.0)  # (B, T)
        thought = log_policy.detach()
        spread = variance(said.critic - thought, thought).where(seen.learned, 0.0)
        acted = actor_loss(log_policy, said.critic.detach()).where(seen.learned, 0.0)
        lengths = seen.learned.sum(1)
        loss = (acted + error.square() + VARIANCE_WEIGHT * spread).sum(1).mean()
        error = error.detach()
        by_sequence = (error.square().sum(1) / lengths).sqrt()
        return Graded(loss / lengths.to(loss).mean(), by_sequence, error)
