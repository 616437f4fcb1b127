"""What follows from the settings of a run."""

import re
from operator import attrgetter
from typing import Any

import pytest
from pydantic import ValidationError

from sequence_tutor.algorithms.registry import find_algorithm
from sequence_tutor.config.presets import merged
from sequence_tutor.tuner.idle_settings import ASKED, idle
from sequence_tutor.tuner.settings import TuneSettings

ON_POLICY: dict[str, Any] = {
    "batch": 8,
    "collect": 8,
    "collect_every": 1,
    "replay": {"fresh": 1.0},
    "exploration": {"kind": "policy"},
}


@pytest.mark.parametrize(
    ("learns", "given"),
    [
        (True, {"algorithm": "psi"}),
        (True, {"algorithm": "g", "paths": "every", "n_steps": 1, "value_weight": 0.0}),
        (True, {"algorithm": "psi", "paths": "every", "value_weight": 0.0}),
        (True, {"algorithm": "ppo", **ON_POLICY}),
        (False, {"algorithm": "psi", "value_weight": 0.0}),
        (False, {"algorithm": "psi", "paths": "first"}),
        (False, {"algorithm": "ppo", "value_weight": 0.0, **ON_POLICY}),
        (False, {"algorithm": "dap", **ON_POLICY}),
        (False, {"algorithm": "raml", **ON_POLICY}),
        (False, {"algorithm": "reinforce-kl", **ON_POLICY}),
        (False, {"algorithm": "q", "paths": "every", "n_steps": 1}),
    ],
)
def test_which_forms_learn_a_soft_value_of_every_state(learns: bool, given: dict[str, Any]) -> None:
    assert TuneSettings.model_validate(given).learns_soft_values is learns


def test_whole_sequences_are_compared_with_others() -> None:
    with pytest.raises(ValidationError, match="batch is 1 but paths is 'whole'"):
        TuneSettings.model_validate({"batch": 1})
    TuneSettings.model_validate({"batch": 1, "paths": "first"})
    alone = {**ON_POLICY, "batch": 1, "collect": 1}
    TuneSettings.model_validate({"algorithm": "reinforce-kl", **alone})
    with pytest.raises(ValidationError, match="batch is 1 but algorithm is 'raml'"):
        TuneSettings.model_validate({"algorithm": "raml", **alone})


@pytest.mark.parametrize(
    "algorithm", ["reinforce", "reinforce-kl", "dap", "actor-critic", "ppo", "raml"]
)
def test_policy_gradients_count_copies(algorithm: str) -> None:
    distinct = {**ON_POLICY, "replay": {"fresh": 1.0, "distinct": True}}
    with pytest.raises(ValidationError, match=f"distinct is true but {algorithm} learns"):
        TuneSettings.model_validate({"algorithm": algorithm, **distinct})
    # over a preset that stores each sequence once
    needed = merged({"replay": {"distinct": True}}, find_algorithm(algorithm).needs)
    assert not TuneSettings.model_validate({"algorithm": algorithm, **needed}).replay.distinct


PPO, DAP = ({"algorithm": name, **ON_POLICY} for name in ("ppo", "dap"))
ONE_STEP: dict[str, Any] = {"n_steps": 1, "paths": "every"}
IDLE: list[tuple[str, dict[str, Any], Any]] = [
    ("double", {"algorithm": "q"}, True),
    ("double", {"algorithm": "q", "paths": "every"}, True),
    ("eta", {"algorithm": "psi"}, 0.5),
    ("eta", {"algorithm": "g", "paths": "every", "n_steps": 4}, 0.5),
    ("eta", PPO, 0.5),
    ("discount", DAP, 0.9),
    ("n_steps", {**DAP, "paths": "every"}, 3),
    ("n_steps", {**PPO, "paths": "every"}, 1),
    ("paths", PPO, "first"),
    ("trace", {"algorithm": "psi"}, 0.5),
    ("trace", DAP, 0.5),
    ("clip", {"algorithm": "actor-critic", **ON_POLICY}, 0.5),
    ("value_weight", DAP, 1.0),
    ("value_weight", {"algorithm": "psi", **ONE_STEP}, 1.0),
    ("value_weight", {"algorithm": "q", "paths": "first"}, 1.0),
    ("c_anneal", {}, 0.1),
    ("c_anneal", {"c_begin": 9.0, "target_kl": 0.1}, 0.1),
    ("exploration.begin", {}, 0.3),
    ("exploration.end", DAP, 0.3),
    ("exploration.anneal", {}, 0.3),
    ("replay.keep", PPO, "best"),
    ("replay.priority", DAP, "sequence"),
    ("replay.by_return", {"replay": {"fresh": 1.0}}, 0.1),
    ("replay.by_return", {"replay": {"priority": "sequence"}}, 0.1),
    ("replay.rank_by", {"replay": {"by_return": 0.0}}, "optimum"),
    ("replay.rank_by", {"replay": {"fresh": 1.0}}, "optimum"),
    ("replay.rank_by", {"replay": {"priority": "sequence"}}, "optimum"),
    ("replay.priority_exponent", {}, 0.1),
    ("replay.importance_begin", {}, 0.1),
    ("replay.importance_end", DAP, 0.1),
    ("optimiser.robust", DAP, 8.0),
    ("aims_alone", {}, True),
    ("aims_react", {}, 0.5),
    ("aims_margin", {}, 1.0),
    ("aims_keep", {}, 4),
    # of 100 updates the second half has collections before the updates 56, 64, 72, 80, 88 and 96
    ("aims_keep", {"aims": {"any": ">= 1"}, "steps": 100, "collect_every": 8}, 7),
    # the last stage of 40 has five: before the updates 64, 72, 80, 88 and 96
    (
        "aims_keep",
        {"aims": {"any": ">= 1"}, "collect_every": 8, "stages": [{"steps": 60}, {"steps": 40}]},
        6,
    ),
]


