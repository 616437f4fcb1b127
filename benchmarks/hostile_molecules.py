"""A flood of hostile strings against the scorer: nothing may crash, hang, talk or grow.

    python benchmarks/hostile_molecules.py --count 1000000 --seed 0

Strings are mutations of well-known molecules (and of those in `--data FILE`, one SMILES a line)
and the worst we know of: brackets a thousand deep, more ring digits than sense, lines of 100 kB,
NUL bytes, the empty string, letters of other scripts, charges and isotopes beyond any element,
and cages of randomly joined rings within the limits. Each is scored by QED, SA, logP, the largest
ring and the scaffold, as a run does it. Standard error is counted line by line, RDKit's included.

Prints, ten times on the way, the rate and the memory (resident, MiB) of this process and of the
largest worker; at the end how many strings were valid, timed out or failed, how many workers were
replaced, and how many lines were written to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rdkit import rdBase

from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.terms import SA, LogP, Qed, Ring, TermSet

WELL_KNOWN = (
    "CC(=O)Oc1ccccc1C(=O)O",  # aspirin
    "CC(=O)Nc1ccc(O)cc1",  # paracetamol
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",  # ibuprofen
    "Cn1cnc2c1c(=O)n(C)c(=O)n2C",  # caffeine
    "CN1CCC[C@H]1c1cccnc1",  # nicotine
    "CC(N)Cc1ccccc1",  # amphetamine
    "CN(CC(=O)O)C(=N)N",  # creatine
    "CN(C)C(=N)N=C(N)N",  # metformin
    "NCCc1ccc(O)c(O)c1",  # dopamine
    "NCCc1c[nH]c2ccc(O)cc12",  # serotonin
    "CNC[C@H](O)c1ccc(O)c(O)c1",  # adrenaline
    "NCCc1c[nH]cn1",  # histamine
    "COc1ccc2[nH]cc(CCNC(C)=O)c2c1",  # melatonin
    "N[C@@H](Cc1c[nH]c2ccccc12)C(=O)O",  # tryptophan
    "N[C@@H](Cc1ccccc1)C(=O)O",  # phenylalanine
    "OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O",  # glucose
    "OC(=O)CC(O)(CC(=O)O)C(=O)O",  # citric acid
    "OC[C@H](O)[C@H]1OC(=O)C(O)=C1O",  # ascorbic acid
    "COc1cc(C=O)ccc1O",  # vanillin
    "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O",  # menthol
    "CC1(C)C2CCC1(C)C(=O)C2",  # camphor
    "CC1=CCC(CC1)C(C)=C",  # limonene
    "CN1C2CCC1C(C(=O)OC)C(C2)OC(=O)c1ccccc1",  # cocaine
    "CN1CCC23C4Oc5c3c(CC1C2C=CC4O)ccc5O",  # morphine
    "CC12CCC3C(CCC4=CC(=O)CCC34C)C1CCC2O",  # testosterone
    "CC(C)CCCC(C)C1CCC2C3CC=C4CC(O)CCC4(C)C3CCC12C",  # cholesterol
    "CC1(C)SC2C(NC(=O)Cc3ccccc3)C(=O)N2C1C(=O)O",  # penicillin G
    "CCCCCc1cc(O)c2C3C=C(C)CCC3C(C)(C)Oc2c1",  # tetrahydrocannabinol
    "COc1ccc2nccc(C(O)C3CC4CCN3CC4C=C)c2c1",  # quinine
    "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc12",  # diazepam
    "CC(=O)CC(c1ccccc1)C1=C(O)c2ccccc2OC1=O",  # warfarin
    "CNCCC(Oc1ccc(cc1)C(F)(F)F)c1ccccc1",  # fluoxetine
    "COc1ccc2[nH]c(nc2c1)S(=O)Cc1ncc(C)c(OC)c1C",  # omeprazole
    "Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F",  # celecoxib
    "CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1",  # sildenafil
    "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(n1)-c1cccnc1",  # imatinib
    "CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CCC(O)CC(O)CC(=O)O",  # atorvastatin
    "C12C3C4C1C5C2C3C45",  # cubane
    "C1C2CC3CC1CC(C2)C3",  # adamantane
    "c1cc2ccc3ccc4ccc5ccc6ccc1c1c2c3c4c5c61",  # coronene
    "O=C1CCCCCCCCCCCCCC1",  # a macrocycle
    "C[N+](C)(C)CC([O-])=O",  # betaine
)

PIECES = (
    *("C", "c", "N", "n", "O", "o", "S", "F", "Cl", "Br", "I", "P", "=", "#", "(", ")", "1", "2"),
    *("3", "%10", "%99", ".", "/", "\\", "@", "[nH]", "[C@H]", "[2H]", "[N+]", "[O-]", "[Fe]", "-"),
    *("[", "]", "%", ":", "*", "$", "~", " ", "0", "c1ccccc1", "C(C)(C)C", "[H]", "[CH3]", "B"),
)

Maker = Callable[[random.Random], str]
MIB = 1 << 20


def mutation(molecules: Sequence[str]) -> Maker:
    """Pieces of a molecule left out, doubled, replaced, or taken from another."""

    def make(generator: random.Random) -> str:
        text = generator.choice(molecules)
        for _ in range(generator.choice((1, 1, 1, 2, 3, 8))):
            at = generator.randrange(len(text) + 1)
            to = min(len(text), at + generator.choice((0, 1, 1, 2, 5)))
            insert = generator.choice(
                ("", generator.choice(PIECES), text[at:to] * 2, generator.choice(molecules)[at:])
            )
            text = text[:at] + insert + text[to:]
        return text

    return make


def brackets(generator: random.Random) -> str:
    """Branches or bracket atoms opened very often, and perhaps closed."""
    depth = generator.choice((20, 100, 240, 1000))
    opening, closing = generator.choice((("C(", ")"), ("[", "]"), ("(", ")"), ("C(=O)N(", ")")))
    return opening * depth + "C" + closing * generator.choice((0, depth - 1, depth, depth + 1))


def ring_digits(generator: random.Random) -> str:
    """Ring bonds without end, to themselves, or opened again and again."""
    count = generator.choice((3, 10, 39, 99, 500))
    digits = [f"%{generator.randrange(10, 100)}" for _ in range(count)]
    return generator.choice(
        ("C" + "".join(digits), "C1" * count, "C11" * count, "".join(f"C{d}" for d in digits * 2))
    )


def long_line(generator: random.Random) -> str:
    """About 100 kB."""
    piece = generator.choice(("C", "c1ccccc1", "(", "[", "1", "CC(", "C%99", "é", "\0"))
    return piece * (100_000 // len(piece))


def bytes_and_letters(generator: random.Random) -> str:
    """NUL, blanks, control characters, half a surrogate pair, other scripts, or nothing."""
    strange = (
        "\0",
        "\n",
        "\r\n",
        "\t",
        "\x1b[2J",
        "\ud800",
        "\u202e",
        "Ç",
        "碳",
        "🧪",
        "\ufeff",
        "\u0421",
    )
    text = generator.choice(WELL_KNOWN)
    at = generator.randrange(len(text))
    return generator.choice(
        ("", " ", generator.choice(strange), text[:at] + generator.choice(strange) + text[at:])
    )


def unphysical(generator: random.Random) -> str:
    """Charges, isotopes, hydrogen counts and atom maps beyond anything that exists."""
    number = generator.choice((0, 9, 99, 255, 999, 2**15, 2**31, 2**63, 10**40))
    atom = generator.choice(("C", "Fe", "U", "Og", "H", "c", "*", "Xx"))
    form = generator.choice(
        (
            "[{a}+{n}]",
            "[{a}-{n}]",
            "[{n}{a}]",
            "[{a}H{n}]",
            "[{a}:{n}]",
            "[{n}{a}@H+{n}:{n}]",
            "[#{n}]",
        )
    )
    many = generator.choice((1, 1, 3, 40))
    return "C" + form.format(a=atom, n=number) * many + generator.choice(("C", ""))


def cage(generator: random.Random) -> str:
    """A chain with bonds between random atoms, within the limits: the most tangled of rings."""
    atoms = generator.randrange(6, 100)
    closures: list[list[str]] = [[] for _ in range(atoms)]
    for number in range(10, 10 + generator.randrange(2, 40)):
        ends = generator.sample(range(atoms), 2)
        for end in ends:
            closures[end].append(f"%{number}")
    letters = generator.choice(("C", "C", "c", "Cc", "CN", "CSi", "cn"))
    return "".join(generator.choice(letters.replace("Si", "S")) + "".join(c) for c in closures)


def hostile_strings(seed: int, molecules: Sequence[str] = WELL_KNOWN) -> Iterator[str]:
    """Strings without end; the same ones for a seed."""
    generator = random.Random(seed)
    makers: tuple[tuple[Maker, int], ...] = (
        (mutation(molecules), 700),
        (brackets, 60),
        (ring_digits, 60),
        (long_line, 5),
        (bytes_and_letters, 60),
        (unphysical, 60),
        (cage, 55),
    )
    kinds, weights = zip(*makers, strict=True)
    while True:
        for make in generator.choices(kinds, weights, k=1000):
            yield make(generator)


def run(
    count: int,
    seed: int = 0,
    workers: int = 1,
    timeout: float = 10.0,
    molecules: Sequence[str] = WELL_KNOWN,
    report: Callable[[dict[str, Any]], None] = lambda _: None,
) -> dict[str, Any]:
    """Score so many hostile strings.

    Args:
        count: strings.
        seed: of the strings.
        workers: processes.
        timeout: seconds a molecule may take.
        molecules: what mutations start from.
        report: told, ten times, the figures so far (values of several types, hence `Any`).

    Returns:
        The figures at the end.
    """
    strings = hostile_strings(seed, molecules)
    terms = TermSet({"qed": Qed(), "sa": SA(), "logp": LogP(), "ring": Ring()}, scaffolds=True)
    totals: Counter[str] = Counter()
    batch = min(1000, max(1, count // 10))
    with counted_complaints() as complaints, Scorer(terms, workers, timeout, 10_000) as scorer:
        begun = time.monotonic()
        next_report = count / 10
        while totals["strings"] < count:
            few = [next(strings) for _ in range(min(batch, count - totals["strings"]))]
            scores = scorer.score(few)
            totals["strings"] += len(few)
            totals["valid"] += sum(record.canonical is not None for record in scores.records)
            totals["timeouts"] += scores.timeouts
            totals["failures"] += scores.failures
            totals["cache_hits"] += scores.cache_hits
            figures = dict(totals) | {
                "strings_per_second": round(totals["strings"] / (time.monotonic() - begun)),
                "workers_replaced": scorer.replaced,
                "parent_mib": resident(os.getpid()),
                "worker_mib": max(map(resident, scorer.worker_pids), default=0),
                "stderr_lines": complaints(),
            }
            if totals["strings"] >= next_report:
                next_report += count / 10
                report(figures)
    return figures


def resident(pid: int) -> int:
    """MiB of memory a process holds now; 0 where the system does not say."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // MIB


@contextmanager
def counted_complaints() -> Iterator[Callable[[], int]]:
    """Send standard error, that of C++ and of workers included, to a file and count its lines."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as complaints:
        os.dup2(complaints.fileno(), 2)
        try:
            yield lambda: _lines(complaints)
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


def _lines(file: IO[bytes]) -> int:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size, 0).count(b"\n")


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="strings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds a molecule may take")
    parser.add_argument("--data", type=Path, help="more molecules to mutate, one SMILES a line")
    given = parser.parse_args()
    molecules = list(WELL_KNOWN)
    if given.data:
        lines = given.data.read_text(encoding="utf-8").splitlines()
        molecules += [line.split()[0] for line in lines if line.strip()]

    def report(figures: dict[str, Any]) -> None:
        print(json.dumps(figures), flush=True)

    print(json.dumps({"rdkit": rdBase.rdkitVersion, **{k: str(v) for k, v in vars(given).items()}}))
    run(given.count, given.seed, given.workers, given.timeout, molecules, report)


if __name__ == "__main__":
    main()
