"""Methods with a fixed point of their own, or one of KL-control, trained and compared with it."""

from pathlib import Path
from typing import Any

import pytest

from kit import silent
from sequence_tutor.exact import kl_to_optimum
from sequence_tutor.sampling.measure import Task
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.verify import distances

TOY = make_toy(0, vocab_size=3, length=3, width=32)
TASK = Task(TOY.prior, TOY.reward, 3)


def trained(folder: Path, algorithm: str, **changes: Any) -> tuple[float, float]:
    """KL in nats a sequence to the method's own fixed point, and to that of KL-control."""
    settings = TuneSettings.model_validate(
        {
            "algorithm": algorithm,
            "c": 1.0,
            "steps": 300,
            "batch": 64,
            "collect": 64,
            "collect_every": 1,
            "evaluate_every": 300,
            "evaluate_samples": 64,
            "replay": {"capacity": 4096, "fresh": 1.0},
            "optimiser": {"learning_rate": 0.02, "fall_from": 0.2},
            **changes,
        }
    )
    policy = Tuner(TASK, settings, folder).run(silent)
    own, _ = distances(TOY, policy, settings)
    optimum = TOY.soft_optimum(settings.c, 1.0).log_policy
    return own, kl_to_optimum(TOY.space.log_policy(policy.sequence_log_probs), optimum)


def test_the_prior_is_far_from_all_of_them() -> None:
    assert kl_to_optimum(TOY.log_prior(), TOY.soft_optimum(1.0, 1.0).log_policy) > 2


@pytest.mark.long
@pytest.mark.parametrize("algorithm", ["rloo", "dpg"])
def test_it_comes_to_the_optimum_of_kl_control(algorithm: str, tmp_path: Path) -> None:
    own, soft = trained(tmp_path, algorithm)
    assert own == soft
    assert soft < 0.02


@pytest.mark.long
def test_grpo_comes_to_its_own_optimum_and_not_to_that_of_kl_control(tmp_path: Path) -> None:
    own, soft = trained(tmp_path, "grpo", collect=256, collect_every=4)
    assert own < 0.03
    assert soft > 0.4
