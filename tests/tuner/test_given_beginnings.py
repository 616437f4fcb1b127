"""Beginnings of data for MIXER: how many tokens, which ones, and what is learned from them."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from kit import generator, silent, toy_task
from sequence_tutor.algorithms import Experience, Predicted, find_algorithm
from sequence_tutor.tuner.given_beginnings import Beginnings, tokens_given
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

FRESH: dict[str, Any] = {"collect_every": 1, "replay": {"fresh": 1.0}}
DATA = [[0, 1, 2, 3], [3, 2, 1, 0]]


def mixer(**changes: Any) -> TuneSettings:
    explored = {"given": 1.0, "given_anneal": 0.5}
    own = {"algorithm": "mixer", "batch": 16, "collect": 16, "exploration": explored, **FRESH}
    return TuneSettings.model_validate({**own, **changes})


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 10), (0.125, 8), (0.25, 6), (0.5, 2), (0.9, 2)]
)
def test_fewer_and_fewer_tokens_are_given(share: float, expected: int) -> None:
    assert tokens_given(mixer(), share, 10, 2) == expected


def test_no_other_method_is_given_any() -> None:
    assert tokens_given(TuneSettings(), 0.0, 10, 2) == 2
    with pytest.raises(ValidationError, match="psi is given no data, as mixer is"):
        TuneSettings.model_validate({"exploration": {"given": 0.5}})


def test_what_needs_the_policys_own_sequences_is_refused() -> None:
    with pytest.raises(
        ValidationError, match=r"aims are given but algorithm is .mixer., which learns from data"
    ):
        mixer(aims={"token_2": ">= 40 %"})
    with pytest.raises(ValidationError, match="target_kl is"):
        mixer(target_kl=0.1)


def test_beginnings_are_those_of_the_data() -> None:
    begun = Beginnings(toy_task(), mixer(), DATA)(32, 0.25, generator())
    assert begun is not None
    assert {tuple(row) for row in begun.to_lists()} == {(0, 1), (3, 2)}
    assert Beginnings(toy_task(), mixer(), DATA)(32, 0.5, generator()) is None


def test_without_data_they_are_the_priors() -> None:
    task = toy_task()
    begun = Beginnings(task, mixer())(4096, 0.375, generator())
    assert begun is not None
    shares = begun.tokens[:, 0].bincount(minlength=4) / 4096
    first = task.prior.sequence_log_probs(torch.zeros(1, 4, dtype=torch.int64))[0, 0].exp()
    torch.testing.assert_close(shares, first, atol=0.03, rtol=0)


def test_given_tokens_are_learned_and_written_ones_reinforced_by_hand() -> None:
    # pi = 1/2 everywhere, p = 1/2; of two sequences the first tokens are given
    half = torch.full((2, 2, 2), 0.5, dtype=torch.float64).log().requires_grad_()
    tokens = torch.tensor([[0, 0], [0, 1]])
    mask, given = torch.ones(2, 2, dtype=torch.bool), torch.tensor([[True, False]]).expand(2, 2)
    reward = torch.tensor([[5.0, 1.0], [7.0, 4.0]], dtype=torch.float64)
    prior = torch.full((2, 2), math.log(0.5), dtype=torch.float64)
    seen = Experience(tokens, mask, reward, prior, None, mask & ~given, torch.ones(2), 1.0, given)
    said = Predicted(half, half.logsumexp(2))
    graded = find_algorithm("mixer").grade(mixer(), said, seen)
    graded.loss.backward()
    # returns of the endings 1 and 4, advantages -3 and 3; means over two sequences, then per token
    # of two: a given token has the gradient -(1 - 1/2) / 2 / 2, a written one advantage / 8
    assert half.grad is not None
    assert half.grad[:, 0].tolist() == [[-0.125, 0.125]] * 2
    assert half.grad[:, 1].tolist() == [[0.375, -0.375], [0.375, -0.375]]
    assert graded.by_sequence.tolist() == pytest.approx([3 / math.sqrt(2)] * 2)


def test_the_data_of_a_run_are_its_seeds_and_a_killed_run_goes_on(tmp_path: Path) -> None:
    settings = mixer(steps=8, evaluate_every=4, evaluate_samples=16)

    def policy(folder: str, stops: bool) -> torch.Tensor:
        tuner = Tuner(toy_task(), settings, tmp_path / folder, seeds=DATA)
        if stops:
            advanced = 0

            def stop(n: int = 1, /, **_: float | str) -> None:
                nonlocal advanced
                advanced += n
                if advanced == 6:
                    raise KeyboardInterrupt

            with pytest.raises(KeyboardInterrupt):
                tuner.run(stop)
            tuner = Tuner(toy_task(), settings, tmp_path / folder, seeds=DATA)
        found = tuner.run(silent)
        assert tuner.supply.scored == 8 * 16  # seeds are not scored
        return found.sequence_log_probs(torch.tensor(DATA))

    assert torch.equal(policy("whole", stops=False), policy("killed", stops=True))


def test_there_may_be_more_data_than_replay_and_budget_have_places(tmp_path: Path) -> None:
    small = {"fresh": 1.0, "capacity": 16}
    settings = mixer(steps=2, evaluate_every=2, evaluate_samples=16, replay=small, budget=32)
    tuner = Tuner(toy_task(), settings, tmp_path, seeds=DATA * 50)
    tuner.run(silent)
    assert tuner.supply.scored == 32


@pytest.mark.parametrize(
    "algorithm",
    [
        "psi-rawlik",
        "raml-edits",
        *(
            pytest.param(name, marks=pytest.mark.long)
            for name in ("bahdanau", "gdc", "grpo", "raml-edit-distance")
        ),
    ],
)
def test_other_killed_runs_go_on_too(algorithm: str, tmp_path: Path) -> None:
    fresh: dict[str, Any] = {} if algorithm == "psi-rawlik" else FRESH
    explored = {"given": 1.0} if algorithm.startswith("raml") else {}
    settings = TuneSettings.model_validate(
        {"algorithm": algorithm, "batch": 8, "collect": 8, "exploration": explored, "steps": 6}
        | {"evaluate_every": 2, "evaluate_samples": 16, "c": 0.7, **fresh}
    )

    def begun(folder: str) -> Tuner:
        return Tuner(toy_task(), settings, tmp_path / folder)

    def stop(n: int = 1, /, **live: float | str) -> None:
        if n and live.get("loss") is not None:
            done.append(n)
            if len(done) == 5:
                raise KeyboardInterrupt

    done: list[int] = []
    whole = begun("whole").run(silent)
    with pytest.raises(KeyboardInterrupt):
        begun("killed").run(stop)
    resumed = begun("killed")
    assert resumed.step == 4
    tokens = torch.tensor(DATA)
    found = resumed.run(silent).sequence_log_probs(tokens)
    assert torch.equal(found, whole.sequence_log_probs(tokens))
