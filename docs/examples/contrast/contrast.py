"""An algorithm of one's own: two sequences are contrasted, whoever wrote them.

At the optimum p(x) exp(r(x)/c) / Z every sequence has the same surplus, r/c + log p - log pi
summed over its steps. So the surplus of two sequences is made the same; log Z, which nobody knows,
is the same for both and cancels. After Flet-Berliac et al. 2024, *Contrastive policy gradient:
aligning LLMs on sequence-level scores in a supervised-friendly fashion*.
"""

from torch import Tensor

from sequence_tutor.algorithms import Algorithm, Experience, Graded, LossSettings, Predicted

SMALL = {"steps": 500, "batch": 128, "collect": 128, "optimiser": {"learning_rate": 0.05}}
"""For the small problem of `verify`."""


def contrast(reward: Tensor, log_prior: Tensor, log_policy: Tensor, mask: Tensor) -> Tensor:
    """The surplus of each sequence minus that of the one before it, (B, T) each -> (B,)."""
    surplus = (reward + log_prior - log_policy).where(mask, 0.0).sum(1)  # (B,)
    return surplus - surplus.roll(1)


class Contrast(Algorithm):
    """Half the square of the difference, per token. It keeps log pi in its network and no V."""

    name = "contrast"
    fits = "none"
    verified_with = SMALL

    def grade(self, settings: LossSettings, said: Predicted, seen: Experience) -> Graded:
        """The loss of a batch."""
        log_policy = self.policy(said.values, None).gather(2, seen.tokens[..., None]).squeeze(2)
        missed = contrast(seen.reward, seen.log_prior_taken, log_policy, seen.learned)
        per_token = missed / seen.learned.sum(1).to(missed).mean().sqrt()
        loss = (seen.weight * per_token.square()).mean() / 2
        return Graded(loss, per_token.detach().abs(), None)
