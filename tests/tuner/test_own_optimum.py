"""Methods with a fixed point of their own, or one of KL-control, trained and compared with it."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from kit import silent
from sequence_tutor.algorithms import find_algorithm
from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.exact import Levels, along_sequences, kl_to_optimum, soft_optimum
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.verify import distances

TOY = make_toy(0, vocab_size=3, length=3, width=32)
TASK = Task(TOY.prior, TOY.reward, 3)


ONE_STEP: dict[str, Any] = {"n_steps": 1, "paths": "every"}
REPLAYED: dict[str, Any] = {"capacity": 4096, "fresh": 0.25, "by_return": 0.0}


def tuned(
    folder: Path, algorithm: str, task: Task = TASK, **changes: Any
) -> tuple[TunedPolicy, TuneSettings]:
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
    return Tuner(task, settings, folder).run(silent), settings


def trained(folder: Path, algorithm: str, **changes: Any) -> tuple[float, float]:
    """KL in nats a sequence to the method's own fixed point, and to that of KL-control."""
    policy, settings = tuned(folder, algorithm, **changes)
    own, _ = distances(TOY, policy, settings)
    return own, apart(policy, TOY.soft_optimum(settings.c, 1.0).log_policy)


def apart(policy: TunedPolicy, optimum: Levels) -> float:
    """KL(policy || optimum) in nats a sequence."""
    return kl_to_optimum(TOY.space.log_policy(policy.sequence_log_probs), optimum)


def test_the_prior_is_far_from_all_of_them() -> None:
    assert kl_to_optimum(TOY.log_prior(), TOY.soft_optimum(1.0, 1.0).log_policy) > 2


@pytest.mark.long
@pytest.mark.parametrize("algorithm", ["rloo", "dpg", "gdc"])
def test_it_comes_to_the_optimum_of_kl_control(algorithm: str, tmp_path: Path) -> None:
    own, soft = trained(tmp_path, algorithm)
    assert own == soft
    assert soft < 0.02


@pytest.mark.long
def test_a_critic_of_all_tokens_leads_to_it(tmp_path: Path) -> None:
    _, soft = trained(tmp_path, "bahdanau", eta=0.05)
    assert soft < 0.03


@pytest.mark.long
@pytest.mark.parametrize("algorithm", ["raml-edits", "raml-edit-distance"])
def test_likelihood_of_edited_data_comes_to_the_data_with_tokens_edited(
    algorithm: str, tmp_path: Path
) -> None:
    form: dict[str, Any] = {"c": 0.7, "exploration": {"given": 1.0}, "batch": 128, "collect": 128}
    policy, settings = tuned(tmp_path, algorithm, **form)
    own, _ = distances(TOY, policy, settings)
    assert own < 0.02
    assert apart(policy, TOY.log_prior()) > 0.1
    exact = find_algorithm(algorithm).optimum(TOY.log_prior(), TOY.rewards(), 1e-2, 1.0)
    assert exact is not None
    assert kl_to_optimum(exact, TOY.log_prior()) < 1e-6  # no edits


@pytest.mark.long
def test_transfer_writes_the_best_sequences(tmp_path: Path) -> None:
    kept = {"capacity": 8, "keep": "best", "distinct": True, "fresh": 0.0, "by_return": 0.0}
    form: dict[str, Any] = {"batch": 32, "collect": 4, "replay": kept}
    policy, _ = tuned(tmp_path, "transfer", **form)
    best = along_sequences(TOY.rewards()).topk(8).indices
    before, after = (
        float(along_sequences(level)[best].exp().sum())
        for level in (TOY.log_prior(), TOY.space.log_policy(policy.sequence_log_probs))
    )
    assert before < 0.4
    assert after > 0.8


@pytest.mark.long
def test_mixer_comes_to_it_once_nothing_is_given_any_more(tmp_path: Path) -> None:
    rate = {"learning_rate": 0.02, "fall_from": 0.6}
    _, soft = trained(tmp_path, "mixer", exploration={"given": 1.0}, steps=400, optimiser=rate)
    assert soft < 0.02


