"""A discriminator as a term of the reward: what it pays, where it leads, and that it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import sequence_tutor as st
from kit import generator, silent
from sequence_tutor.algorithms import Discriminated
from sequence_tutor.errors import UserError
from sequence_tutor.exact import (
    along_sequences,
    enumerate_sequences,
    kl_to_optimum,
    soft_optimum,
)
from sequence_tutor.reward import Reward, check_reward
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

TOY = make_toy(0, vocab_size=3, length=3, width=32)
DATA = TOY.soft_optimum(2.0, 1.0).log_policy
"""The policy that wrote the data."""
REAL = [[0, 1, 2, 3, 0, 1], [0, 1, 2, 3, 1, 1], [2] * 6]


def drawn(count: int) -> list[list[int]]:
    codes = along_sequences(DATA).exp().multinomial(count, True, generator=generator())
    rows: list[list[int]] = enumerate_sequences(3, 3).tokens[codes].tolist()
    return rows


def learned(rules: Reward | None, folder: Path) -> tuple[float, float]:
    """KL of the policy to the data, and to p_data exp(r) / Z, in nats a sequence."""
    settings = TuneSettings.model_validate(
        {
            "algorithm": "reinforce",
            "c": 1.0,
            "steps": 400,
            "batch": 128,
            "collect": 128,
            "collect_every": 1,
            "evaluate_every": 400,
            "evaluate_samples": 64,
            "replay": {"fresh": 1.0},
            "optimiser": {"learning_rate": 0.004, "fall_from": 0.3},
        }
    )
    task = Task(TOY.prior, Discriminated(drawn(20_000), 3, rules), 3)
    policy = Tuner(task, settings, folder).run(silent)
    log_policy = TOY.space.log_policy(policy.sequence_log_probs)
    joined = soft_optimum(DATA, TOY.rewards(), 1.0, 1.0).log_policy
    return kl_to_optimum(log_policy, DATA), kl_to_optimum(log_policy, joined)


@pytest.mark.slow
def test_alone_it_leads_to_the_data(tmp_path: Path) -> None:
    assert kl_to_optimum(TOY.log_prior(), DATA) > 0.8
    to_data, _ = learned(None, tmp_path)
    assert to_data < 0.03


@pytest.mark.slow
def test_with_rules_it_leads_to_kl_control_whose_prior_are_the_data(tmp_path: Path) -> None:
    to_data, to_joined = learned(TOY.reward, tmp_path)
    assert to_joined < 0.03
    assert to_data > 0.15


@pytest.mark.long
def test_it_learns_the_log_odds_of_every_beginning() -> None:
    reward = Discriminated([[0, 0], [1, 0]], 2, width=8, learning_rate=0.03)
    # the policy writes 0 first in one of four, then 0 or 1: log-odds ln(1/2 : 1/4), ln(1/2 : 3/4),
    # and of whole sequences ln(1/2 : 1/8), ln(1/2 : 3/8), never (0, 1) and (1, 1)
    written = [[0, 0], [0, 1], *[[1, 0], [1, 1]] * 3]
    for _ in range(150):
        reward.remember(SequenceBatch.from_lists(written * 16))
    paid = reward(SequenceBatch.from_lists([[0, 0], [1, 0], [1, 1]]))[:, :, 0]
    assert paid[0].tolist() == pytest.approx([0.693, 0.693], abs=0.15)
    assert paid[1].tolist() == pytest.approx([-0.405, 0.693], abs=0.15)
    assert paid[2, 1] < -3


def test_it_keeps_the_promises_of_a_reward_and_pays_nothing_at_first() -> None:
    toy = make_toy(0, length=4)
    reward = Discriminated([[0, 1, 2, 3]], 4, toy.reward, weight=0.5)
    check_reward(Discriminated([[0, 1, 2, 3]], 4), 4)
    assert reward.names == ("prefix", "pair", "looks_real")
    assert reward.weights.tolist() == [1.0, 1.0, 0.5]
    batch = SequenceBatch.from_lists([[0, 1, 2, 3], [1, 0]])
    assert torch.equal(reward(batch)[:, :, :2], toy.reward(batch))
    assert reward(batch)[:, :, 2].abs().max() == 0
    reward.remember(batch)
    paid = reward(batch)
    assert paid[:, :, 2].abs().max() > 0
    assert paid[1, 2:].abs().max() == 0  # beyond its end


@pytest.mark.parametrize(
    ("real", "expected"), [([[0, 4]], "the token 4, expected"), ([], "no sequences, expected")]
)
def test_unfit_data_are_refused(real: list[list[int]], expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        Discriminated(real, 4)


def test_a_run_goes_on_with_an_object_made_anew(tmp_path: Path) -> None:
    overrides = {
        "tune": {"algorithm": "reinforce", "batch": 8, "collect": 8}
        | {"steps": 6, "evaluate_every": 3, "evaluate_samples": 16}
    }

    def tuned(folder: str) -> torch.Tensor:
        out, reward = tmp_path / folder, Discriminated(REAL, 4)
        model = st.tune("toy", out, reward=reward, overrides=overrides, threads=1, quiet=True)
        return model.policy.sequence_log_probs(torch.tensor(REAL))

    whole, remember, batches = tuned("whole"), Discriminated.remember, []

    def stopped(self: Discriminated, batch: SequenceBatch) -> None:
        batches.append(batch)
        if len(batches) == 5:
            raise KeyboardInterrupt
        remember(self, batch)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Discriminated, "remember", stopped)
        with pytest.raises(KeyboardInterrupt):
            tuned("killed")
    assert torch.equal(tuned("killed"), whole)
