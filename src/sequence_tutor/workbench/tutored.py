"""Sampling with a tutor: a frozen prior with the advice of a tuned run, without training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.config.presets import build
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.bounds import valued
from sequence_tutor.evaluation.model import Model
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sampling.smc import sequential_monte_carlo
from sequence_tutor.sampling.tutoring import TutoredPolicy
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.workbench.baselines import best_of

BATCH = 1024
STRONGEST = 2.0

Source = Callable[[torch.Generator], SequenceBatch]
"""Samples some sequences."""


@dataclass(frozen=True)
class Tutoring:
    """How a tuned run advises a prior.

    Attributes:
        strength: of its advice; 0 is the prior exactly, 1 the tuned policy exactly, where the
            prior is the run's own.
        best_of: of so many sequences the one of the largest advantage is kept.
        smc: whether sequences are resampled as they are written, by reward and learned values.
        c: temperature of `smc`; None: that of the run.
    """

    strength: float = 1.0
    best_of: int = 1
    smc: bool = False
    c: float | None = None

    def check(self, model: Model) -> None:
        """Refuse numbers out of range, and models that do not learn the needed values."""
        if model.tune is None:
            raise UserError(f"{model.name}: a prior, expected a tuned run to be tutored by")
        if not 0 <= self.strength <= STRONGEST:
            raise UserError(f"strength is {self.strength:g}, expected 0 to {STRONGEST:g}")
        if not 1 <= self.best_of <= BATCH:
            raise UserError(f"best-of is {self.best_of}, expected 1 to {BATCH}")
        if (self.smc or self.best_of > 1) and model.tune.traits.fits == "hard":
            raise UserError(
                f"{model.name}: {model.tune.algorithm} learns the value of the single best "
                "sequence, expected a run with soft values, such as one of psi or g"
            )
        if self.smc and (self.strength != 1 or self.best_of > 1):
            raise UserError("smc samples the optimum itself, expected strength 1 and no best-of")
        if self.c is not None:
            if not self.smc:
                raise UserError(f"c is {self.c:g}, but only smc has one, expected --smc with it")
            build(TuneSettings, {"c": self.c}, "--c")


def with_prior(model: Model, prior: Model) -> Model:
    """A tuned model that advises another prior than its own, which must have the same tokens."""
    if prior.tune is not None:
        raise UserError(f"{prior.name}: a tuned run, expected the prior that --tutor is to advise")
    if (prior.domain.name, prior.policy.vocab_size) != (model.domain.name, model.policy.vocab_size):
        raise UserError(
            f"{prior.name}: {prior.policy.vocab_size} tokens of {prior.domain.name}, expected the "
            f"{model.policy.vocab_size} of {model.domain.name} that {model.name} knows"
        )
    if _tokens(prior) != _tokens(model):
        raise UserError(f"{prior.name}: its tokens are others than those that {model.name} knows")
    if prior.stored.is_same(model.stored):
        return model
    return replace(model, stored=prior.stored, own=model.stored.prior)


def _tokens(model: Model) -> object:
    """The vocabulary in a card; None where the domain has only one."""
    return model.stored.card.get(model.domain.name, {}).get("tokens")


def tutored_source(
    model: Model, tutoring: Tutoring, length: int, prefix: tuple[int, ...], temperature: float
) -> Source:
    """Samples of the prior of a tuned model with its advice.

    Args:
        length: largest number of tokens.
        prefix: tokens that all sequences begin with.
        temperature: divides the log-probabilities.

    Raises:
        UserError: this combination is not possible.
    """
    tutoring.check(model)
    if tutoring.smc:
        if temperature != 1:
            raise UserError(f"temperature is {temperature:g}, expected 1 with smc, which has its c")
        return _particles(model, tutoring, length, prefix)
    policy = TutoredPolicy(model.stored.prior, model.policy, tutoring.strength, model.own)
    drawn = rollout_source(model, policy, length, prefix, temperature)
    if tutoring.best_of == 1:
        return drawn
    return lambda generator: best_by_value(model, drawn(generator), len(prefix), tutoring.best_of)


def rollout_source(
    model: Model, policy: Prior, length: int, prefix: tuple[int, ...], temperature: float
) -> Source:
    """Plain sampling from a policy."""
    prime = torch.tensor(prefix) if prefix else None

    def draw(generator: torch.Generator) -> SequenceBatch:
        return rollout(
            policy,
            BATCH,
            length,
            generator,
            end_token=model.domain.end_token,
            prime=prime,
            temperature=temperature,
        ).batch

    return draw


def best_by_value(model: Model, batch: SequenceBatch, given: int, n: int) -> SequenceBatch:
    """Of every n sequences of a batch the one of the largest total advantage.

    The advantages of a sequence, log pi - log p, sum to the learned value of its r / c - log Z, so
    nothing is scored. The first `given` tokens do not count.
    """
    assert isinstance(model.policy, TunedPolicy)  # checked before
    tokens, mask = batch.tokens, batch.mask_after(given)
    own = model.policy.prior  # at the temperature that it was tuned with
    advantage = model.policy.sequence_log_probs(tokens) - own.sequence_log_probs(tokens)
    total = taken(advantage, tokens).where(mask, 0.0).sum(1)  # (B,)
    return batch[best_of(total, n)]


def _particles(model: Model, tutoring: Tutoring, length: int, prefix: tuple[int, ...]) -> Source:
    """Particles at c, drawn once more by their final weights."""
    assert model.tune is not None  # checked before
    policy = valued(model.policy, model.tune)
    task = replace(
        model.task, length=length, prefix=prefix, prior_temperature=model.tune.prior_temperature
    )
    c = tutoring.c or model.tune.c

    def draw(generator: torch.Generator) -> SequenceBatch:
        particles = sequential_monte_carlo(policy, task, c, BATCH, generator)
        rows = particles.log_weights.softmax(0).multinomial(
            BATCH, replacement=True, generator=generator
        )
        return particles.batch[rows]

    return draw
