"""A model to sample, score or evaluate: a prior or a tuned policy, with its reward."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Domain
from sequence_tutor.domain.rows import Rows
from sequence_tutor.drawing.table import html_facts
from sequence_tutor.errors import UserError, shown
from sequence_tutor.evaluation.aimed_reward import AimedReward, FoundAims
from sequence_tutor.evaluation.own_rules import RewardObject, UserRules
from sequence_tutor.prior.protocol import Prior, device_of
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Aggregates, KeepsScores, Reward
from sequence_tutor.reward.weighted import Reweighted
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.flat_tables import flattened
from sequence_tutor.storage.trust import allow, programs_of
from sequence_tutor.tuner.order import Order
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stage_settings import StageSettings
from sequence_tutor.tuner.stages import most_steps, stage_shares, stage_weights


@dataclass(frozen=True)
class Model:
    """A policy and everything needed to evaluate it.

    Attributes:
        name: the run's folder or the prior's name.
        domain: of its sequences.
        policy: what is sampled; for a prior the prior itself.
        stored: the prior, its card and the fingerprints of its training data.
        reward_settings: of its reward; of a prior the domain's default.
        length: T.
        rules: the user's file of rules, or an object as the whole reward, if any.
        tune: its tuning settings, with the final c; None: a prior.
        stage: the last stage of its tuning, whose weights its reward has.
        prefix: tokens that all its sequences begin with.
        trust: whether the user allows the code that its reward names.
        shared_reward: the reward object of a model with the same reward; None: it builds its own.
        output: output settings recorded in tuning (JSON), the defaults of `files`.
        own: the prior that the policy was tuned from, if `stored` is another one that it advises.
        aims: multipliers of the aims that it was tuned with, if any; they are part of its reward.
        scores: where its run keeps scores that cost much; None: it was not tuned.
        only: the tokens that its policy may choose; empty: all.
    """

    name: str
    domain: Domain
    policy: Prior
    stored: StoredPrior
    reward_settings: Settings
    length: int
    rules: UserRules | RewardObject | None = None
    tune: TuneSettings | None = None
    stage: StageSettings = field(default_factory=StageSettings)
    prefix: tuple[int, ...] = ()
    trust: bool = False
    shared_reward: Reward | None = field(default=None, compare=False, repr=False)
    output: Mapping[str, Any] = field(default_factory=dict, compare=False)
    own: Prior | None = field(default=None, compare=False, repr=False)
    aims: FoundAims | None = field(default=None, compare=False, repr=False)
    scores: Path | None = field(default=None, compare=False, repr=False)
    only: tuple[int, ...] = ()

    @cached_property
    def framed_domain(self) -> Domain:
        """The domain in the frame of its sequences, such as the key of its rules."""
        if self.tune is None:
            return self.domain
        return self.domain.framed(self.reward_settings).within(self.only)

    def files(
        self,
        given: Mapping[str, Any] | None = None,
        source: str = "output",
        *,
        primed: bool = False,
    ) -> Settings:
        """Output settings: as given, else as recorded in tuning, else the defaults.

        A key or a transposition that is given replaces both. `source` names the values in messages;
        `primed` means that the model continues another beginning than that of its tuning.

        Raises:
            UserError: they cannot be used, or not with this model.
        """
        given = given or {}
        moved = {"key", "transpose"}
        left = moved if given.keys() & moved else set()
        if primed and self.prefix:
            left = {*moved, "upbeat"}
        kept = {name: value for name, value in self.output.items() if name not in left}
        settings = build(self.domain.output_settings, {**kept, **given}, source)
        self.framed_domain.check_output(settings)
        return settings

    @property
    def is_bound(self) -> bool:
        """Whether it was tuned on sequences of one length."""
        return self.tune is not None and self.domain.end_token is None

    def check_length(self, length: int) -> None:
        """Refuse a length beyond the one that it was tuned at, where no reward was ever given.

        A tuned melody there drones on the tonic. Where an end token may end a sequence sooner, the
        length is only an upper limit, and free.

        Raises:
            UserError: it is longer.
        """
        if self.is_bound and length > self.length:
            raise UserError(
                f"{self.name}: tuned at a length of {self.length} tokens, and {length} were asked "
                f"for; nothing after token {self.length} was rewarded in tuning. Tune it with "
                f"--length {length}, or sample its prior"
            )

    @cached_property
    def reward(self) -> Reward:
        """The reward by which it is evaluated.

        Built on first use: a model whose rules are missing or not allowed can still be sampled.

        Raises:
            UserError: the rules are missing, changed or broken, or the reward names code that the
                user did not allow.
        """
        if self.shared_reward is not None:
            return self.shared_reward
        if isinstance(self.rules, RewardObject):
            reward = self.rules.reward
        else:
            reward = self.domain.reward(self.reward_settings, self.allowed_rules())
            if self.scores is not None and isinstance(reward, KeepsScores):
                reward.keep_scores(self.scores)
        if self.stage.weights:
            if isinstance(reward, Aggregates) and reward.shares:
                shares = stage_shares("last", self.stage, reward.shares)
                reward = copy(reward)  # it may be an object of the user
                reward.share(shares)
            reward = Reweighted(reward, stage_weights("last", self.stage, reward))
        if self.aims is None:
            return reward
        rows = self.domain.rows(self.reward_settings, reward, self.aims.rows)
        return AimedReward(reward, self.aims, rows)

    @property
    def aimed_rows(self) -> Rows | None:
        """Counts the rows that have aims; None: there are none."""
        return self.reward.rows if isinstance(self.reward, AimedReward) else None

    def allowed_rules(self) -> Path | None:
        """The file of rules, if any, after all code that the reward names is allowed.

        Raises:
            UserError: it is not, or the rules are missing or changed.
        """
        if isinstance(self.rules, RewardObject):
            raise UserError(f"{self.name}: its reward was an object in memory, which has no file")
        rules = self.rules.path(trust=self.trust) if self.rules else None
        programs = programs_of(self.reward_settings.model_dump(mode="json"))
        allow(programs, self.name, trust=self.trust)
        return rules

    @property
    def task(self) -> Task:
        """Prior, reward, length and prefix that it is measured with."""
        return Task(
            self.stored.prior,
            self.reward,
            self.length,
            self.domain.end_token,
            prefix=self.prefix,
            only=self.only,
        )

    @property
    def device(self) -> torch.device:
        """The device of its computation."""
        return device_of(self.stored.prior)

    def _repr_html_(self) -> str:
        rules = self.rules.file if isinstance(self.rules, UserRules) else None
        tune, reward = self.tune, self.reward_settings.model_dump(mode="json")
        settings = {} if tune is None else flattened({"tune": tune.model_dump(mode="json")})
        return html_facts(
            f"{self.name}: {'a prior' if tune is None else 'a tuned model'} of {self.domain.name}",
            {
                **({} if tune is None else _tuned(tune)),
                "tokens of a sequence": self.length,
                "vocabulary": self.stored.prior.vocab_size,
                "rules of one's own": rules,
            },
            {"settings": {**settings, **flattened({"reward": reward})}},
        )


def _tuned(tune: TuneSettings) -> dict[str, object]:
    return {
        "algorithm": tune.algorithm,
        "c": tune.c,
        "gamma": tune.discount,
        "updates": f"{most_steps(tune):,}",
        "seed": tune.seed,
    }


def executed_by(model: Model, executor: str | None) -> Model:
    """A model whose sequences are scored by an executor, see `Domain.executed_by`.

    Raises:
        UserError: there is no such executor, or the domain cannot use any.
    """
    domain = model.domain.executed_by(executor)
    return model if domain is model.domain else replace(model, domain=domain)


def model_of_prior(order: Order, name: str) -> Model:
    """The prior of an order, with the order's reward."""
    given, spec = order.given, order.spec
    own: UserRules | RewardObject | None = UserRules(given.rules) if given.rules else None
    if spec.own_reward is not None:
        own = RewardObject(spec.own_reward, name, order.reward())
    return Model(
        name,
        order.domain,
        order.stored.prior,
        order.stored,
        order.reward_settings,
        spec.length,
        own,
        trust=True,  # the user named all of it in this call
    )


def check_model(given: object) -> None:
    """Refuse what is no model, such as the folder of one.

    Raises:
        UserError: it says how to get one.
    """
    if not isinstance(given, Model):
        raise UserError(
            f"a model is {shown(given)}, expected what sequence_tutor.load_model gives for a folder"
        )


def prior_of(model: Model) -> Model:
    """The prior that a model was tuned from, with the model's reward.

    Raises:
        UserError: it is no model.
    """
    check_model(model)
    return replace(model, name="prior", policy=model.stored.prior, tune=None, output={}, only=())
