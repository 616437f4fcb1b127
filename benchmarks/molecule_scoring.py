"""How fast molecules are scored: cold in one process and by workers, and from the cache.

    python benchmarks/molecule_scoring.py --data molecules.smi --workers 2

Each round scores molecules that nobody has seen (distinct ones of `--data`, or
decorated well-known ones) by QED and SA: in one process, and by the workers, one after the other
so that both meet the same other load; then once more from the cache. All have been warmed up.
Prints medians, and the lowest and highest round: molecules a second, and the ratio of workers to
one process within a round, which other load disturbs least.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, product
from pathlib import Path

from rdkit import rdBase

from sequence_tutor.molecule.reading.molecules import read_molecules
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.terms import SA, Qed, TermSet

CORES = (
    *("c1ccc(NC(=O){a})cc1{b}", "c1ccc2c(c1)c({a})cn2{b}", "O=C({a})N1CCN({b})CC1"),
    *("c1cc({a})nc({b})n1", "O=S(=O)(N{a})c1ccc({b})cc1", "C1CC({a})CCN1C(=O)c1ccc({b})o1"),
)
PARTS = tuple(
    head + "C" * length + tail
    for head, length, tail in product(
        ("", "O", "N", "C(=O)", "C(C)"),
        range(1, 6),
        ("", "O", "F", "C#N", "c9ccccc9", "c9ccncc9", "C(F)(F)F", "N9CCOCC9", "OC", "C(=O)O"),
    )
)


def made_up() -> list[str]:
    """Drug-like molecules put together from parts, in a random order that is always the same."""
    parts = product(PARTS[::3], PARTS, CORES)
    smiles = [core.format(a=a, b=b.replace("9", "8")) for a, b, core in parts]
    random.Random(0).shuffle(smiles)
    return smiles


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a piece of work."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def benchmark(
    smiles: Sequence[str], workers: int, rounds: int, batch: int
) -> dict[str, list[float]]:
    """The figures of each round, by name.

    Args:
        smiles: distinct molecules, shared out among the rounds.
        workers: processes.
        rounds: how many.
        batch: strings scored at a time, as a loop that tunes does it.
    """
    terms = TermSet({"qed": Qed(), "sa": SA()})
    figures: dict[str, list[float]] = {"one": [], "workers": [], "ratio": [], "cached": []}
    share = len(smiles) // (rounds + 1)
    with Scorer(terms) as one, Scorer(terms, workers) as many:

        def score(scorer: Scorer, strings: Sequence[str]) -> None:
            for begin in range(0, len(strings), batch):
                scorer.score(strings[begin : begin + batch])

        for number in range(rounds + 1):
            few = smiles[number * share : (number + 1) * share]
            alone = seconds(lambda few=few: score(one, few))
            shared = seconds(lambda few=few: score(many, few))
            cached = seconds(lambda few=few: score(many, few))
            if number:  # the first round loads tables and warms up
                figures["one"].append(share / alone)
                figures["workers"].append(share / shared)
                figures["ratio"].append(alone / shared)
                figures["cached"].append(share / cached)
    return figures


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="a file of molecules")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--molecules", type=int, default=1000, help="in each round")
    parser.add_argument("--batch", type=int, default=128, help="scored at a time")
    given = parser.parse_args()
    source = _lines(given.data) if given.data else made_up()
    smiles = list(islice(dict.fromkeys(source), given.molecules * (given.rounds + 1)))
    figures = benchmark(smiles, given.workers, given.rounds, given.batch)
    print(
        json.dumps(
            {
                **{name: round(statistics.median(values), 2) for name, values in figures.items()},
                "spread": {
                    name: [round(min(values), 2), round(max(values), 2)]
                    for name, values in figures.items()
                },
                "workers_started": given.workers,
                "batch": given.batch,
                "cores": len(os.sched_getaffinity(0)),
                "rdkit": rdBase.rdkitVersion,
            },
            indent=2,
        )
    )


def _lines(path: Path) -> Iterable[str]:
    return (entry.smiles for entry in read_molecules(path) if not entry.problem)


if __name__ == "__main__":
    main()
