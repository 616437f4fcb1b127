"""What training molecules are like: the bounds of the fence inside which PMO is also counted.

    python benchmarks/plausible_bounds.py zinc250k_train.smi.xz [--count 10000] [--seed 0]

Of randomly chosen molecules of a file: the 1st and 99th percentile of molecular weight and logP,
the first percentile of the shipped prior's log p a token of the canonical SMILES, in nats; and the
shares without a structural alert, within each bound of `molecule.benchmarks.plausible`, and inside.
The same of the prior's own valid samples.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import torch

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.benchmarks.plausible import Plausible
from sequence_tutor.molecule.chemistry import canonical_of
from sequence_tutor.molecule.domain import MoleculeDomain
from sequence_tutor.molecule.reading.molecules import read_molecules
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.rollout import rollout

CHUNK = 500


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, help="training molecules")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    plausible = Plausible()
    everything = [entry.smiles for entry in read_molecules(given.file) if not entry.problem]
    chosen = random.Random(given.seed).sample(everything, min(given.count, len(everything)))
    canonical = [one for one in map(canonical_of, chosen) if one is not None]
    show(f"{len(canonical):,} of {given.file.name}", plausible, canonical)
    show("the prior's own samples", plausible, sampled(plausible, given.count, given.seed))


def sampled(plausible: Plausible, count: int, seed: int) -> list[str]:
    """Canonical SMILES of the valid ones among so many samples of the prior."""
    domain = MoleculeDomain(plausible.stored.card)
    generator = named_generator(seed, "plausible")
    found: list[str] = []
    for _ in range(0, count, CHUNK):
        batch = rollout(
            plausible.stored.prior, CHUNK, domain.length, generator, end_token=domain.end_token
        ).batch
        texts = (text and canonical_of(text) for text in domain.vocabulary.decode_batch(batch))
        found += [one for one in texts if one]
    return found


def show(title: str, plausible: Plausible, canonical: Sequence[str]) -> None:
    """Print percentiles and shares."""
    vocabulary = MoleculeDomain(plausible.stored.card).vocabulary
    writable = []
    for smiles in canonical:
        try:
            vocabulary.encode(smiles)
        except UserError:
            continue
        writable.append(smiles)
    values = plausible.numbers(writable)
    print(f"{title}: {len(writable):,} that the prior can write")
    for name, own in values.items():
        low, high = (own.quantile(share).item() for share in (0.01, 0.99))
        within = plausible.within(name, own).double().mean().item()
        print(f"  {name:8} 1 % {low:9.4f}   99 % {high:9.4f}   within the bound {within:.3f}")
    inside = sum(plausible.inside(writable)) / len(writable)
    print(f"  inside all of them {inside:.3f}")


if __name__ == "__main__":
    main()
