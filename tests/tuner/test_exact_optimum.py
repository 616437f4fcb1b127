"""Prioritised learners reach their exact optimum, with rewards at the end and of any length."""

from pathlib import Path

import pytest

from kit import silent
from sequence_tutor.exact import kl_to_optimum
from sequence_tutor.sampling.measure import Task
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.verify import distances

ONE_STEP: dict[str, object] = {"n_steps": 1, "paths": "every", "eta": 0.1}
EVERY: dict[str, object] = {"n_steps": "all", "paths": "every"}
WHOLE: dict[str, object] = {"n_steps": "all", "paths": "whole"}


def trained(
    folder: Path, end_token: int | None, priority: str, form: dict[str, object], **changes: object
) -> tuple[float, float]:
    """KL to the optimum and value error after training on a terminal reward."""
    toy = make_toy(0, vocab_size=3, length=3, width=32, terminal=True, end_token=end_token)
    settings = TuneSettings.model_validate(
        {
            "c": 1.0,
            # of one length: KL of Psi .032 after 200, of Q after 400, of both .0005 after 800
            "steps": 800 if end_token is None else 400 if priority == "step" else 200,
            "batch": 64,
            "collect": 64,
            "collect_every": 4,
            "evaluate_every": 1000,
            "evaluate_samples": 64,
            "replay": {"capacity": 2048, "fresh": 0.25, "by_return": 0.0, "priority": priority},
            "optimiser": {"learning_rate": 0.04, "fall_from": 0.2},
            **form,
            **changes,
        }
    )
    task = Task(toy.prior, toy.reward, 3, end_token)
    kl, value_error = distances(toy, Tuner(task, settings, folder).run(silent), settings)
    assert value_error is not None  # every one of these learns values
    return kl, value_error


ONE_LENGTH = pytest.param(None, marks=pytest.mark.slow, id="one length")


@pytest.mark.parametrize("end_token", [ONE_LENGTH, pytest.param(2, id="end token")])
@pytest.mark.parametrize(
    ("algorithm", "priority", "form"),
    [
        ("psi", "sequence", ONE_STEP),
        pytest.param("psi", "step", ONE_STEP, marks=pytest.mark.long),
        pytest.param("psi", "step", EVERY, marks=pytest.mark.slow),
        pytest.param("g", "sequence", WHOLE, marks=pytest.mark.long),
        pytest.param("q", "sequence", ONE_STEP, marks=pytest.mark.long),
    ],
    ids=["psi", "psi by step", "psi every by step", "g whole", "q"],
)
def test_a_prioritised_learner_reaches_its_exact_optimum(
    tmp_path: Path,
    algorithm: str,
    priority: str,
    form: dict[str, object],
    end_token: int | None,
) -> None:
    kl, value_error = trained(tmp_path, end_token, priority, form, algorithm=algorithm)
    assert kl < 0.03
    assert value_error < 0.1


def test_sequences_of_any_length_are_learned_without_priorities_too(tmp_path: Path) -> None:
    kl, value_error = trained(tmp_path, 2, "none", WHOLE)
    assert kl < 0.03
    assert value_error < 0.1


@pytest.mark.parametrize(
    ("collect", "every", "most"),
    [(64, 4, 0.03), pytest.param(4096, 300, 0.06, marks=pytest.mark.long)],
    ids=["of the policy", "of the prior"],
)
def test_weighted_likelihood_reaches_the_optimum(
    tmp_path: Path, collect: int, every: int, most: float
) -> None:
    # of the prior: one collection before the first update, with the weights exp(r / c)
    toy = make_toy(0, vocab_size=3, length=3, width=32)
    settings = TuneSettings.model_validate(
        {
            "algorithm": "raml",
            "c": 2.0,
            "steps": 300,
            "batch": 64,
            "collect": collect,
            "collect_every": every,
            "evaluate_every": 300,
            "evaluate_samples": 64,
            "replay": {"capacity": 4096, "fresh": 1.0},
            "optimiser": {"learning_rate": 0.02, "fall_from": 0.2},
        }
    )
    task = Task(toy.prior, toy.reward, 3)
    optimum = toy.soft_optimum(2.0, 1.0).log_policy
    apart = kl_to_optimum(toy.space.log_policy(toy.prior.sequence_log_probs), optimum)
    policy = Tuner(task, settings, tmp_path).run(silent)
    kl, _ = distances(toy, policy, settings)
    assert apart > 0.2
    assert kl < most
