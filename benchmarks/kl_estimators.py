"""Estimators of KL(pi || p) and of its gradient, each against the truth, on the toy problem.

    python benchmarks/kl_estimators.py --out FOLDER

Every mean and every standard deviation is a sum over all 4,096 sequences, so nothing is sampled and
there is no seed of sampling. With l = log pi(a|s) - log p(a|s) of a token that pi has sampled,

    k1 = l        k2 = l^2 / 2        k3 = exp(-l) - 1 + l

(Schulman 2020, *Approximating KL divergence*). The policy is a table of logits, one row for each
prefix. It is the optimum p exp(r/c) / Z at temperatures c from 32 to 0.5, so its KL grows.
Gradients are with respect to all logits. `kl_estimators.png` and `kl_estimators.json` are written.

Shapes: N = V^T sequences by code, T steps, V tokens; `Levels` as in `sequence_tutor.exact`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sequence_tutor.drawing.figures import PALETTE, new_figure, save_png, tidy
from sequence_tutor.exact import Levels, along_sequences
from sequence_tutor.objectives.divergences import token_kl
from sequence_tutor.storage.files import write_json
from sequence_tutor.toy import ToyProblem, make_toy

VALUES = ("exact token KL", "k1", "k2", "k3")
"""Estimators of the value: summed over the tokens of one sequence, each estimates KL(pi || p)."""

GRADIENTS = (
    "k1 in the reward",
    "k2 in the reward",
    "k3 in the reward",
    "k1 as a loss",
    "k2 as a loss",
    "k3 as a loss",
    "k2 of the sequence as a loss",
    "exact token KL as a loss",
    "exact token KL, whole gradient",
)
"""Estimators of the gradient.

- In the reward: the gradient of each token's log pi is weighted by the sum of k of this token and
  all later ones (REINFORCE).
