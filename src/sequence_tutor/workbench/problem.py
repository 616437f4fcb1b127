"""One problem that several methods are given: the same prior, rewards, c and budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sequence_tutor.config.presets import Tables
from sequence_tutor.errors import UserError
from sequence_tutor.tuner.checks import steps_for_budget
from sequence_tutor.tuner.idle_settings import idle, names_in, refuse_idle
from sequence_tutor.tuner.order import Order
from sequence_tutor.tuner.run_record import RunSpec
from sequence_tutor.tuner.settings_tables import Layers

EVALUATIONS = 12
"""Points of a learning curve after the first."""


@dataclass(frozen=True)
class Problem:
    """What all methods have in common.

    Attributes:
        order: what each is asked, its own settings aside.
        budget: sequences that each method may have scored.
        samples: sequences that each is judged by.
        threads: torch's.
        quiet: show no progress.
    """

    order: Order
    budget: int
    samples: int
    threads: int
    quiet: bool

    def of_form(self, form: Tables) -> Order:
        """What a method is asked, with as many updates as the budget feeds."""
        below, budget = {"tune": form.get("tune", {})}, {"tune": {"budget": self.budget}}
        asked = self.order.with_(budget, below=below)
        steps = steps_for_budget(asked.spec.tune, self.budget)
        return asked.with_({"tune": {"steps": steps, "evaluate_every": -(-steps // EVALUATIONS)}})

    def asked(self, form: Tables, order: Order) -> dict[str, Any]:
        """What decides a run's result, as plain JSON."""
        spec = order.spec.to_json()
        kept = ("domain", "prior", "length", "tune", "reward", "rules_digest", "own_reward")
        asked = {name: spec[name] for name in kept if name in spec}
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


def check_plays_a_part(layers: Layers, specs: Mapping[str, RunSpec]) -> None:
    """Refuse a setting of a shared file that does nothing in any of the methods.

    Raises:
        UserError: it names the setting.
    """
    given = names_in(layers.file.get("tune", {}))
    nowhere = given.intersection(*(idle(spec.tune) for spec in specs.values()))
    try:
        refuse_idle(next(iter(specs.values())).tune, nowhere)
    except ValueError as error:
        raise UserError(f"{layers.source}: {error}") from error
