"""What follows from the settings of a run."""

from typing import Any

import pytest

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
