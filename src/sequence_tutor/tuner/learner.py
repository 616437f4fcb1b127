"""Three networks of one shape: what learns, its slow target, and the frozen prior."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.algorithms.algorithm import Experience, Graded, Predicted
from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.errors import UserError
from sequence_tutor.models.adam import Adam
from sequence_tutor.models.next_token import by_length
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.divergences import tempered as flattened
from sequence_tutor.prior.neural import tempered
from sequence_tutor.prior.protocol import Prior, device_of
from sequence_tutor.replay.sampling import Drawn
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.reward.looking_ahead import paid_where_chosen, paid_where_decided
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import Tensors, named, under
from sequence_tutor.tuner.aimed_rows import AimedRows
from sequence_tutor.tuner.beginning import chosen_start, initial_values
from sequence_tutor.tuner.given_beginnings import tokens_given
from sequence_tutor.tuner.payments import Payments
from sequence_tutor.tuner.second_network import SecondNetwork
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.target_kl import TargetKL


@dataclass(frozen=True)
class Update:
    """What one update did.

    Attributes:
        loss: mean penalty of the errors.
        gradient_norm: before it was scaled down.
        tokens: how many were learned from.
        by_sequence: (B,) TD errors; likewise `by_step` (B, T) or None, see `Graded`.
    """

    loss: float
    gradient_norm: float
    tokens: int
    by_sequence: Tensor
    by_step: Tensor | None


class Learner:
    """Fits action values to replayed sequences.

    Args:
        prior: supplies, at the temperature of the settings, log p and, unless it is a black box,
            the initial weights.
        settings: see `TuneSettings`.
        reward_weights: (R,) weight of each stored term.
        first_step: tokens before it were given to the policy, which learns nothing from them.
        late: (R,) bool: the terms that look ahead; None: none does.
        length: T, most tokens of a sequence; settings that need it say so.
        only: tokens that the policy may choose; empty: all.

    Attributes:
        proposal: samples what is learned from: the policy itself, or a former one.
    """

    def __init__(
        self,
        prior: Prior,
        settings: TuneSettings,
        reward_weights: Tensor,
        first_step: int = 0,
        late: Tensor | None = None,
        length: int = 0,
        only: Sequence[int] = (),
    ) -> None:
        self.prior, self.settings = tempered(prior, settings.prior_temperature), settings
        self.algorithm, self.target_is = settings.traits, settings.target_network
        self.values = initial_values(self.prior, settings, chosen_start(prior, settings), length)
        self.values.choose_among(only)
        self.target = copy.deepcopy(self.values).requires_grad_(False)
        self.second: SecondNetwork | None = None
        if self.algorithm.two_networks:
            self.second = SecondNetwork(self.prior, settings, length)
        beside = () if self.second is None else self.second.values.parameters()
        self.parameters = [*self.values.parameters(), *beside]
        self.optimiser = Adam(self.parameters, settings.optimiser.learning_rate, fused=True)
        self._averages = settings.optimiser.average > 0
        self.averaged = copy.deepcopy(self.target) if self._averages else self.values
        self.policy = TunedPolicy(self.averaged, self.algorithm, self.prior)
        samples = self.target if self.target_is == "proposal" else self.averaged
        self.proposal = TunedPolicy(samples, self.algorithm, self.prior)
        self.first_step, self._extent = first_step, (length, first_step)
        self.target_kl = (
            None
            if settings.target_kl is None
            else TargetKL(settings.target_kl, settings.c_begin or settings.c)
        )
        self.payments: Payments | None = None
        self.aimed: AimedRows | None = None
        self._weights = reward_weights.float().to(device_of(prior))
        self._late = None if late is None or not bool(late.any()) else late.to(device_of(prior))

    def begin_stage(self, settings: TuneSettings, reward_weights: Tensor) -> None:
        """Go on toward another c and other weights of the terms; steps count anew."""
        self.settings = settings
        self._weights = reward_weights.to(self._weights)

    def collected(self) -> None:
        """New sequences have just been sampled with the policy as it stands."""
        if self.target_is == "snapshot":
            self.target.load_state_dict(self.values.state_dict())

    def learn(self, stored: Stored, step: int, drawn: Drawn | None = None) -> Update:
        """One update from a batch of stored sequences.

        Args:
            stored: the sequences.
            step: updates made before in this stage.
            drawn: how they were drawn; None: all count the same.

        Raises:
            UserError: the loss or its gradient is no longer a number; no weight was changed.
        """
        settings = self.settings.optimiser
        given = tokens_given(self.settings, step / self.settings.steps, *self._extent)
        seen = self.see(stored, self.temperature(step), drawn, given=given)
        graded = self.grade(seen)
        batch_loss = graded.loss
        self.optimiser.learning_rate = self.learning_rate(step)
        self.optimiser.zero_grad()
        batch_loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, settings.gradient_norm)
        read = torch.stack(
            [one.detach().double() for one in (batch_loss, norm, seen.learned.sum())]
        )
        loss, length, tokens = read.tolist()  # a GPU is waited for once an update
        if not (math.isfinite(loss) and math.isfinite(length)):
            raise UserError(
                f"tuning diverged at step {step}: the loss is {loss:g}, its gradient "
                f"{length:g}, expected finite numbers; try a lower optimiser.learning_rate, "
                "a larger c, or optimiser.robust = 10"
            )
        if graded.renews:
            self.target.load_state_dict(self.values.state_dict())
        self.optimiser.step()
        if self._averages:
            self.averaged.approach(self.values, 1 / settings.average)
        if self.target_is == "average":
            self._follow()
        return Update(loss, length, int(tokens), graded.by_sequence, graded.by_step)

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
        if self.algorithm.mixes_prior and not self._ranks_by_prior:
            return Stored(batch, terms, torch.zeros(batch.tokens.shape), counts)
        if log_prior is None:
            log_prior = by_length(self.prior.sequence_log_probs, batch)
        else:
            log_prior = flattened(log_prior, self.settings.prior_temperature)
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
        tokens, terms = stored.batch.tokens, stored.terms
        if self._late is not None:
            terms = paid_where_decided(terms, stored.batch.lengths, self._late)
        reward = (terms @ self._weights) / c  # (B, T)
        if self.settings.reward_floor is not None:
            reward = reward.clamp(min=self.settings.reward_floor)
        log_prior, log_prior_taken = None, stored.log_prior
        if self.algorithm.mixes_prior:
            log_prior = by_length(self.prior.sequence_log_probs, stored.batch)  # (B, T, V)
            log_prior_taken = taken(log_prior, tokens)
        mask = stored.batch.mask
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

    @property
    def _ranks_by_prior(self) -> bool:
        return self.settings.replay.rank_by == "optimum" and self.algorithm.held

    def grade(self, seen: Experience) -> Graded:
        """The loss of a batch and its TD errors."""
        batch = SequenceBatch(seen.tokens, seen.mask.sum(1))
        target = None
        if self.target_is != "none":
            with torch.no_grad():
                target = by_length(self.target, batch)
        outputs = by_length(self.values.network, batch)
        critic, critic_target = (None, None) if self.second is None else self.second.of(batch)
        level = self.values.level(outputs)
        said = Predicted(self.values.of(outputs), level, target, critic, critic_target)
        return self.algorithm.grade(self.settings, said, seen)

    def temperature(self, step: int) -> float:
        """The c of an update: begun high, the policy follows the rules from where the prior is.

        Where a divergence is aimed at, the c that it was found to need so far.
        """
        if self.target_kl is not None:
            return self.target_kl.c
        begin, end = self.settings.c_begin or self.settings.c, self.settings.c
        progress = min(1.0, step / (self.settings.c_anneal * self.settings.steps))
        return float(begin * (end / begin) ** progress)

    def learning_rate(self, step: int) -> float:
        """Adam's learning rate at an update: up, level, and down to zero."""
        settings = self.settings.optimiser
        up = min(1.0, (step + 1) / max(1, settings.warm_up))
        left = 1 - step / self.settings.steps
        down = min(1.0, left / max(1 - settings.fall_from, 1e-9))
        return settings.learning_rate * up * down

    def _follow(self) -> None:
        self.target.approach(self.values, self.settings.eta)
        if self.second is not None:
            self.second.follow(self.settings.eta)

    def state(self) -> Tensors:
        """Networks and optimiser, and the c that was found so far."""
        found = {} if self.target_kl is None else {"c": _exactly(self.target_kl.c)}
        return {
            **found,
            **named("values", self.values.state_dict()),
            **named("target", self.target.state_dict()),
            **named("adam", self.optimiser.state()),
            **(named("averaged", self.averaged.state_dict()) if self._averages else {}),
            **({} if self.second is None else self.second.state()),
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.values.load_state_dict(under("values", tensors))
        self.target.load_state_dict(under("target", tensors))
        self.optimiser.restore(under("adam", tensors))
        if self._averages:
            self.averaged.load_state_dict(under("averaged", tensors))
        if self.second is not None:
            self.second.restore(tensors)
        if self.target_kl is not None:
            self.target_kl.c = tensors["c"].item()


def _exactly(number: float) -> Tensor:
    """A number as a checkpoint keeps it, to the last bit."""
    return torch.tensor(number, dtype=torch.float64)
