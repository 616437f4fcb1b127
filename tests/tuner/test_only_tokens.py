"""A policy that may choose only some tokens: the optimum among their sequences, and refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kit import KilledError, generator, silent
from sequence_tutor.algorithms.registry import needs_of
from sequence_tutor.config.presets import merged
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.exact_optimum import exact_figures
from sequence_tutor.sampling.measure import Task, measure
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.checks import check_choice, check_seeds
from sequence_tutor.tuner.collecting_settings import ExplorationSettings
from sequence_tutor.tuner.exploration import Exploration
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

ONLY = (0, 2, 3)


def tuned(folder: Path, **settings: object) -> tuple[Task, Tuner]:
    """A tuner of a toy problem with five tokens, of which three may be chosen."""
    toy = make_toy(0, vocab_size=5, length=3, width=32)
    chosen = {
        "c": 1.0,
        "steps": 300,
        "batch": 64,
        "collect": 64,
        "collect_every": 2,
        "evaluate_every": 1000,
        "evaluate_samples": 64,
        "replay": {"capacity": 2048, "by_return": 0.0},
        "optimiser": {"learning_rate": 0.03, "fall_from": 0.2},
        **settings,
    }
    needs = needs_of(str(chosen.get("algorithm", "psi"))).get("tune", {})
    task = Task(toy.prior, toy.reward, 3, only=ONLY)
    return task, Tuner(task, TuneSettings.model_validate(merged(chosen, needs)), folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"algorithm": "psi", "exploration": {"kind": "epsilon-policy", "begin": 0.5, "end": 0.1}},
        pytest.param({"algorithm": "g"}, marks=pytest.mark.long),
        pytest.param({"algorithm": "reinforce-kl", "collect_every": 1}, marks=pytest.mark.long),
        pytest.param({"algorithm": "bahdanau", "collect_every": 1}, marks=pytest.mark.long),
    ],
    ids=["psi explores", "g", "reinforce-kl", "bahdanau"],
)
def test_the_optimum_among_the_sequences_of_these_tokens_is_reached(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    task, tuner = tuned(tmp_path, **settings)
    policy = tuner.run(silent)
    found = {name: one.value for name, one in exact_figures(policy, task, 1.0).items()}
    assert found["kl_to_optimum_per_sequence"] < 0.02
    # the optimum among all is another: what is allowed has less of it than all of it
    everywhere = exact_figures(policy, replace(task, only=()), 1.0)
    missing = everywhere["kl_to_optimum_per_sequence"].value
    z_ratio = everywhere["log_z_exact"].value - found["log_z_exact"]
    assert z_ratio > 0.5
    assert missing == pytest.approx(z_ratio + found["kl_to_optimum_per_sequence"], abs=1e-6)


def test_nothing_else_is_written_stored_or_explored(tmp_path: Path) -> None:
    greedy = {"kind": "epsilon-greedy", "begin": 0.9, "end": 0.9}
    task, tuner = tuned(tmp_path, steps=6, exploration=greedy)
    policy = tuner.run(silent)
    replay = tuner.supply.replay
    stored = replay.read(torch.arange(len(replay))).batch
    assert len(stored) >= 3 * 64
    assert set(stored.tokens.unique().tolist()) == set(ONLY)
    (measured,) = measure(policy, task, 200, generator())
    assert set(measured.batch.tokens.unique().tolist()) <= set(ONLY)
    for figure in (measured.kl, measured.entropy, measured.log_policy, measured.log_prior):
        assert bool(figure.isfinite().all())
    assert float(measured.kl.min()) > 0  # to the prior as it is, so the limits cost something


def test_a_users_exploration_is_limited_too() -> None:
    barred = torch.tensor([False, True, False])
    settings = ExplorationSettings(kind="boltzmann")
    explore = Exploration(settings, lambda log_policy, _: torch.zeros_like(log_policy), barred)
    found = explore(torch.randn(2, 3), generator())
    assert found.softmax(-1).tolist() == [[0.5, 0.0, 0.5]] * 2


def test_an_interrupted_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    _, whole = tuned(tmp_path / "whole", steps=8, evaluate_every=4)
    _, begun = tuned(tmp_path / "begun", steps=8, evaluate_every=4)

    def killed(*_: object, **__: object) -> None:
        if begun.step >= 6:
            raise KilledError

    with pytest.raises(KilledError):
        begun.run(killed)
    _, again = tuned(tmp_path / "begun", steps=8, evaluate_every=4)
    assert again.step == 4
    tokens = torch.randint(0, 5, (4, 3), generator=generator())
    expected = whole.run(silent).sequence_log_probs(tokens)
    assert torch.equal(again.run(silent).sequence_log_probs(tokens), expected)


def test_seeds_of_other_tokens_and_methods_that_learn_from_data_are_refused() -> None:
    toy = make_toy(0, vocab_size=5, length=3, width=8)
    task = Task(toy.prior, toy.reward, 3, only=ONLY)
    check_seeds([[0, 2, 3]], task, TuneSettings())
    with pytest.raises(UserError, match="seed 2 has the token 1, which is not among those"):
        check_seeds([[0, 2, 3], [0, 1, 4]], task, TuneSettings())
    mixer = TuneSettings.model_validate(
        merged({"algorithm": "mixer"}, needs_of("mixer").get("tune", {}))
    )
    check_choice(mixer, ())
    with pytest.raises(UserError, match="mixer learns from data"):
        check_choice(mixer, ONLY)
