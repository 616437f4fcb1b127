"""From sequences to what replay stores of them, and from that to what is learned."""

from __future__ import annotations

import torch
from torch import Tensor

from sequence_tutor.algorithms.algorithm import Experience
from sequence_tutor.models.next_token import by_length
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.divergences import tempered
from sequence_tutor.prior.protocol import Prior, device_of
from sequence_tutor.replay.sampling import Drawn
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.reward.looking_ahead import paid_where_chosen, paid_where_decided
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.aimed_rows import AimedRows
from sequence_tutor.tuner.payments import Payments
from sequence_tutor.tuner.settings import TuneSettings


class Experiences:
    """Stores rewards term by term, and applies weights, c and aims when sequences are learned from.

    Args:
        prior: p at the temperature of the settings.
        settings: of the run.
        reward_weights: (R,) weight of each stored term.
        first_step: tokens before it were given to the policy, which learns nothing from them.
        late: (R,) bool: the terms that look ahead; None: none does.

    Attributes:
        aimed: counts what the aims are about; None: there are none. Likewise `payments`, what
            they pay as the multipliers stand.
    """

    def __init__(
        self,
        prior: Prior,
        settings: TuneSettings,
        reward_weights: Tensor,
        first_step: int = 0,
        late: Tensor | None = None,
    ) -> None:
        device = device_of(prior)
        self.prior, self.first_step = prior, first_step
        self.aimed: AimedRows | None = None
        self.payments: Payments | None = None
        self._temperature, self._floor = settings.prior_temperature, settings.reward_floor
        self._mixes_prior = settings.traits.mixes_prior
        self._ranks_by_prior = settings.replay.rank_by == "optimum" and settings.traits.held
        self._weights = reward_weights.float().to(device)
        self._late = None if late is None or not bool(late.any()) else late.to(device)

    def reweigh(self, weights: Tensor) -> None:
        """The terms have new weights (R,)."""
        self._weights = weights.to(self._weights)

    def store(
        self,
        batch: SequenceBatch,
        terms: Tensor,
        log_prior: Tensor | None = None,
        counts: Tensor | None = None,
    ) -> Stored:
        """New sequences as replay keeps them, with what the tempered prior thinks of their tokens.

        Where every update needs the whole log p(.|s) it is computed there, and not here, unless
        sequences are ranked by it.

        Args:
            batch: B of them.
            terms: (B, T, R).
            log_prior: (B, T, V) log p(.|s_t) of the prior as it is; None: not known yet.
            counts: (B, M) of the rows that are aimed at.
        """
        if self._mixes_prior and not self._ranks_by_prior:
            return Stored(batch, terms, torch.zeros(batch.tokens.shape), counts)
        if log_prior is None:
            log_prior = by_length(self.prior.sequence_log_probs, batch)
        else:
            log_prior = tempered(log_prior, self._temperature)
        return Stored(batch, terms, taken(log_prior, batch.tokens), counts)

    def see(
        self,
        stored: Stored,
        c: float,
        drawn: Drawn | None = None,
        *,
        rarity: bool = True,
        given: int = 0,
    ) -> Experience:
        """Stored sequences with weights, c and aims applied, paid where it is decided.

        Args:
            stored: the sequences.
            c: temperature.
            drawn: how they were drawn; None: all count the same.
            rarity: whether sequences are paid for being rare, where `distinct` is aimed at.
            given: how many tokens of each are data; not more than those before `first_step`: none.
        """
        tokens, mask, terms = stored.batch.tokens, stored.batch.mask, stored.terms
        if self._late is not None:
            terms = paid_where_decided(terms, stored.batch.lengths, self._late)
        reward = (terms @ self._weights) / c  # (B, T)
        if self._floor is not None:
            reward = reward.clamp(min=self._floor)
        log_prior, log_prior_taken = None, stored.log_prior
        if self._mixes_prior:
            log_prior = by_length(self.prior.sequence_log_probs, stored.batch)  # (B, T, V)
            log_prior_taken = taken(log_prior, tokens)
        steps = torch.arange(tokens.shape[1], device=tokens.device)
        learned = mask & (steps >= self.first_step)
        if self.payments is not None and self.aimed is not None:
            assert stored.counts is not None  # a run with aims stores them
            chosen = log_prior_taken.where(learned, 0.0)
            counts = self.aimed.by_step(stored.batch, stored.counts, chosen, terms)
            reward = self.payments.common(reward, chosen, counts)
            reward = self.payments.with_classes(reward, stored.counts, stored.batch.last)
            if rarity:
                reward = self.payments.with_rarity(reward, chosen, stored.batch.last)
        reward = paid_where_chosen(reward, self.first_step)
        if drawn is not None and drawn.steps is not None:
            learned = learned & (steps == drawn.steps[:, None])
        of_data = None
        if given > self.first_step:
            of_data, learned = learned & (steps < given), learned & (steps >= given)
        weight = reward.new_ones(len(tokens)) if drawn is None else drawn.weights
        prior = log_prior_taken, log_prior
        return Experience(tokens, mask, reward, *prior, learned, weight, c, of_data)

    def energy(self, stored: Stored, c: float) -> Tensor:
        """(B,) log p of whole sequences plus all that is paid but for being rare, in nats."""
        with torch.no_grad():
            seen = self.see(stored, c, rarity=False)
        chosen = seen.log_prior_taken.where(seen.learned, 0.0)
        return (seen.reward + chosen).double().sum(1)

    def worth_of_prior(self, c: float) -> float:
        """What a nat of log p is worth in the unit of returns, where replay ranks by it; else 0.

        The optimum is p(x) exp(R(x) / c) / Z; with the multiplier nu of a bound on KL a token,
        its log is (R(x) / c + (1 + nu) log p(x)) / S - const (see `payments`).
        """
        if not self._ranks_by_prior:
            return 0.0
        return c if self.payments is None else c * (1 + self.payments.nu)
