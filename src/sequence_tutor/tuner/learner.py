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
from sequence_tutor.prior.neural import tempered
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.replay.sampling import Drawn
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import Tensors, named, under
from sequence_tutor.tuner.beginning import chosen_start, initial_values
from sequence_tutor.tuner.experiences import Experiences
from sequence_tutor.tuner.given_beginnings import tokens_given
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
        experiences: of stored sequences, from which it learns.
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
        self._extent = length, first_step
        self.target_kl = (
            None
            if settings.target_kl is None
            else TargetKL(settings.target_kl, settings.c_begin or settings.c)
        )
        self.experiences = Experiences(self.prior, settings, reward_weights, first_step, late)

    def begin_stage(self, settings: TuneSettings, reward_weights: Tensor) -> None:
        """Go on toward another c and other weights of the terms; steps count anew."""
        self.settings = settings
        self.experiences.reweigh(reward_weights)

    def collected(self) -> None:
        """New sequences have just been sampled with the policy as it stands."""
        if self.target_is == "snapshot":
            self.target.load_state_dict(self.averaged.state_dict())

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
        seen = self.experiences.see(stored, self.temperature(step), drawn, given=given)
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
