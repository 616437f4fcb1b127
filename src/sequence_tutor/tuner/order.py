"""An order: what a run is asked, resolved once; `tuner.carrying_out` carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.config.presets import Tables, build
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Beginning, Domain, Limits, find_domain
from sequence_tutor.domain.executed_terms import check_executor, executed_where_possible
from sequence_tutor.domain.real_card import real_opening
from sequence_tutor.domain.rows import Rows
from sequence_tutor.errors import UserError, settings_of
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.progress import warner
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.choosing import Chooses
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.files import PathLike
from sequence_tutor.storage.trust import programs_of
from sequence_tutor.storage.versions import versions
from sequence_tutor.tuner.aimed_rows import AimedRows
from sequence_tutor.tuner.choosing import choosing_options
from sequence_tutor.tuner.extensions import Extensions
from sequence_tutor.tuner.given import (
    Given,
    account_of,
    beginning_of,
    beginning_with,
    check_read,
    digest_of,
    open_prior,
    reward_in_memory,
)
from sequence_tutor.tuner.real_aims import in_numbers, length_remark
from sequence_tutor.tuner.run_record import RunSpec
from sequence_tutor.tuner.settings_tables import Layers, TuneTables, read_layers


@dataclass(frozen=True)
class Order:
    """What a run is asked; everything that follows from it is found out once.

    Attributes:
        domain: it speaks the prior's vocabulary and reads files as asked.
        stored: the prior.
        layers: of the settings.
        given: what there is beside the settings.
    """

    domain: Domain
    stored: StoredPrior
    layers: Layers
    given: Given

    def with_(self, above: Tables | None = None, *, below: Tables | None = None) -> Order:
        """The same order with other settings, of the same prior.

        Args:
            above: tables that win over all that was asked.
            below: tables that win over presets and files, but over nothing asked beside them.
        """
        return replace(self, layers=self.layers.over(above or {}, below or {}))

    @cached_property
    def spec(self) -> RunSpec:
        """What is asked for, every setting resolved and checked.

        Raises:
            UserError: a setting or a file that cannot be used.
        """
        tables, given = self.tables, self.given
        seeds = given.seeds
        return RunSpec(
            domain=self.domain.name,
            prior=self.named_prior,
            length=self._length,
            tune=self.layers.tuning(tables),
            reward=self.reward_settings.model_dump(mode="json"),
            rules=str(given.rules.absolute()) if given.rules else None,
            rules_digest=digest_of(given.rules, "rules"),
            versions=versions(),
            threads=torch.get_num_threads(),
            prefix=list(self.begun.tokens),
            seeds=str(seeds.absolute()) if isinstance(seeds, Path) else None,
            seeds_digest=digest_of(seeds, "sequences", given.column, given.standardise),
            output=self.begun.settings.model_dump(mode="json"),
            folder=str(Path.cwd()) if programs_of(tables.reward) else None,
            own_reward=self._account(),
            only=list(self.limits.tokens),
        )

    @property
    def named_prior(self) -> str:
        """The prior as it was named; of an object the kind."""
        named = self.given.prior
        is_name = isinstance(named, PathLike | None)
        return str(named or self.domain.name) if is_name else self.stored.kind

    @cached_property
    def reward_settings(self) -> Settings:
        """What the domain's reward is built from; of one in memory only its frame counts."""
        return self.layers.reward(self.tables, self.domain)

    @cached_property
    def begun(self) -> Beginning:
        """What every sequence begins with, and the settings of files."""
        source = f"{self.layers.source}: output"
        output = build(self.domain.output_settings, self.tables.output, source)
        own = self.domain.framed(self.reward_settings)
        own.check_output(output)
        if self.given.scaffold is not None:
            prior = self.stored.prior
            return beginning_with(own, self.given.scaffold, output, prior, self._length)
        prime, music = self.given.prime, self.tables.music
        if music and prime is None:  # else it stands where its file has it
            output = own.limits(music, output, moves=True).settings
        return beginning_of(own, prime, output, self._length)

    @cached_property
    def limits(self) -> Limits:
        """The tokens that the policy may choose."""
        own, settings = self.domain.framed(self.reward_settings), self.begun.settings
        return own.limits(self.tables.music, settings, moves=False)

    @cached_property
    def seeds(self) -> Sequence[Sequence[int]]:
        """The sequences that replay begins with."""
        seeds = self.given.seeds
        return self.domain.read_sequences(seeds) if isinstance(seeds, Path) else seeds or []

    def reward(self, settings: Tables | None = None) -> Reward:
        """A new reward, which remembers nothing yet; that of an object is the object's.

        Args:
            settings: tables in place of those of the order.

        Raises:
            UserError: the rules or the settings cannot be used.
        """
        if self.given.reward is not None:
            return self._own_reward
        tables = self.reward_settings.model_dump(mode="json") if settings is None else settings
        with settings_of(f"{self.layers.source}: reward"):
            built = build(self.domain.reward_settings, tables, "reward")
            return self.domain.reward(built, self.given.rules)

    def task(self, reward: Reward) -> Task:
        """What the run is tuned on."""
        return Task(
            self.stored.prior,
            reward,
            self._length,
            self.domain.end_token,
            prefix=tuple(self.begun.tokens),
            speller=self.domain.speller(),
            crosser=self.domain.crosser(self._length),
            opener=self.domain.opener(),
            real=real_opening(self.stored.card, self._length, self.domain.real),
            only=self.limits.tokens,
        )

    def chooser(self, reward: Reward) -> Chooses | None:
        """The domain's, where a critic is asked for."""
        tune = self.spec.tune
        if not tune.critic.is_on:
            return None
        return self.domain.chooser(reward.weights, choosing_options(tune.critic, tune.seed))

    def rows(self, reward: Reward) -> Rows:
        """What the domain counts on its sequences for the aims."""
        names = [aim.row for aim in self.spec.tune.aims]
        return self.domain.rows(self.reward_settings, reward, names)

    def check_aims(self, reward: Reward) -> None:
        """Refuse an aim at a row that nothing measures, or that it cannot have.

        Raises:
            UserError: naming the first.
        """
        if aims := self.spec.tune.aims:
            known = self.domain.rows(self.reward_settings, reward).ranges()
            properties = self.domain.properties(len(self.begun.tokens))
            AimedRows(aims, self.rows(reward), known, properties)

    def check_unlimited(self, who: str) -> None:
        """Refuse limits of a run where sequences of the prior, which keep to none, count as well.

        Args:
            who: samples the prior.

        Raises:
            UserError: there are limits.
        """
        if self.limits.tokens:
            raise UserError(
                f"{self.layers.source}: music limits what a policy may choose, but {who} samples "
                "the prior, which is not limited; leave one of them out"
            )

    def check_extensions(self) -> Extensions:
        """What extends the run, found and asked a few questions.

        Raises:
            UserError: nothing installed offers what the settings name, or it breaks a promise.
        """
        tables = self.tables
        names = tables.callbacks, tables.log.to, tables.log.project
        found = self.given.extensions.with_named(self.spec.tune, *names)
        found.check(self.domain.vocab_size)
        return found

    @cached_property
    def tables(self) -> TuneTables:
        """All layers in one, aims at what real sequences have in numbers."""
        tables = self.layers.tables(TuneTables, self.domain)
        length = tables.length or self.domain.length
        with settings_of(self.layers.source):
            aims = in_numbers(tables.aims, self.domain, self.stored.card, length)
        return tables.model_copy(update={"aims": aims})

    @property
    def real_remark(self) -> str:
        """What is to be said of aims at what real sequences have; empty: nothing."""
        aims = self.layers.tables(TuneTables, self.domain).aims
        return length_remark(aims, self.domain, self.stored.card, self._length)

    @property
    def executor(self) -> str | None:
        """The name of the executor that is asked for."""
        return self.tables.execution.executor

    @property
    def has_aims(self) -> bool:
        """Whether rows of the table are aimed at."""
        return bool(self.tables.aims)

    @property
    def _length(self) -> int:
        return self.tables.length or self.domain.length

    @cached_property
    def _own_reward(self) -> Reward:
        """The object as a reward."""
        domain = self.domain.framed(self.reward_settings)
        return reward_in_memory(self.given, self.layers, domain)

    def _account(self) -> dict[str, Any] | None:
        """What tells a reward in memory from others, JSON; None: it is the domain's."""
        return None if self.given.reward is None else account_of(self.task(self._own_reward))