- As a loss: k of each token is differentiated, with the sampled tokens held fixed.
- Of the sequence: k of the log-ratio of the whole sequence, differentiated.
- Whole gradient: the exact token KL as a loss, and in the reward of all earlier tokens."""

COLOURS = dict(zip(VALUES, PALETTE, strict=False))
COLOURS |= {name: COLOURS[of] for name in GRADIENTS for of in VALUES if name.startswith(of)}
STYLES = {  # thick where another line has the same numbers
    "exact token KL": ("-", 4.0),
    "k1 in the reward": ("-", 4.0),
    "k1 as a loss": ("--", 1.8),
    "k2 as a loss": ("--", 4.0),
    "k3 as a loss": ("--", 1.8),
    "k2 of the sequence as a loss": ("-.", 1.8),
    "exact token KL as a loss": ("--", 1.8),
    "exact token KL, whole gradient": (":", 2.5),
}


@dataclass(frozen=True)
class Estimator:
    """One estimator, from a single sequence.

    Attributes:
        name: of `VALUES` or `GRADIENTS`.
        bias: |mean - truth| / |truth|; of gradients in the L2 norm over all logits.
        cosine: of the angle between mean and truth; of a value 1 or -1.
        noise: standard deviation / |truth|; of gradients in the L2 norm.
    """

    name: str
    bias: float
    cosine: float
    noise: float


def at_steps(levels: Levels) -> Tensor:
    """(N, T): the entry that each sequence meets at each step."""
    count = levels[-1].numel()
    columns = [level.flatten().repeat_interleave(count // level.numel()) for level in levels]
    return torch.stack(columns, 1)


def value_estimators(log_policy: Levels, log_prior: Levels) -> list[Estimator]:
    """Each of `VALUES` against KL(pi || p) of whole sequences."""
    probability = along_sequences(log_policy).exp()  # (N,)
    ratio = at_steps(log_policy) - at_steps(log_prior)
    exact = at_steps(_spread(_token_kls(log_policy, log_prior), log_policy))
    sums = {"exact token KL": exact, "k1": ratio, "k2": ratio.square() / 2, "k3": _k3(ratio)}
    truth = float(probability @ ratio.sum(1))
    found = []
    for name in VALUES:
        values = sums[name].sum(1)
        mean = float(probability @ values)
        deviation = float(probability @ (values - mean).square()) ** 0.5
        bias = abs(mean - truth) / truth
        found.append(Estimator(name, bias, 1.0 if mean > 0 else -1.0, deviation / truth))
    return found


def gradient_estimators(log_policy: Levels, log_prior: Levels) -> list[Estimator]:
    """Each of `GRADIENTS` against the gradient of KL(pi || p) with respect to the logits."""
    truth = true_gradient(log_policy, log_prior)
    size = float(truth.norm())
    found = []
    for name in GRADIENTS:
        mean, square = mean_gradient(name, log_policy, log_prior)
        norm = float(mean.norm())
        cosine = float(mean @ truth) / (norm * size) if norm > 1e-9 * size else 0.0
        noise = max(square - norm**2, 0.0) ** 0.5 / size
        found.append(Estimator(name, float((mean - truth).norm()) / size, cosine, noise))
    return found


def true_gradient(log_policy: Levels, log_prior: Levels) -> Tensor:
    """The gradient of KL(pi || p) by all logits, flat, by automatic differentiation."""
    logits = [level.clone().requires_grad_() for level in log_policy]
    log_pi = along_sequences(tuple(level.log_softmax(1) for level in logits))
    kl = log_pi.exp() @ (log_pi - along_sequences(log_prior))
    return torch.cat([part.flatten() for part in torch.autograd.grad(kl, logits)])


def mean_gradient(name: str, log_policy: Levels, log_prior: Levels) -> tuple[Tensor, float]:
    """The mean of a gradient estimator over pi, flat, and the mean of its squared L2 norm.

    A term w_t grad log pi(a_t|s_t) fills the row of s_t with w_t (onehot(a_t) - pi(.|s_t)), and the
    exact token KL fills it with pi (l - KL). The steps of a sequence have different rows, so the
    squares of steps add.
    """
    probability = along_sequences(log_policy).exp()  # (N,)
    weight, exact = _weights(name, log_policy, log_prior)
    count, square = len(probability), 0.0
    parts = []
    kls = _token_kls(log_policy, log_prior)
    for t, (log_pi, log_p) in enumerate(zip(log_policy, log_prior, strict=True)):
        pi = log_pi.exp()  # (V^t, V)
        own = pi * (log_pi - log_p - kls[t][:, None]) if exact else torch.zeros_like(pi)
        rows = torch.arange(count) // (count // len(pi))  # (N,): the state of each sequence
        tokens = torch.arange(count) // (count // pi.numel()) % pi.shape[1]  # (N,)
        one_hot = torch.nn.functional.one_hot(tokens, pi.shape[1]).double()
        filled = weight[:, t, None] * (one_hot - pi[rows]) + own[rows]  # (N, V)
        square += float(probability @ filled.square().sum(1))
        mean = torch.zeros_like(pi).index_add_(0, rows, probability[:, None] * filled)
        parts.append(mean.flatten())
    return torch.cat(parts), square


def _weights(name: str, log_policy: Levels, log_prior: Levels) -> tuple[Tensor, bool]:
    """w_t (N, T) of an estimator, and whether the exact token KL is differentiated too."""
    ratio = at_steps(log_policy) - at_steps(log_prior)
    exact = at_steps(_spread(_token_kls(log_policy, log_prior), log_policy))
    later = _to_go(exact) - exact  # of the steps after this one
    nothing = torch.zeros_like(ratio)
    found: Mapping[str, tuple[Tensor, bool]] = {
        "k1 in the reward": (_to_go(ratio), False),
        "k2 in the reward": (_to_go(ratio.square() / 2), False),
        "k3 in the reward": (_to_go(_k3(ratio)), False),
        "k1 as a loss": (torch.ones_like(ratio), False),
        "k2 as a loss": (ratio, False),
        "k3 as a loss": (1 - (-ratio).exp(), False),
        "k2 of the sequence as a loss": (ratio.sum(1, keepdim=True).expand_as(ratio), False),
        "exact token KL as a loss": (nothing, True),
        "exact token KL, whole gradient": (later, True),
    }
    return found[name]


def _k3(ratio: Tensor) -> Tensor:
    return (-ratio).exp() - 1 + ratio


def _to_go(steps: Tensor) -> Tensor:
    """(N, T): the sum of this step and all later ones."""
    return steps.flip(1).cumsum(1).flip(1)


def _token_kls(log_policy: Levels, log_prior: Levels) -> list[Tensor]:
    """KL(pi(.|s) || p(.|s)) of every prefix, (V^t,) for each level."""
    return [token_kl(pi, p) for pi, p in zip(log_policy, log_prior, strict=True)]


def _spread(states: Sequence[Tensor], like: Levels) -> Levels:
    """A number for each state as a level, the same for all its tokens."""
    pairs = zip(states, like, strict=True)
    return tuple(state[:, None].expand_as(level).contiguous() for state, level in pairs)


@dataclass(frozen=True)
class Point:
    """All estimators for one policy."""

    c: float  # temperature at which the policy is the optimum
    kl: float  # KL(pi || p), nats a sequence
    values: Sequence[Estimator]
    gradients: Sequence[Estimator]


def points(toy: ToyProblem, temperatures: Sequence[float]) -> Iterator[Point]:
    """The optimum of the toy problem at each temperature."""
    log_prior = toy.space.log_policy(toy.prior.sequence_log_probs)
    for c in temperatures:
        log_policy = toy.soft_optimum(c, 1.0).log_policy
        log_pi = along_sequences(log_policy)
        kl = float(log_pi.exp() @ (log_pi - along_sequences(log_prior)))
        values = value_estimators(log_policy, log_prior)
        yield Point(c, kl, values, gradient_estimators(log_policy, log_prior))


def draw(found: Sequence[Point], path: Path) -> None:
    """Bias and noise of values and gradients against the divergence of the policy."""
    figure = new_figure(12, 7)
    kls = [point.kl for point in found]
    panels = [(kind, part) for kind in ("values", "gradients") for part in ("bias", "noise")]
    for place, (kind, part) in enumerate(panels, 1):
        axes = figure.add_subplot(2, 2, place)
        for line, name in enumerate(VALUES if kind == "values" else GRADIENTS):
            numbers = [getattr(getattr(point, kind)[line], part) for point in found]
            style, width = STYLES.get(name, ("-", 1.8))
            axes.plot(kls, numbers, style, color=COLOURS[name], label=name, lw=width)
        axes.set_xlabel("KL(pi || p), nats a sequence")
        axes.set_title(f"{kind[:-1]}: {part}, as a share of the truth", fontsize=11)
        if part == "bias":
            axes.set_ylim(-0.01, 0.2) if kind == "values" else axes.set_ylim(-0.05, 2)
        else:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter("")
            axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        tidy(axes)
    save_png(figure, path)


def main() -> None:
    """Write the figure and the numbers, and print the table at c = 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0, help="of the toy problem")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    temperatures = sorted({1.0, *np.geomspace(32, 0.5, 25).round(4).tolist()}, reverse=True)
    found = list(points(make_toy(asked.seed), temperatures))
    write_json(asked.out / "kl_estimators.json", {"points": [asdict(point) for point in found]})
    draw(found, asked.out / "kl_estimators.png")
    (shown,) = (point for point in found if point.c == 1)
    print(f"c = 1, KL(pi || p) = {shown.kl:.3f} nats a sequence")
    for row in (*shown.values, *shown.gradients):
        print(
            f"{row.name:30} bias {row.bias:8.4f}  cosine {row.cosine:6.3f}  noise {row.noise:7.3f}"
        )


if __name__ == "__main__":
    main()