@pytest.mark.long
def test_grpo_comes_to_its_own_optimum_and_not_to_that_of_kl_control(tmp_path: Path) -> None:
    own, soft = trained(tmp_path, "grpo", collect=256, collect_every=4)
    assert own < 0.03
    assert soft > 0.4


@pytest.mark.long
def test_g_of_fox_comes_to_the_optimum_with_a_uniform_prior(tmp_path: Path) -> None:
    form: dict[str, Any] = {
        **ONE_STEP,
        "eta": 0.1,
        "c_begin": 8.0,
        "collect_every": 4,
        "replay": REPLAYED,
    }
    rate = {"learning_rate": 0.04, "fall_from": 0.2}
    own, soft = trained(tmp_path, "g-fox", optimiser=rate, **form)
    assert own < 0.01
    assert soft > 0.4


ITERATED: dict[str, Any] = {"c": 3.0, "steps": 450, "collect": 2048, "collect_every": 150}
"""Three iterations, each solved."""
OLD = {**REPLAYED, "fresh": 0.0}


@pytest.mark.long
def test_three_iterations_of_psi_are_kl_control_at_a_third_of_c(tmp_path: Path) -> None:
    rate = {"learning_rate": 0.04, "fall_from": 0.2}
    form: dict[str, Any] = {
        **ITERATED,
        "n_steps": "all",
        "paths": "whole",
        "replay": OLD,
        "optimiser": rate,
    }
    policy, _ = tuned(tmp_path, "psi-rawlik", **form)
    assert apart(policy, TOY.soft_optimum(1.0, 1.0).log_policy) < 0.01
    for wrong in (1, 2, 4):
        assert apart(policy, TOY.soft_optimum(3.0 / wrong, 1.0).log_policy) > 0.015


@pytest.mark.long
def test_iterations_of_psi_by_one_backup_each(tmp_path: Path) -> None:
    rate = {"learning_rate": 0.04, "fall_from": 0.2}
    form: dict[str, Any] = {**ITERATED, **ONE_STEP, "replay": OLD, "optimiser": rate}
    policy, _ = tuned(tmp_path, "psi-rawlik", **form)
    psi = list(TOY.log_prior())
    for _ in range(3):
        nexts = [level.logsumexp(1) for level in psi[1:]] + [psi[-1].new_zeros(27)]
        psi = [
            level.log_softmax(1) + reward / 3 + value.view_as(reward)
            for level, reward, value in zip(psi, TOY.rewards(), nexts, strict=True)
        ]
    assert apart(policy, tuple(level.log_softmax(1) for level in psi)) < 0.02
    assert apart(policy, TOY.soft_optimum(1.0, 1.0).log_policy) > 0.03


class Shifted:
    """The same reward, and a constant at the first step, which moves no optimum but log Z."""

    names = (*TOY.reward.names, "constant")
    weights = torch.ones(3, dtype=torch.float64)

    def __init__(self, constant: float) -> None:
        self.constant = constant

    def __call__(self, batch: SequenceBatch) -> Tensor:
        terms = TOY.reward(batch)
        constant = torch.zeros_like(terms[:, :, :1])
        constant[:, 0] = self.constant
        return torch.cat([terms, constant], 2)


@pytest.mark.long
def test_what_keeps_dap_from_the_optimum_is_log_z(tmp_path: Path) -> None:
    optimum = TOY.soft_optimum(1.0, 1.0)
    found = []
    for factor in (0.0, 1.0, 2.0):
        task = Task(TOY.prior, Shifted((factor - 1) * optimum.value), 3)  # log Z is factor times it
        policy, _ = tuned(tmp_path / str(factor), "dap", task, steps=400)
        found.append(apart(policy, optimum.log_policy))
    assert found[0] < 0.005
    assert found[1] > 5 * found[0]
    assert found[2] > 10 * found[1]


def test_a_uniform_prior_that_never_falls_is_that_of_kl_control() -> None:
    g = find_algorithm("g-fox").optimum(TOY.log_prior(), TOY.rewards(), 1.0, 1.0)
    uniform = tuple(torch.full_like(level, -math.log(3)) for level in TOY.log_prior())
    expected = soft_optimum(uniform, TOY.rewards(), 1.0, 1.0).log_policy
    assert g is not None
    assert kl_to_optimum(g, expected) == 0
