"""A discriminator trained beside the policy, as a term of the reward: SeqGAN, alone or with rules.

Source: Yu et al. 2017, *SeqGAN: sequence generative adversarial nets with policy gradient*,
Algorithm 1 (https://arxiv.org/abs/1609.05473). After each collection a network D learns to tell
the data from what the policy has just written. The best D has the log-odds
log p_data(x) - log pi(x) (Goodfellow et al. 2014, *Generative adversarial nets*, Proposition 1),
and so it has for every beginning of a sequence. A token is paid by how much it changes the log-odds
of the beginning that it ends:

    r_t = log-odds(a_1 .. a_t) - log-odds(a_1 .. a_t-1),

which sums to the log-odds of the sequence. The mean reward is then -KL(pi || p_data), and
`reinforce` leads the policy to the data. With rules beside, r' what they pay, w the weight of this
term and c = 1, it leads to p_data(x) exp(r'(x) / w) / Z: KL-control whose prior are the data.

Differences from the source: it pays D(x) itself, whose optimum with pi fixed is the single sequence
of highest odds; and it estimates what each token is worth by continuing it with rollouts, where D
here judges beginnings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.models.adam import Adam
from sequence_tutor.reward.protocol import Remembers, Reward
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import named, under

NAME = "looks_real"


class Discriminated:
    """A reward with one more term, `looks_real`. Satisfies `Reward` and `Remembers`.

    What was stored before keeps the payments of an earlier D, therefore learn from fresh sequences:
    `reinforce`, or `reinforce-kl` to stay near the prior too.

    Args:
        real: sequences of tokens, the data.
        vocab_size: V.
        reward: the rules beside; None: the discriminator is the whole reward. It must not change
            while the run goes on.
        weight: of the term.
        width: cells of D's recurrent layer.
        updates: of D after each collection.
        learning_rate: of D.
        seed: of D's first weights and of the data it sees.

    Example:
        real = [[0, 1, 2, 3, 0, 1], [0, 1, 2, 3, 1, 1]]
        tune("toy", "runs/gan", reward=Discriminated(real, 4),
             overrides={"tune": {"algorithm": "reinforce"}})

    Raises:
        UserError: there are no data, or a token is none of the vocabulary.
    """

    def __init__(
        self,
        real: Sequence[Sequence[int]],
        vocab_size: int,
        reward: Reward | None = None,
        *,
        weight: float = 1.0,
        width: int = 32,
        updates: int = 4,
        learning_rate: float = 0.01,
        seed: int = 0,
    ) -> None:
        tokens = {token for row in real for token in row}
        if not tokens or not tokens <= set(range(vocab_size)):
            strange = sorted(tokens - set(range(vocab_size)))
            found = f"the token {strange[0]}" if strange else "no sequences"
            raise UserError(f"the data have {found}, expected tokens from 0 to {vocab_size - 1}")
        if isinstance(reward, Remembers):
            raise UserError("the rules beside a discriminator remember, expected rules that do not")
        self.rules, self.updates = reward, updates
        own = torch.tensor([weight], dtype=torch.float64)
        self.names = (*(() if reward is None else reward.names), NAME)
        self.weights = own if reward is None else torch.cat([reward.weights.double(), own])
        self._real = SequenceBatch.from_lists(real)
        self._generator = torch.Generator().manual_seed(seed)
        self._network = RecurrentNetwork(RecurrentSettings(width=width), vocab_size, 1)
        bound = width**-0.5
        with torch.no_grad():
            for parameter in self._network.parameters():
                parameter.uniform_(-bound, bound, generator=self._generator)
            for parameter in self._network.head.parameters():
                parameter.zero_()  # at first everything looks equally real
        self._adam = Adam(self._network.parameters(), learning_rate)

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, R) float64, the discriminator's term last."""
        with torch.no_grad():
            odds = self._log_odds(_on_cpu(batch)).double()  # (B, T)
        paid = torch.diff(odds, dim=1, prepend=odds.new_zeros(len(odds), 1))
        paid = paid.to(batch.tokens.device).where(batch.mask, 0.0)[:, :, None]
        return paid if self.rules is None else torch.cat([self.rules(batch), paid], 2)

    def remember(self, batch: SequenceBatch) -> None:
        """Learn to tell the data from what was collected, in both every beginning."""
        written = _on_cpu(batch)
        for _ in range(self.updates):
            rows = torch.randint(len(self._real), (len(written),), generator=self._generator)
            self._adam.zero_grad()
            loss = self._missed(self._real[rows], 1.0) + self._missed(written, 0.0)
            loss.backward()
            self._adam.step()

    def state(self) -> dict[str, Tensor]:
        """Weights and optimiser of D, and its randomness."""
        return {
            **named("network", self._network.state_dict()),
            **named("adam", self._adam.state()),
            "generator": self._generator.get_state(),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self._network.load_state_dict(under("network", state))
        self._adam.restore(under("adam", state))
        self._generator.set_state(torch.as_tensor(state["generator"]))

    def _log_odds(self, batch: SequenceBatch) -> Tensor:
        """(B, T): of the data against the policy, after each token."""
        after = F.pad(batch.tokens, (0, 1))
        outputs: Tensor = self._network(after)
        return outputs[:, 1:, 0]

    def _missed(self, batch: SequenceBatch, label: float) -> Tensor:
        """The cross-entropy of D, mean over the beginnings of sequences."""
        odds = self._log_odds(batch)[batch.mask]
        return F.binary_cross_entropy_with_logits(odds, torch.full_like(odds, label))


def _on_cpu(batch: SequenceBatch) -> SequenceBatch:
    return batch.to("cpu")
