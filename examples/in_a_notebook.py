"""Every part of a tuning that may be an object in memory, without a file: for a notebook.

    python examples/in_a_notebook.py --out notebook --steps 400

Tunes a small model of four tokens, six steps. The prior is a torch module, the reward a function;
replay is drawn by a sampler of one's own, exploration is a function, a callback counts what was
collected, and each line of the log goes to a function.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

import sequence_tutor as st
from sequence_tutor.replay import Drawn, Sampler
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.callbacks import Collected, Evaluated


class LastTwo(nn.Module):
    """Logits (B, V) of four tokens by the last two, tokens (B, t) with t from 0 up."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.table = nn.Parameter(torch.randn(5, 5, 4, generator=generator))

    def forward(self, tokens: Tensor) -> Tensor:
        """Token 4 stands for what is before the first."""
        padded = nn.functional.pad(tokens, (2, 0), value=4)
        return self.table[padded[:, -2], padded[:, -1]]


def alternates(batch: st.SequenceBatch) -> Tensor:
    """1 for each token that differs from the one before it, (B, T)."""
    before = nn.functional.pad(batch.tokens[:, :-1], (1, 0), value=-1)
    return (batch.tokens != before).double()


class Uniform(Sampler):
    """Every stored sequence with the same probability."""

    def draw(self, count: int, share: float, generator: torch.Generator) -> Drawn:
        """Places (B,) of the store and weights (B,) of their errors."""
        places = torch.randint(len(self.replay), (count,), generator=generator)
        return Drawn(places, torch.ones(count))


def warm(log_policy: Tensor, strength: float) -> Tensor:
    """Pi at a temperature of 1 + strength; the settings say how the strength falls."""
    return log_policy / (1 + strength)


class Counting(st.Callback):
    """Counts what was collected; with a limit, ends the run once it is reached."""

    def __init__(self, limit: int | None = None) -> None:
        self.sequences, self.limit = 0, limit

    def collected(self, moment: Collected) -> None:
        """New sequences were scored."""
        self.sequences += len(moment.stored.batch)

    def evaluated(self, moment: Evaluated) -> bool:
        """True ends the run."""
        return self.limit is not None and self.sequences >= self.limit


def main(
    out: Path, steps: int, limit: int | None = None
) -> tuple[st.Model, Counting, list[Record]]:
    """The tuned model, the callback, and the lines of the log."""
    counting, lines = Counting(limit), list[Record]()
    tuned = st.tune(
        "toy",
        out,
        prior=LastTwo(),
        reward=alternates,
        sampler=Uniform,
        exploration=warm,
        callbacks=[counting],
        log_to=[lines.append],
        overrides={
            "tune": {
                "algorithm": "g",
                "c": 0.5,
                "steps": steps,
                "batch": 32,
                "collect": 32,
                "collect_every": 8,
                "evaluate_every": max(1, steps // 4),
                "evaluate_samples": 256,
                "network": {"cell": "gru", "width": 16},
            }
        },
        threads=1,
        quiet=True,
    )
    return tuned, counting, lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("notebook"), help="folder of the run")
    parser.add_argument("--steps", type=int, default=400, help="updates")
    given = parser.parse_args()
    _, counted, logged = main(given.out, given.steps)
    print(f"{counted.sequences} sequences were scored")
    for line in logged:
        print(f"step {line['step']}: reward {line['reward_per_sequence']:.3f}")
