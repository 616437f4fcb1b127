"""What follows from the settings of a run."""

from typing import Any

import pytest
from pydantic import ValidationError

from sequence_tutor.config.presets import merged, read_methods
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


@pytest.mark.parametrize("algorithm", ["reinforce", "reinforce-kl", "dap", "actor-critic", "ppo"])
def test_policy_gradients_count_copies(algorithm: str) -> None:
    distinct = {**ON_POLICY, "replay": {"fresh": 1.0, "distinct": True}}
    with pytest.raises(ValidationError, match=f"distinct is true but {algorithm} learns"):
        TuneSettings.model_validate({"algorithm": algorithm, **distinct})
    # over a preset that stores each sequence once
    needed = merged({"replay": {"distinct": True}}, read_methods()[algorithm]["tune"])
    assert not TuneSettings.model_validate({"algorithm": algorithm, **needed}).replay.distinct
