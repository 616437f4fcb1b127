"""Transfer learning in design cycles: maximum likelihood of the best sequences found so far.

Source: Segler et al. 2017, *Generating focused molecule libraries for drug discovery with recurrent
neural networks*, on design cycles (https://arxiv.org/abs/1701.01329). A trained model is trained
further on a set of wanted sequences and writes new ones, the best of which join the set. Here the
set is a replay that keeps the best; seeds are its first members.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sequence_tutor.algorithms.algorithm import Algorithm, Experience, Graded, Predicted
from sequence_tutor.algorithms.loss_settings import LossSettings
from sequence_tutor.exact import Levels
from sequence_tutor.objectives.action_values import psi_policy, taken

BEST: Mapping[str, Any] = {
    "replay": {
        "capacity": 1024,
        "keep": "best",
        "distinct": True,
        "fresh": 0.0,
        "by_return": 0.0,
    }
}
"""Settings: the set of the best, each as likely to be learned from."""


class Transfer(Algorithm):
    """Learns the sequences of replay, each as much as any other; the prior is where it began.

    It has no fixed point of its own: it ends at what it found, and how narrow that is depends on
    how many sequences are kept and on when training ends.
    """

    name = "transfer"
    held = False
    fits = "none"
    needs = BEST

    def grade(self, settings: LossSettings, said: Predicted, seen: Experience) -> Graded:
        """The negative log-likelihood per token."""
        missed = -taken(psi_policy(said.values), seen.tokens).where(seen.learned, 0.0)  # (B, T)
        lengths = seen.learned.sum(1)
        loss = (seen.weight * missed.sum(1)).mean() / lengths.to(missed).mean()
        missed = missed.detach()
        return Graded(loss, missed.sum(1) / lengths, missed)

    def optimum(self, log_prior: Levels, reward: Levels, c: float, discount: float) -> None:
        """None: it depends on what was found."""
