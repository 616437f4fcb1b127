"""One problem that several methods are given: the same prior, rewards, c and budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.config.presets import merged
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.domain import Domain
from sequence_tutor.errors import UserError
from sequence_tutor.files import PathLike
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.tuner.budget import steps_for_budget
from sequence_tutor.tuner.idle_settings import idle, names_in, refuse_idle
from sequence_tutor.tuner.run_folder import RunSpec
from sequence_tutor.verbs.tune import resolve

EVALUATIONS = 12
"""Points of a learning curve after the first."""


@dataclass(frozen=True)
class Problem:
    """What all methods have in common.

    Attributes:
        domain: name.
        prior: as it was named.
        room: the domain, speaking the prior's vocabulary.
        stored: the prior.
        preset: of `tune`.
        config: file of settings.
        overrides: tables that win.
        rules: file of the user's own.
        budget: sequences that each method may have scored.
        samples: sequences that each is judged by.
        device: where to compute.
        threads: torch's.
        quiet: show no progress.
        trust: run a prior of Python that the prior's folder names.
    """

    domain: str
    prior: PathLike | None
    room: Domain
    stored: StoredPrior
    preset: str
    config: Path | None
    overrides: Mapping[str, Any]
    rules: Path | None
    budget: int
    samples: int
    device: torch.device | str
    threads: int
    quiet: bool
    trust: bool = False

    def spec(self, form: Mapping[str, Any], seed: int) -> RunSpec:
        """What a method is asked to do, every setting resolved, within the budget."""
        return resolve(
            self.room,
            str(self.prior or self.domain),
            self.preset,
            self.config,
            self.tables(form, seed),
            self.rules,
            serves_several=True,
        )

    def tables(self, form: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """The form's tables, with as many updates as the budget feeds."""
        tables = merged({"tune": form.get("tune", {})}, self.overrides)
        tables = merged(tables, {"tune": {"seed": seed, "budget": self.budget}})
        asked = resolve(
            *(self.room, self.domain, self.preset, self.config, tables, self.rules),
            serves_several=True,
        )
        steps = steps_for_budget(asked.tune, self.budget)
        every = {"steps": steps, "evaluate_every": -(-steps // EVALUATIONS)}
        return merged(tables, {"tune": every})

    def asked(self, form: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """What decides a run's result, as plain JSON."""
        spec = self.spec(form, seed).to_json()
        kept = ("domain", "prior", "length", "tune", "reward", "rules_digest")
        asked = {name: spec[name] for name in kept}
        return {**asked, "baseline": form.get("baseline"), "samples": self.samples}


def check_same_problem(specs: Mapping[str, RunSpec]) -> None:
    """Refuse what would not be compared fairly, before any work.

    Raises:
        UserError: it names the setting.
    """
    first, *others = specs
    for name in others:
        one, other = specs[first], specs[name]
        for what, a, b in (
            ("c", one.tune.c, other.tune.c),
            ("discount", one.tune.discount, other.tune.discount),
            ("prior_temperature", one.tune.prior_temperature, other.tune.prior_temperature),
            ("reward", one.reward, other.reward),
            ("length", one.length, other.length),
        ):
            if a != b:
                raise UserError(f"{name} has another {what} than {first}, expected the same")
    tune = specs[first].tune
    for what, found, expected in (
        ("discount", tune.discount, 1),
        ("prior_temperature", tune.prior_temperature, 1),
        ("stages", tune.stages, ()),
        ("target_kl", tune.target_kl, None),
    ):
        if found != expected:
            raise UserError(
                f"{what} is {found}, expected {expected}: methods are compared by the objective at "
                "one c and no discount, and by their gap to log Z"
            )


def check_plays_a_part(config: Path | None, specs: Mapping[str, RunSpec]) -> None:
    """Refuse a setting of a shared file that does nothing in any of the methods.

    Raises:
        UserError: it names the setting.
    """
    given = names_in(read_toml(config).get("tune", {})) if config else set()
    nowhere = given.intersection(*(idle(spec.tune) for spec in specs.values()))
    try:
        refuse_idle(next(iter(specs.values())).tune, nowhere)
    except ValueError as error:
        raise UserError(f"{config}: {error}") from error
