"""What a fence does to the optimum of the toy problem, exactly, and to what is learned.

    python benchmarks/fenced_toy.py [--seed 0] [--steps 600]

All 1,024 sequences of five tokens are enumerated. Two fences: at most 60 % of the tokens are token
3; the prior's log p a token is above the tenth percentile of its own sequences. Printed for each:

- p(F), and pi*(F) of the optimum without a fence, which is what the fence costs: -log pi*(F)
  nats of the objective E[r] / c - KL;
- for each learner the share outside, beside that of the optimum p exp(-depth) / Z, and
  KL(pi || pi*) of the sequences inside to p exp(r / c) / Z_F, in nats.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import ToyDomain, ToyProblem, make_toy
from sequence_tutor.tuner.fenced import Fenced, fenced
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

LENGTH, DEPTH, C = 5, 5.0, 1.0
FENCES: dict[str, dict[str, Any]] = {
    "token_3 at most 60 %": {"ranges": {"token_3": (0.0, 0.6)}},
    "log p above its tenth percentile": {"log_p_percentile": 10.0},
}
LEARNERS = {
    "psi": {"algorithm": "psi", "n_steps": "all", "paths": "whole"},
    "g": {"algorithm": "g", "n_steps": "all", "paths": "whole"},
    "trajectory balance": {"algorithm": "psi", "n_steps": "all", "paths": "first"},
}


def enumerated(toy: ToyProblem) -> tuple[SequenceBatch, Tensor, Tensor]:
    """Every sequence, its log p, and its return, (N,) each."""
    space = toy.space
    tokens = torch.tensor(list(product(range(space.vocab_size), repeat=space.length)))
    batch = SequenceBatch.full(tokens)
    return batch, log_likelihood(toy.prior.sequence_log_probs(tokens), tokens), returns(toy, batch)


def log_likelihood(log_probs: Tensor, tokens: Tensor) -> Tensor:
    """(N,) log-likelihoods of whole sequences from (N, T, V)."""
    return log_probs.detach().double().gather(2, tokens[:, :, None]).squeeze(2).sum(1)


def returns(toy: ToyProblem, batch: SequenceBatch) -> Tensor:
    """(N,) weighted sums of the terms."""
    return (toy.reward(batch) @ toy.reward.weights).sum(1)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=600)
    given = parser.parse_args()
    torch.set_num_threads(1)
    toy = make_toy(given.seed, length=LENGTH, width=32, terminal=True)
    batch, log_p, paid = enumerated(toy)
    for name, fence in FENCES.items():
        inside, free = None, (log_p + paid / C).log_softmax(0)
        for learner, form in LEARNERS.items():
            settings = TuneSettings.model_validate(
                {
                    **form,
                    **dict.fromkeys(("batch", "collect"), 128),
                    "c": C,
                    "steps": given.steps,
                    "seed": given.seed,
                    "collect_every": 2,
                    "evaluate_every": 10_000,
                    "fence": {**fence, "depth": DEPTH},
                    "optimiser": {"learning_rate": 0.02, "fall_from": 0.2},
                }
            )
            task = fenced(Task(toy.prior, toy.reward, LENGTH), settings, ToyDomain().numbers)
            if inside is None:
                assert isinstance(task.reward, Fenced)
                inside = task.reward.fence.inside(batch)
                cost = -free[inside].logsumexp(0)
                print(f"{name}: {task.reward.fence.describe()}")
                print(f"  p(F) {log_p[inside].exp().sum():.3f}, without a fence pi*(F) ", end="")
                print(f"{(-cost).exp():.3f}: it costs {cost:.3f} nats")
                wanted = (log_p + torch.where(inside, paid / C, -DEPTH)).log_softmax(0)
                share = wanted[~inside].exp().sum()
            with tempfile.TemporaryDirectory() as folder:
                policy = Tuner(task, settings, Path(folder)).run(lambda *_, **__: None)
            learned = log_likelihood(policy.sequence_log_probs(batch.tokens), batch.tokens)
            own, best = learned[inside].log_softmax(0), wanted[inside].log_softmax(0)
            outside, apart = learned[~inside].exp().sum(), (own.exp() * (own - best)).sum()
            print(
                f"  {learner:20} outside {outside:.5f} (optimum {share:.5f}), "
                f"inside KL {apart:.4f} nats"
            )


if __name__ == "__main__":
    main()
