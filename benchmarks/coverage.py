"""How often the 95 % intervals of a table contain the truth.

    python benchmarks/coverage.py --repetitions 1000 --out coverage.md
    python benchmarks/coverage.py --model melody --samples 256 --repetitions 1000

A model is evaluated many times with other seeds. The share of intervals that contain the true value
is the coverage of a row; 95 % is what the table promises. Without `--model` the model is one tuned
on the toy problem, where the true values are sums over all sequences. Otherwise, and for rows such
as `distinct` that depend on the number of samples, the mean of all repetitions stands for the
truth. Its own error lowers the coverage by less than .1 % at 1,000 repetitions.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

import sequence_tutor as st
from sequence_tutor.drawing.table import Table
from sequence_tutor.estimates import Estimate, wilson
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.divergences import token_entropy, token_kl
from sequence_tutor.progress import progress
from sequence_tutor.threads import set_threads

TUNED = {"steps": 60, "batch": 64, "collect": 64, "evaluate_every": 60}
"""A model on its way: neither the prior nor the optimum."""


@dataclass(frozen=True)
class Covered:
    """A row of the table.

    Attributes:
        truth: the true value.
        is_exact: whether it is known exactly, not the mean of all repetitions.
        bias: mean of the estimates minus the truth, in mean reaches of the intervals.
        share: of the intervals that contain the truth, with its own interval.
    """

    truth: float
    is_exact: bool
    bias: float
    share: Estimate


def toy_model(folder: Path) -> st.Model:
    """The model tuned on the toy problem."""
    return st.tune("toy", folder / "run", overrides={"tune": TUNED}, threads=1, quiet=True)


@torch.no_grad()
def exact_values(model: st.Model) -> dict[str, float]:
    """True values of a model of the toy problem, by sums over all sequences."""
    assert model.tune is not None
    vocab_size, length = model.domain.vocab_size, model.length
    every = torch.tensor(list(product(range(vocab_size), repeat=length)))  # (N, T)
    log_pi = model.policy.sequence_log_probs(every).double()  # (N, T, V)
    log_p = st.prior_of(model).policy.sequence_log_probs(every).double()
    own, prior = (taken(one, every).sum(1) for one in (log_pi, log_p))
    weight = own.exp()
    batch = st.SequenceBatch.full(every)
    reward = model.reward
    terms = reward(batch).sum(1)  # (N, R)
    paid = terms @ reward.weights
    kl, entropy = token_kl(log_pi, log_p).sum(1), token_entropy(log_pi).sum(1)

    def mean(values: torch.Tensor) -> float:
        return float((weight * values).sum())

    energy = paid / model.tune.c + prior
    log_z, objective = float(energy.logsumexp(0)), mean(energy - own)
    named = dict(zip(reward.names, terms.unbind(1), strict=True))
    return {
        "reward_per_sequence": mean(paid),
        **{f"reward_{name}": mean(values) for name, values in named.items()},
        "log_prior_per_token": mean(prior) / length,
        "kl_to_prior_per_token": mean(kl) / length,
        "kl_to_prior_per_sequence": mean(kl),
        "entropy_per_token": mean(entropy) / length,
        "objective_per_sequence": objective,
        "gap_per_sequence": log_z - objective,
        "gap_per_token": (log_z - objective) / length,
        "log_z_bound": log_z,
        "log_z_smc": log_z,
    }


def coverage(
    model: st.Model,
    repetitions: int,
    samples: int,
    particles: int = 64,
    exact: Mapping[str, float] | None = None,
    *,
    quiet: bool = False,
) -> dict[str, Covered]:
    """Row -> how often its interval contains the truth; rows without an interval are left out.

    Args:
        model: what is evaluated.
        repetitions: evaluations, each with another seed.
        samples: sequences of each.
        particles: of sequential Monte Carlo; 0: none.
        exact: true values, where they are known.
    """
    found: dict[str, list[Estimate]] = {}
    with progress("evaluating", repetitions, quiet=quiet) as advance:
        for seed in range(repetitions):
            (column,) = st.evaluate([model], samples, seed, particles=particles).columns
            for name, one in column.statistics.items():
                found.setdefault(name, []).append(one)
            advance(1)
    rows = {}
    for name, every in found.items():
        bounded = [one for one in every if math.isfinite(one.low) and math.isfinite(one.high)]
        reach = statistics.fmean(one.reach for one in bounded) if bounded else 0.0
        if reach == 0:  # nobody knows its interval, or it is known exactly
            continue
        middle = statistics.fmean(one.value for one in every)
        known = exact or {}
        truth = known.get(name, middle)
        inside = sum(one.low <= truth <= one.high for one in every) / repetitions
        rows[name] = Covered(
            truth, name in known, (middle - truth) / reach, wilson(inside, repetitions)
        )
    return rows


def table(rows: Mapping[str, Covered], repetitions: int, samples: int) -> Table:
    """As it is shown and kept in the documentation."""
    lines = [
        [
            name,
            f"{one.truth:.4g}",
            "exact" if one.is_exact else "mean",
            f"{100 * one.share.value:.1f} %",
            f"{100 * one.share.low:.1f} to {100 * one.share.high:.1f}",
            f"{one.bias:.2f}",
        ]
        for name, one in rows.items()
    ]
    header = ["row", "truth", "known by", "covered", "its 95 % interval", "bias, in reaches"]
    return Table(header, lines, f"{repetitions:,} evaluations of {samples:,} sequences each.")


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", help="a run or a prior; default: one tuned on the toy problem")
    parser.add_argument("--repetitions", type=int, default=1000, help="evaluations")
    parser.add_argument("--samples", type=int, default=512, help="sequences of each evaluation")
    parser.add_argument("--particles", type=int, default=64, help="of sequential Monte Carlo")
    parser.add_argument("--out", type=Path, help="write the table to this file too")
    given = parser.parse_args()
    set_threads(1)
    sizes = given.repetitions, given.samples
    with TemporaryDirectory() as folder:
        if given.model:
            rows = coverage(st.load_model(given.model), *sizes, particles=0)
        else:
            model = toy_model(Path(folder))
            rows = coverage(model, *sizes, given.particles, exact_values(model))
    text = table(rows, *sizes).markdown()
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
