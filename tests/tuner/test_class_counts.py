"""The share of distinct values of a property: estimates by hand, payments and the exact optimum."""

from __future__ import annotations

import itertools
from math import comb
from pathlib import Path

import pytest
import torch
from scipy.optimize import brentq
from torch import Tensor

from kit import KilledError, run, sentence, silent
from sequence_tutor import tune
from sequence_tutor.config.aims import parse_aims
from sequence_tutor.domain import find_domain
from sequence_tutor.exact.distinct import spread
from sequence_tutor.objectives.distinct import distinct_of_counts, rarity_of_counts
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.checkpoints import load_checkpoint
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.class_counts import ClassCounts, codes_of
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.tuner.settings import TuneSettings

DRAWS = 20
GOAL = 0.53


def test_estimates_by_hand() -> None:
    # two of the three others are drawn; two of these three have the same value
    others = torch.tensor([2, 0, 3])
    # 1 / (1 + K): K is 1 in two of three choices and 2 in one
    expected = [(2 / 2 + 1 / 3) / 3, 1.0, 1 / 3]
    assert distinct_of_counts(others, 3, 3).tolist() == pytest.approx(expected)
    assert rarity_of_counts(others, 3, 3).tolist() == pytest.approx([0.0, 1.0, 0.0])
    none_of = comb(10 - 4, 3) / comb(10, 3)
    assert rarity_of_counts(torch.tensor([4]), 10, 4).item() == pytest.approx(none_of)


def test_estimates_have_no_bias() -> None:
    p = torch.tensor([0.5, 0.25, 0.15, 0.1], dtype=torch.float64)
    values = torch.multinomial(p, 400 * 2000, True, generator=torch.Generator().manual_seed(0))
    found = []
    for window in values.view(2000, 400):
        counts = torch.bincount(window, minlength=4)
        of_each = distinct_of_counts(counts[window[:8]] - 1, 399, 6)  # leaving itself out
        found.append(of_each.mean())
    exact = (1 - (1 - p) ** 6).sum() / 6
    assert torch.stack(found).mean().item() == pytest.approx(exact.item(), abs=0.004)


def test_codes_are_exact_in_float32_and_of_the_value() -> None:
    codes = codes_of([(1, 2), (2, 1), None, (1, 2)])
    assert codes[0] == codes[3]
    assert len(codes.unique()) == 3
    assert torch.equal(codes.float().double(), codes)


def test_payments_come_to_rest_where_the_policy_stands_still() -> None:
    """Solved again and again, they come to mu (1 - P)^(N-1), also from none."""
    codes = torch.tensor([1.0] * 60 + [2.0] * 30 + [3.0] * 10, dtype=torch.float64)
    counts = ClassCounts(codes, 10, 0)
    for _ in range(200):
        counts.solve(3.0)
    p = torch.tensor([59, 29, 9], dtype=torch.float64) / 99
    assert torch.allclose(counts.paid, 3.0 * (1 - p) ** 9, atol=1e-6)
    new = counts.payments.of(torch.tensor([[2.0, 0.0], [9.0, 0.0]]))
    assert new.tolist() == pytest.approx([counts.paid[1].item(), 3.0])


def log_probs(policy: Prior, sequences: Tensor) -> Tensor:
    with torch.no_grad():
        found = policy.sequence_log_probs(sequences).double()
    return found.gather(2, sequences[..., None]).squeeze(2).sum(1)


@pytest.mark.slow
def test_the_policy_comes_to_the_exact_optimum(tmp_path: Path) -> None:
    domain = find_domain("toy")
    sequences = torch.tensor(list(itertools.product(range(4), repeat=6)))
    pairs = 4 * sequences[:, 0] + sequences[:, 1]
    before = log_probs(domain.default_prior("cpu").prior, sequences)
    of_prior = torch.zeros(16, dtype=torch.float64).index_add_(0, pairs, before.exp())

    def spread_by(mu: float) -> Tensor:
        return spread(of_prior.log(), mu, DRAWS).exp()

    def missed(mu: float) -> float:
        return float((1 - (1 - spread_by(mu)) ** DRAWS).sum() / DRAWS) - GOAL

    mu = brentq(missed, 0.0, 50.0)
    optimum = before + (spread_by(mu) / of_prior).log()[pairs]
    tables = {"tune": {"steps": 800, "evaluate_every": 400, "collect": 1024, "collect_every": 4}}
    aims = {"distinct_pairs": f">= {GOAL} of {DRAWS}"}
    model = tune("toy", tmp_path, aims=aims, overrides=tables, threads=1, quiet=True)
    found = log_probs(model.policy, sequences)
    assert float((found.exp() * (found - optimum)).sum()) < 0.002  # nats a sequence
    (aim,) = read_log(tmp_path / "training.jsonl")[-1]["aims"].values()
    assert aim["met"]
    assert aim["multiplier"] == pytest.approx(mu, rel=0.08)  # with the margin of the goal
    mass = torch.zeros(16, dtype=torch.float64).index_add_(0, pairs, found.exp())
    exact = float((1 - (1 - mass) ** DRAWS).sum() / DRAWS)
    assert exact == pytest.approx(GOAL, abs=0.005)
    assert aim["value"] == pytest.approx(exact, abs=0.01)


def test_a_killed_run_goes_on_bit_for_bit(tmp_path: Path) -> None:
    domain = find_domain("toy")
    task = Task(domain.default_prior("cpu").prior, domain.reward(domain.reward_settings(), None), 6)
    settings = TuneSettings.model_validate(
        {
            "aims": [a.model_dump() for a in parse_aims({"distinct_pairs": ">= 55 % of 20"})],
            "aims_alone": True,
            "steps": 16,
            "evaluate_every": 8,
            "evaluate_samples": 64,
            "batch": 16,
            "collect": 64,
            "collect_every": 4,
            "replay": {"capacity": 512},
        }
    )

    def tuner(name: str) -> Tuner:
        return Tuner(task, settings, tmp_path / name, properties=domain.properties())

    def stop(_n: int = 1, /, **_live: float | str) -> None:
        if killed.step == 12:
            raise KilledError

    tuner("whole").run(silent)
    killed = tuner("killed")
    with pytest.raises(KilledError):
        killed.run(stop)
    again = tuner("killed")
    assert again.step == 8
    again.run(silent)
    one, other = (load_checkpoint(tmp_path / name / STATE_FILE)[0] for name in ("whole", "killed"))
    assert "aims.distinct_pairs.window" in one
    assert all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("aim", "message"),
    [
        ("distinct_pairs >= 50 % of 5,000", "expected of at most 4,000"),
        ("distinct_pairs <= 50 %", "expected at least"),
        ("distinct_pears >= 50 %", "did you mean 'distinct_pairs'"),
        ("token_0 >= 50 % of 10", "'of N' is said of distinct and distinct_NAME"),
    ],
)
def test_what_cannot_be_aimed_at(
    aim: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert run("tune", "toy", "--aim", aim, "--out", out, "--quiet") == 2
    assert message in sentence(capsys)
    assert not out.exists()
