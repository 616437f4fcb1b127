"""The figures of the pages on KL and on the optimum: their scripts against hand-worked numbers."""

from __future__ import annotations

import importlib.util
import math
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from sequence_tutor.exact import along_sequences
from sequence_tutor.toy import make_toy

FIGURE = re.compile(r"-?\d\.\d{3}|\d\d\.\d{3}")
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


def rows_of_the_page() -> dict[str, list[str]]:
    """The cells of numbers in docs/which_kl.md, by the first cell of their row."""
    text = (BENCHMARKS.parent / "docs" / "which_kl.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {
        name: numbers for name, *numbers in rows if all(FIGURE.fullmatch(one) for one in numbers)
    }


def test_estimators_of_one_token_by_hand() -> None:
    """pi = (1/4, 3/4), p = (1/2, 1/2): l = (-log 2, log 3/2)."""
    kl = script("kl_estimators")
    pi = (torch.tensor([[0.25, 0.75]], dtype=torch.float64).log(),)
    p = (torch.tensor([[0.5, 0.5]], dtype=torch.float64).log(),)
    truth = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)  # .1308
    second = (0.25 * math.log(0.5) ** 2 + 0.75 * math.log(1.5) ** 2) / 2  # .1217
    biases = {one.name: one.bias for one in kl.value_estimators(pi, p)}
    assert biases == pytest.approx(
        {"exact token KL": 0, "k1": 0, "k2": (truth - second) / truth, "k3": 0}, abs=1e-12
    )
    # the gradient by the logits is pi (l - KL), that of the forward KL is pi - p
    slope = 0.25 * (math.log(0.5) - truth)
    assert kl.true_gradient(pi, p).tolist() == pytest.approx([slope, -slope])
    means = {name: kl.mean_gradient(name, pi, p)[0].tolist() for name in kl.GRADIENTS}
    for name in (
        "k1 in the reward",
        "k2 as a loss",
        "exact token KL as a loss",
        "exact token KL, whole gradient",
    ):
        assert means[name] == pytest.approx([slope, -slope]), name
    assert means["k1 as a loss"] == pytest.approx([0, 0], abs=1e-12)
    assert means["k3 as a loss"] == pytest.approx([-0.25, 0.25])
    # k1 as a loss: the squared norm of grad log pi is (3/4)^2 * 2 or (1/4)^2 * 2
    square = kl.mean_gradient("k1 as a loss", pi, p)[1]
    assert square == pytest.approx(0.25 * 2 * 0.75**2 + 0.75 * 2 * 0.25**2)


def test_which_estimators_of_sequences_are_unbiased() -> None:
    kl = script("kl_estimators")
    (point,) = kl.points(make_toy(0), [1.0])
    page = rows_of_the_page()
    for one in point.values:
        assert page[one.name] == [f"{one.bias:.3f}", f"{one.noise:.3f}"]
    for one in point.gradients:
        assert page[one.name] == [f"{number:.3f}" for number in (one.bias, one.cosine, one.noise)]
    values = {one.name: one.bias for one in point.values}
    assert [name for name, bias in values.items() if bias > 1e-5] == ["k2"]
    gradients = {one.name: one for one in point.gradients}
    assert [name for name, one in gradients.items() if one.bias < 1e-5] == [
        "k1 in the reward",
        "k2 of the sequence as a loss",
        "exact token KL, whole gradient",
    ]
    assert gradients["k1 as a loss"].bias == pytest.approx(1)
    # of two with the same mean the exact one has less noise
    assert gradients["k2 as a loss"].bias == pytest.approx(
        gradients["exact token KL as a loss"].bias
    )
    assert gradients["exact token KL as a loss"].noise < gradients["k2 as a loss"].noise / 2


def test_bounds_of_three_dice_by_hand() -> None:
    dice = script("dice")
    log_z = 3 * math.log((5 + math.e) / 6)
    for six in (1 / 6, 0.5, math.e / (5 + math.e)):
        found = dice.bounds(six)
        kl = 3 * (six * math.log(6 * six) + (1 - six) * math.log(6 * (1 - six) / 5))
        assert found.objective == pytest.approx(3 * six - kl)
        assert found.gap == pytest.approx(log_z - found.objective, abs=1e-9)
        assert found.objective - 1e-9 <= found.lower <= log_z + 1e-9 <= found.upper + 2e-9
    assert found.lower == pytest.approx(log_z)  # every weight is Z at the optimum
    assert along_sequences(dice.table(0.3)).exp().sum().item() == pytest.approx(1)


def test_age_is_the_number_of_updates_since_sampling() -> None:
    """At age 0 the policy that samples is the one that learns: there is nothing to correct."""
    stale, toy = script("stale_samples"), make_toy(0)
    corrected, uncorrected = (f"ppo, {name}" for name in ("corrected", "uncorrected"))
    fresh = [stale.train(method, 0, 0, toy, 3) for method in (corrected, uncorrected)]
    assert fresh[0] == pytest.approx(fresh[1], rel=1e-6)
    old = [stale.train(method, 3, 0, toy, 3) for method in (corrected, uncorrected)]
    assert abs(old[0] - old[1]) > 1e-5