def open_order(
    name: str,
    preset: str,
    config: Path | None,
    overrides: Tables | None,
    given: Given,
    *,
    serves_several: bool = False,
    weighs: bool | None = None,
    trust: bool = False,
    device: torch.device | str = "cpu",
    quiet: bool = False,
) -> Order:
    """An order with its prior opened and its files read; see `verbs.tune` for the arguments.

    Several runs share a reward, which is to be paid, as are rules and objects of the user's own;
    `weighs` says whether one is where that is not what decides.

    Raises:
        UserError: domain, prior or files cannot be used.
    """
    find_domain(name)  # a misspelled domain has no presets, which would be complained of
    if weighs is None:
        weighs = serves_several or given.rules is not None or given.reward is not None
    layers = read_layers(
        name, preset, config, overrides, serves_several=serves_several, weighs=weighs
    )
    if given.prior is None:
        given = replace(given, prior=layers.prior)
    domain, stored = open_prior(name, given.prior, device, trust=trust)
    check_read(given.column, given.standardise, given.seeds, given.prime)
    warn = warner(quiet=quiet)
    domain = domain.reading(given.column, given.standardise, warn)
    order = Order(domain, stored, layers, given)
    if remark := order.real_remark:
        warn(remark)
    if order.tables.tune.get("rollouts"):  # these have a use for it, whatever scores
        return replace(order, domain=executed_where_possible(domain, order.executor))
    check_executor(domain, order.executor, given.rules)
    return replace(order, domain=domain.executed_by(order.executor))
