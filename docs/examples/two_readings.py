"""How often a prior seems to repeat itself where holds are taken for rests.

The published program's checkpoint and rules disagree on two tokens: what one writes as *hold* the
other reads as *rest*. This samples melodies and counts repeated notes in both readings.

    python docs/examples/two_readings.py --samples 100000
"""

from __future__ import annotations

import argparse

import torch

import sequence_tutor as st
from sequence_tutor.melody.encoding import HOLD, NOTE_OFF
from sequence_tutor.melody.statistics import MelodyStatistics
from sequence_tutor.sampling.rollout import rollout

BATCH = 2000


def exchange(batch: st.SequenceBatch) -> st.SequenceBatch:
    """The same tokens with hold and rest exchanged."""
    tokens = batch.tokens
    swapped = tokens.where(tokens > HOLD, HOLD + NOTE_OFF - tokens)
    return st.SequenceBatch(swapped, batch.lengths)


def repeated_notes(model: st.Model, samples: int, seed: int) -> tuple[st.Estimate, st.Estimate]:
    """The share of steps that repeat too often: as written, and with hold and rest exchanged."""
    generator = torch.Generator().manual_seed(seed)
    as_written, exchanged = MelodyStatistics(), MelodyStatistics()
    for begin in range(0, samples, BATCH):
        size = min(BATCH, samples - begin)
        batch = rollout(model.policy, size, model.length, generator).batch
        as_written.update(batch)
        exchanged.update(exchange(batch))
    both = (as_written.result(), exchanged.result())
    first, second = (found["repeated_notes"] for found in both)
    return first, second


def main() -> None:
    """Print both shares with their intervals."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--prior", default="melody", help="shipped prior, or a folder")
    parser.add_argument("--samples", type=int, default=100_000, help="melodies")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found = repeated_notes(st.load_model(given.prior), given.samples, given.seed)
    for name, share in zip(("as written", "hold and rest exchanged"), found, strict=True):
        print(f"{name}: {share.value:.2%} ({share.low:.2%} to {share.high:.2%})")


if __name__ == "__main__":
    main()
