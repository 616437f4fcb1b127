"""Which preset `default` stands for: aims, unless somebody weighs or nothing could hold them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sequence_tutor.algorithms.registry import SHIPPED
from sequence_tutor.config.presets import read_preset
from sequence_tutor.domain import find_domain
from sequence_tutor.tuner.aim_tables import usual_preset
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import Order, open_order
from sequence_tutor.tuner.settings_tables import read_layers

AIMED = [aim.split("_")[0] for aim in read_preset("tune", "melody", "default")["aims"]]


def usual(*asked: Any, preset: str = "default", weighs: bool = False) -> str:
    return usual_preset("tune", "melody", preset, asked, weighs=weighs)


WEIGHING: list[dict[str, Any]] = [
    {"reward": {"weights": {"leap": 2.0}}},
    {"reward": {"extends": "default"}},
    {"reward": {"rules": {"form": {}}}},
    {"tune": {"c": 4.0}},
    {"tune": {"c_begin": 40.0}},
    {"tune": {"target_kl": 0.3}},
    {"tune": {"discount": 0.5}},
    {"tune": {"lag": 8}},
    {"tune": {"exploration": {"kind": "boltzmann"}}},
    {"tune": {"critic": {"candidates": 4}}},
    {"tune": {"algorithm": "rl-only"}},
    {"algorithms": {"psi": {"tune": {"c": 2.0}}}},
    {"stages": [{"steps": 5}, {"c": 2.0}]},
    {"stages": [{"weights": {"leap": 1.0}}]},
]
HARMLESS: list[Any] = [
    {},
    {"length": 64, "prior": "melody"},
    {"tune": {"steps": 5, "algorithm": "g", "discount": 1.0, "replay": {"fresh": 0.5}}},
    {"reward": {"key": {"tonic": "D"}}},
    {"tune": {"algorithm": "no such"}},
    *({"tune": 3}, {"reward": []}, {"stages": 3, "aims": 4}, {"algorithms": {"psi": 3}}),
]


@pytest.mark.parametrize("asked", WEIGHING)
def test_whoever_weighs_has_weights(asked: dict[str, Any]) -> None:
    assert usual(asked) == usual({}, asked) == "weights"
    aims = {"last_note_is_tonic": ">= 60 %"}
    assert usual({"aims": aims}, asked) == "default"  # and is told what goes together
    assert usual(asked, preset="musical") == "musical"


@pytest.mark.parametrize("asked", HARMLESS)
def test_all_others_have_aims_whatever_they_ask(asked: Any) -> None:
    assert usual(asked) == usual({}, asked) == "default"
    assert usual(asked, weighs=True) == "weights"


def test_the_command_wins_over_the_file() -> None:
    by_rewards = {"tune": {"algorithm": "rl-only"}}
    assert usual({"tune": {"algorithm": "psi"}}, by_rewards) == "default"


def test_names_of_before_and_domains_with_weights_by_default() -> None:
    assert usual(preset="aims") == "default"
    assert usual_preset("tune", "molecule", "aims", ()) == "aims"
    assert usual_preset("tune", "molecule", "default", ()) == "default"
    assert usual_preset("tune", "molecule", "default", ({"aims": {"valid": ">= 0.9"}},)) == "aims"
    assert usual_preset("tune", "toy", "default", ({"tune": {"c": 1.0}},)) == "default"


@pytest.mark.parametrize("algorithm", SHIPPED)
def test_every_algorithm_is_tuned_by_default(algorithm: str) -> None:
    layers = read_layers("melody", "default", None, {"tune": {"algorithm": algorithm}})
    toy = find_domain("toy").default_prior("cpu")  # of which nothing is asked
    tune = Order(find_domain("melody"), toy, layers, Given("melody")).spec.tune
    assert bool(tune.aims) == tune.aims_alone
    assert bool(tune.aims) == (SHIPPED[algorithm].takes_aims and not tune.exploration.given)
    if not tune.aims:
        assert layers.preset == read_preset("tune", "melody", "weights")


def test_the_thirteen_rows_are_aimed_at_from_a_prior_that_can_repeat() -> None:
    order = open_order("melody", "default", None, {}, Given())
    assert len(order.spec.tune.aims) == 13
    assert order.spec.prior == "tunes"
    assert [aim.row.split("_")[0] for aim in order.spec.tune.aims] == AIMED


def test_rules_of_the_users_own_are_paid(tmp_path: Path) -> None:
    path = tmp_path / "rules.py"
    path.write_text("def high(melodies):\n    return melodies.pitch / 100\n", encoding="utf-8")
    order = open_order("melody", "default", None, {}, Given(rules=path))
    assert not order.spec.tune.aims
    assert order.spec.reward["weights"]["tonic"] == 11.5