def with_value(given: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    table, _, field = name.rpartition(".")
    return merged(given, {table: {field: value}} if table else {field: value})


@pytest.mark.parametrize(("name", "given", "value"), IDLE)
def test_a_setting_that_does_nothing_is_refused(
    name: str, given: dict[str, Any], value: Any
) -> None:
    tables = with_value(given, name, value)
    with pytest.raises(ValidationError, match=re.escape(f"{name} is {value!r} but plays no part")):
        TuneSettings.model_validate(tables)
    # a preset serves several algorithms, and a stored run is what it is
    kept = TuneSettings.model_validate(tables, context={ASKED: ()})
    assert name in idle(kept)
    with pytest.raises(ValidationError, match="plays no part"):
        TuneSettings.model_validate(tables, context={ASKED: (name,)})
    stored = TuneSettings.model_validate(kept.model_dump(mode="json"), context={ASKED: ()})
    if kept.aims or not name.startswith("aims_"):  # without aims these are not recorded
        assert stored == kept
    usual = attrgetter(name)(TuneSettings())
    asked = {ASKED: (name,)}
    TuneSettings.model_validate(with_value(given, name, usual), context=asked)  # asks for nothing


WORKS: list[tuple[str, dict[str, Any], Any]] = [
    ("double", {"algorithm": "q", **ONE_STEP}, True),
    ("eta", {"algorithm": "rl-only", **ONE_STEP}, 0.5),
    ("discount", PPO, 0.9),
    ("trace", PPO, 0.5),
    ("clip", PPO, 0.5),
    ("value_weight", {"algorithm": "q"}, 1.0),
    ("value_weight", PPO, 1.0),
    ("value_weight", DAP, 0.0),
    ("c_anneal", {"c_begin": 9.0}, 0.1),
    ("exploration.begin", {"exploration": {"kind": "boltzmann"}}, 0.3),
    ("replay.by_return", {}, 0.1),
    ("replay.rank_by", {}, "optimum"),
    ("replay.rank_by", {"replay": {"by_return": 0.0, "keep": "best"}}, "optimum"),
    ("replay.rank_by", {"replay": {"fresh": 1.0}, "exploration": {"regrow": 0.1}}, "optimum"),
    ("replay.priority_exponent", {"replay": {"priority": "sequence"}}, 0.1),
    ("optimiser.robust", {"algorithm": "q"}, 8.0),
]


@pytest.mark.parametrize(("name", "given", "value"), WORKS)
def test_a_setting_that_plays_a_part_is_taken(name: str, given: dict[str, Any], value: Any) -> None:
    assert (
        name not in idle(TuneSettings.model_validate(with_value(given, name, value))) or not value
    )


def test_a_rank_by_the_optimum_needs_one_that_knows_the_prior() -> None:
    ranked: dict[str, Any] = {"rank_by": "optimum"}
    with pytest.raises(ValidationError, match="plays no part: the optimum of rl-only knows no pri"):
        TuneSettings.model_validate({"algorithm": "rl-only", "replay": ranked})
    kept = TuneSettings.model_validate({"replay": ranked}).model_dump()["replay"]
    assert kept["rank_by"] == "optimum"
    assert "rank_by" not in TuneSettings().model_dump()["replay"]  # recorded as ever
