"""The interval of a gap over seeds has the noise of the bound that all of them share."""

from __future__ import annotations

import math

import pytest
import torch

from sequence_tutor.estimates import Estimate, within, without_ends
from sequence_tutor.evaluation.bounds import with_best_bound
from sequence_tutor.workbench.comparison import MethodRun, over_seeds, shared_noise


def run_of(objective: Estimate, gap: Estimate, seed: int = 0) -> MethodRun:
    found = {"objective_per_sequence": objective, "gap_per_sequence": gap}
    found["gap_per_token"] = Estimate(gap.value / 2, gap.low / 2, gap.high / 2)
    return MethodRun("psi", seed, found, 2.0, 10, 1.0)


def reached(value: float, reach: float) -> Estimate:
    return Estimate(value, value - reach, value + reach)


def test_by_hand() -> None:
    # log Z is 4 +- .3, the objectives are 3 and 2 +- .2
    runs = [
        run_of(reached(3.0, 0.2), reached(1.0, 0.5)),
        run_of(reached(2.0, 0.2), reached(2, 0.5)),
    ]
    assert shared_noise(runs[0], "gap_per_sequence") == pytest.approx(0.3)
    found = over_seeds(runs, "gap_per_sequence")
    # Student's t at one degree of freedom is 12.706, the standard error of 1 and 2 is .5
    assert found.value == 1.5
    assert found.high - found.value == pytest.approx(12.7062 * 0.5 + 0.3, abs=1e-3)
    by_token = over_seeds(runs, "gap_per_token")
    assert by_token.high - by_token.value == pytest.approx((12.7062 * 0.5 + 0.3) / 2, abs=1e-3)
    objective = over_seeds(runs, "objective_per_sequence")
    assert objective.high - objective.value == pytest.approx(12.7062 * 0.5, abs=1e-3)


def test_an_exact_log_z_adds_nothing_and_an_unknown_one_leaves_no_interval() -> None:
    known = [run_of(reached(one, 0.2), reached(4 - one, 0.2)) for one in (3.0, 2.0)]
    assert shared_noise(known[0], "gap_per_token") == pytest.approx(0)
    unknown = [run_of(reached(one, 0.2), without_ends(4 - one)) for one in (3.0, 2.0)]
    assert over_seeds(unknown, "gap_per_sequence").high == math.inf


def test_it_covers_the_true_gap_where_the_bound_is_noisy() -> None:
    draws = torch.Generator().manual_seed(0)
    inside = without = 0
    for _ in range(400):
        bound = within(10 + 0.5 * float(torch.randn(1, generator=draws)), 0.5)
        runs = []
        for seed in range(5):  # the method's mean objective is 8, seeds differ by .1
            mean = 8 + 0.1 * float(torch.randn(1, generator=draws))
            own = {"objective_per_sequence": within(mean, 0.02)}
            found = with_best_bound(own, [{"log_z_smc": bound}], 2.0)
            runs.append(MethodRun("psi", seed, found, 2.0, 10, 1.0))
        gap = over_seeds(runs, "gap_per_sequence")
        inside += gap.low <= 2 <= gap.high
        noise = shared_noise(runs[0], "gap_per_sequence")
        without += gap.low + noise <= 2 <= gap.high - noise
    assert inside / 400 > 0.93
    assert without / 400 < 0.5
