"""What learning from old sequences does to each method, on the toy problem.

    python benchmarks/stale_samples.py --out FOLDER [--seeds 0 1 2] [--ages 0 10 100 1000]

Each update learns from 128 sequences that the policy sampled AGE updates earlier; during the first
AGE updates they are samples of the policy before any update, which is the prior. No sequence is
used twice, so that age is all that differs. The measure is the exact KL(pi || p exp(r/c) / Z) after
the last update. `stale_samples.png` and `stale_samples.json` are written. After an interruption the
same command continues.

| method | loss | uses pi' of the sampling policy |
|---|---|---|
| psi | the paper's one-step target (2017 Eq. 14) | no |
| tb | trajectory balance | no |
| ppo, corrected | the clipped ratio pi / pi', advantages of pi' | yes |
| ppo, uncorrected | the same with pi' = pi: each sequence counts as if pi had sampled it now | no |
| dap | the square of log pi - log p - r/c, which has log Z fixed at 0 | no |
| k3 as a loss | REINFORCE on the reward alone, and k3 of each token as a loss | no |
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.algorithms import (
    Experience,
    LossSettings,
    Opinion,
    PolicyMethod,
    find_algorithm,
)
from sequence_tutor.config.presets import build, merged
from sequence_tutor.drawing.figures import PALETTE, new_figure, save_png, tidy
from sequence_tutor.estimates import mean_of
from sequence_tutor.exact import kl_to_optimum
from sequence_tutor.objectives.trajectories import leave_one_out, policy_gradient, to_go
from sequence_tutor.progress import progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.replay.sequences import Stored
from sequence_tutor.sampling.measure import score
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.files import write_json
from sequence_tutor.storage.versions import versions
from sequence_tutor.threads import set_threads
from sequence_tutor.toy import ToyProblem, make_toy
from sequence_tutor.tuner.learner import Learner
from sequence_tutor.tuner.settings import TuneSettings

BATCH, STEPS = 128, 1200

COMMON: Mapping[str, Any] = {
    "c": 1.0,
    "batch": BATCH,
    "collect": BATCH,
    "collect_every": 1,
    "optimiser": {"fall_from": 0.5},
}
PPO = {"algorithm": "ppo", "optimiser": {"learning_rate": 0.05}}
METHODS: Mapping[str, Mapping[str, Any]] = {
    "psi": {
        "algorithm": "psi",
        "n_steps": 1,
        "paths": "every",
        "eta": 0.05,
        "optimiser": {"learning_rate": 0.02},
    },
    "tb": {"algorithm": "psi", "paths": "first", "optimiser": {"learning_rate": 0.04}},
    "ppo, corrected": PPO,
    "ppo, uncorrected": PPO,
    "dap": {"algorithm": "dap", "optimiser": {"learning_rate": 0.05}},
    "k3 as a loss": {"algorithm": "reinforce-kl", "optimiser": {"learning_rate": 0.05}},
}
"""With the learning rates of `verify`."""

CONTRAST = ("dap", "k3 as a loss")
"""Trained at the smallest and the largest age only."""


class K3AsALoss(PolicyMethod):
    """REINFORCE on the reward, with a baseline of the other sequences, and k3 as a loss."""

    name = "k3-as-a-loss"

    def loss(
        self, settings: LossSettings, now: Opinion, sampled: Opinion, seen: Experience
    ) -> tuple[Tensor, Tensor]:
        """Both, per sequence."""
        returns = to_go(seen.reward, seen.learned, settings.discount)
        advantage = returns - leave_one_out(returns, seen.learned)
        ratio = (now.log_policy - seen.log_prior_taken).where(seen.learned, 0.0)
        k3 = (-ratio).exp() - 1 + ratio
        return policy_gradient(now.log_policy, advantage, seen.learned) + k3.sum(1).mean(), k3


def train(method: str, age: int, seed: int, toy: ToyProblem, steps: int = STEPS) -> float:
    """KL(pi || optimum) in nats a sequence after learning from sequences of one age.

    Args:
        method: of `METHODS`.
        age: updates between sampling a batch and learning from it.
        seed: of the sampling.
        toy: the problem.
        steps: number of updates.
    """
    needs = find_algorithm(str(METHODS[method]["algorithm"])).needs
    tables = merged(merged(merged(needs, COMMON), METHODS[method]), {"steps": steps})
    settings = build(TuneSettings, tables, method)
    learner = Learner(toy.prior, settings, toy.reward.weights)
    if method == "k3 as a loss":
        learner.algorithm = K3AsALoss()
    generator = named_generator(seed, "stale samples")
    keeps = settings.target_network == "snapshot"
    waiting: deque[tuple[Stored, Mapping[str, Tensor]]] = deque()
    for step in range(steps + age):
        waiting.append((_collected(learner, toy, generator), _weights(learner) if keeps else {}))
        if step < age:
            continue  # the policy is still the prior
        stored, sampler = waiting.popleft()
        if keeps:
            now = method == "ppo, uncorrected"
            learner.target.load_state_dict(_weights(learner) if now else sampler)
        learner.learn(stored, step - age)
    log_policy = toy.space.log_policy(learner.policy.sequence_log_probs)
    return kl_to_optimum(log_policy, toy.soft_optimum(settings.c, 1.0).log_policy)


def _collected(learner: Learner, toy: ToyProblem, generator: torch.Generator) -> Stored:
    """Scored sequences of the policy."""
    batch = rollout(learner.policy, BATCH, toy.space.length, generator).batch
    return learner.experiences.store(batch, score(toy.reward, batch).float())


def _weights(learner: Learner) -> Mapping[str, Tensor]:
    return copy.deepcopy(learner.values.state_dict())


def trials(ages: Sequence[int]) -> list[tuple[str, int]]:
    """Method and age of every training."""
    ends = (min(ages), max(ages))
    return [(m, age) for age in ages for m in METHODS if m not in CONTRAST or age in ends]


def draw(found: Sequence[Mapping[str, Any]], path: Path) -> None:
    """The divergence against age, a line for each method and a dot for each seed."""
    figure = new_figure(7, 4.2)
    axes = figure.add_subplot()
    ages = list(dict.fromkeys(row["age"] for row in found))
    for colour, method in zip(PALETTE, METHODS, strict=False):
        rows = [row for row in found if row["method"] == method]
        places = [ages.index(row["age"]) for row in rows]
        axes.plot(places, [row["kl"] for row in rows], "o", color=colour, ms=4)
        own = list(dict.fromkeys(places))
        means = [_mean(rows, ages[place]) for place in own]
        axes.plot(own, means, color=colour, label=method, lw=1.8)
    axes.set_xticks(range(len(ages)), [f"{age:,}" for age in ages])
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_xlabel("age of the sequences, updates")
    axes.set_ylabel("KL to the optimum, nats a sequence")
    axes.legend(fontsize=9, frameon=False)
    tidy(axes)
    save_png(figure, path)


def _mean(rows: Sequence[Mapping[str, Any]], age: int) -> float:
    kls = [row["kl"] for row in rows if row["age"] == age]
    return sum(kls) / len(kls)


def main() -> None:
    """Train every method at every age with every seed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ages", type=int, nargs="+", default=[0, 10, 100, 1000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=STEPS)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    set_threads(1)
    kept, toy = asked.out / "stale_samples.json", make_toy(0)
    found = json.loads(kept.read_text(encoding="utf-8"))["rows"] if kept.is_file() else []
    done = {(row["method"], row["age"], row["seed"]) for row in found}
    every = [(m, age, seed) for seed in asked.seeds for m, age in trials(asked.ages)]
    left = [one for one in every if one not in done]
    with progress("training", len(left)) as advance:
        for method, age, seed in left:
            begun = time.process_time()
            kl = train(method, age, seed, toy, asked.steps)
            seconds = round(time.process_time() - begun, 1)
            row = {"method": method, "age": age, "seed": seed, "kl": kl, "cpu_seconds": seconds}
            found.append(row)
            write_json(kept, {"rows": found, "versions": versions()})
            advance(1, kl=kl)
    draw(found, asked.out / "stale_samples.png")
    for method, age in trials(asked.ages):
        kls = [row["kl"] for row in found if (row["method"], row["age"]) == (method, age)]
        mean = mean_of(torch.tensor(kls, dtype=torch.float64))
        print(f"{method:16}  age {age:4}  {mean.value:.3f} ±{mean.reach:.3f}")


if __name__ == "__main__":
    main()
