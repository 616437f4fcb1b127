"""Objective, bounds on log Z and gap on a problem that can be worked out by hand: three dice.

    python benchmarks/dice.py --out FOLDER

The prior throws a fair die three times, and each six is paid 1. At c = 1 the policies drawn throw a
die that shows six with probability q and each other number equally often. Everything is summed over
all 216 sequences; only the mean of log mean w over batches of 16 is simulated. `optimum.png` is
written. With Z1 = (5 + e) / 6 for one die,

    objective(q) = 3 [q - q log(6 q) - (1 - q) log(6 (1 - q) / 5)]
    log Z = 3 log Z1, reached at q* = e / (5 + e)
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sequence_tutor.drawing.figures import INK, PALETTE, new_figure, save_png, tidy
from sequence_tutor.exact import Levels, along_sequences, gibbs_distribution, sequence_kl

THROWS, FACES, SIX, C = 3, 6, 5, 1.0
BATCH, REPEATS = 16, 20_000
"""Sequences of a sampled lower bound, and batches over which it is averaged."""


@dataclass(frozen=True)
class Bounds:
    """What is known of log Z from one policy, in nats a sequence.

    Attributes:
        objective: E_pi[log w], w = exp(r/c) p(x) / pi(x); log Z - KL(pi || optimum).
        lower: the mean of log of the mean of w over 16 samples of pi.
        upper: E_optimum[log w]; log Z + KL(optimum || pi).
        gap: log Z - objective, KL(pi || optimum).
    """

    objective: float
    lower: float
    upper: float
    gap: float


def table(six: float) -> Levels:
    """Log-probabilities of a die that shows six with that probability, at every prefix."""
    row = torch.full((FACES,), (1 - six) / (FACES - 1), dtype=torch.float64)
    row[SIX] = six
    return tuple(row.log().expand(FACES**t, FACES).contiguous() for t in range(THROWS))


def reward() -> Levels:
    """1 for each six, at every prefix."""
    row = torch.zeros(FACES, dtype=torch.float64)
    row[SIX] = 1
    return tuple(row.expand(FACES**t, FACES).contiguous() for t in range(THROWS))


def bounds(six: float, seed: int = 0) -> Bounds:
    """The bounds by the policy that shows six with that probability."""
    prior = table(1 / FACES)
    optimum = gibbs_distribution(prior, reward(), C)
    log_pi = along_sequences(table(six))  # (216,)
    log_w = along_sequences(prior) + along_sequences(reward()) / C - log_pi
    return Bounds(
        float(log_pi.exp() @ log_w),
        _sampled(log_pi, log_w, seed),
        float(optimum.log_probs.exp() @ log_w),
        sequence_kl(log_pi, optimum.log_probs),
    )


def _sampled(log_pi: Tensor, log_w: Tensor, seed: int) -> float:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.multinomial(log_pi.exp(), BATCH * REPEATS, replacement=True, generator=generator)
    batches = log_w[drawn].view(REPEATS, BATCH)
    return float((batches.logsumexp(1) - math.log(BATCH)).mean())


def draw(shares: Sequence[float], found: Sequence[Bounds], path: Path) -> None:
    """Objective, bounds and the gap of the prior against the policy's probability of a six."""
    log_z = gibbs_distribution(table(1 / FACES), reward(), C).log_z
    figure = new_figure(8, 4.6)
    axes = figure.add_subplot()
    axes.axhline(log_z, color=INK, lw=1.2)
    axes.text(0.72, log_z + 0.012, f"log Z = {log_z:.3f}", color=INK)
    axes.plot(shares, [one.upper for one in found], color=PALETTE[1], label="upper bound")
    lower = [one.lower for one in found]
    axes.plot(shares, lower, color=PALETTE[5], label=f"lower bound, {BATCH} samples")
    objective = [one.objective for one in found]
    axes.plot(shares, objective, color=PALETTE[0], lw=2.2, label="objective")
    beside = {"prior": (10, -8), "a policy": (10, 6)}  # where no line crosses the words
    for six, name in ((1 / FACES, "prior"), (0.5, "a policy")):
        one = bounds(six)
        axes.plot([six, six], [one.objective, log_z], color=PALETTE[2], lw=1.5)
        axes.plot(six, one.objective, "o", color=PALETTE[0])
        label = f"{name}: gap {one.gap:.3f}"
        axes.annotate(label, (six, one.objective), beside[name], textcoords="offset points")
    best = math.e / (FACES - 1 + math.e)
    axes.plot(best, log_z, "*", color=INK, ms=12)
    below = (0, -28)
    axes.annotate("optimum: gap 0", (best, log_z), below, textcoords="offset points", ha="center")
    axes.set_ylim(log_z - 0.85, log_z + 0.5)
    axes.set_xlabel("q, the policy's probability of a six")
    axes.set_ylabel("nats a sequence")
    axes.legend(frameon=False, fontsize=9, loc="lower center")
    tidy(axes)
    save_png(figure, path)


def main() -> None:
    """Write the figure and print the numbers of three policies."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    shares = np.linspace(0.04, 0.85, 60).tolist()
    draw(shares, [bounds(six) for six in shares], asked.out / "optimum.png")
    for six in (1 / FACES, math.e / (FACES - 1 + math.e), 0.5):
        one = bounds(six)
        print(
            f"q {six:.3f}  objective {one.objective:.3f}  lower {one.lower:.3f}  "
            f"upper {one.upper:.3f}  gap {one.gap:.3f}"
        )


if __name__ == "__main__":
    main()
