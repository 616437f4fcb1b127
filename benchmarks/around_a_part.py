"""Ways to write molecules around a part, compared: docs/designing.md.

    python benchmarks/around_a_part.py --seeds 3 --out around_a_part.jsonl

Three scaffolds and two pairs of ends, each with the shipped prior. The ways:

- `points last`: as `sample --scaffold` does it. Each point is written last in turn, and the prior
  goes on.
- `one attempt`: the same, but a point whose continuation is no group is given up at once.
- `in place`: the part is written once, as one template with a branch at each point. The prior
  writes the branches and has to write the rest of the part: sequential Monte Carlo, with 16
  particles a molecule, resampled after each piece of the part by how likely it was.
- `rejection`: molecules of the prior, `--rejected` of them; those are kept that contain the part.
- `places weighed`: linkers as `sample --ends` writes them.
- `any atom`: the prior goes on from the first end until it ends the molecule; the second end is
  put on each atom that has a hydrogen, and the place that the prior finds likeliest is kept.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from rdkit import Chem
from torch import Tensor

from sequence_tutor.domain import Draws
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.molecule.chemistry import known, quiet
from sequence_tutor.molecule.designing.finished import Finisher
from sequence_tutor.molecule.designing.groups import group_of, joined
from sequence_tutor.molecule.designing.linker import LinkerDesigner
from sequence_tutor.molecule.designing.part import Part, read_ends
from sequence_tutor.molecule.designing.scaffold import ScaffoldDesigner
from sequence_tutor.molecule.designing.spelling import Writer, first_beginnings, perturbed
from sequence_tutor.molecule.domain import MoleculeDomain
from sequence_tutor.molecule.tokens import Vocabulary, split_smiles
from sequence_tutor.sampling.rollout import rollout

SCAFFOLDS = {
    "pyridine": "[*]c1ccncc1",
    "piperazine": "[*]N1CCN([*])CC1",
    "benzimidazole": "[*:1]c1ccc2[nH]c([*:2])nc2c1",
}
ENDS = {
    "pyridine, morpholine": "[*]c1ccncc1.[*]N1CCOCC1",
    "toluamide, oxolane": "Cc1ccccc1C(=O)N[*].[*][C@@H]1CCCO1",
}
PARTICLES = 16
AT_ONCE = 1000

Way = Callable[[Model, int, torch.Generator], tuple[int, list[str]]]
"""Draws, and the canonical SMILES of what came of them."""


def main() -> None:
    """Measure every way, one line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--count", type=int, default=100, help="draws of each way")
    parser.add_argument("--rejected", type=int, default=20_000, help="draws of rejection")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    model = load_model("molecule")
    with arguments.out.open("w", encoding="utf-8") as file:
        for seed in range(arguments.seeds):
            for case, parts, name, way in ways(model, arguments.rejected):
                row = {"case": case, "way": name, "seed": seed}
                row |= measured(model, parts, way, arguments.count, seed)
                print(json.dumps(row), file=file, flush=True)
                print(row)


def ways(model: Model, rejected: int) -> Iterator[tuple[str, tuple[Part, ...], str, Way]]:
    """Every case with its parts, and the ways that are compared for it."""
    vocabulary, length = vocabulary_of(model), model.length
    for case, text in SCAFFOLDS.items():
        part = Part(text)
        yield case, (part,), "points last", designed(ScaffoldDesigner(part, vocabulary, length))
        single = ScaffoldDesigner(part, vocabulary, length, attempts=1)
        yield case, (part,), "one attempt", designed(single)
        yield case, (part,), "in place", in_place(part)
        yield case, (part,), "rejection", rejection(rejected)
    for case, text in ENDS.items():
        ends = read_ends(text)
        yield case, ends, "places weighed", designed(LinkerDesigner(ends, vocabulary, length))
        yield case, ends, "any atom", at_any_atom(ends)


def vocabulary_of(model: Model) -> Vocabulary:
    """The tokens of a model of molecules."""
    assert isinstance(model.domain, MoleculeDomain)
    return model.domain.vocabulary


def measured(
    model: Model, parts: tuple[Part, ...], way: Way, count: int, seed: int
) -> dict[str, float]:
    """The figures of one way."""
    began = time.process_time()
    drawn, smiles = way(model, count, torch.Generator().manual_seed(seed))
    seconds = time.process_time() - began
    finisher = Finisher(vocabulary_of(model), model.length)
    whole = []
    for one in smiles:
        finished = finisher(Chem.MolFromSmiles(one), parts)
        if not isinstance(finished, str):
            whole.append(finished)
    distinct = {one.smiles: one.tokens for one in whole}
    log_p, tokens = 0.0, 1
    if distinct:
        writer = Writer(vocabulary_of(model), model.stored.prior, model.length)
        log_p = sum(writer.likelihoods(list(distinct.values())))
        tokens = sum(map(len, distinct.values()))
    return {
        "drawn": drawn,
        "usable": len(whole) / drawn,
        "distinct": len(distinct) / max(1, len(whole)),
        "log_p_per_token": log_p / tokens,
        "tokens": tokens / max(1, len(distinct)),
        "seconds_per_100": 100 * seconds / max(1, len(distinct)),
    }


def designed(designer: ScaffoldDesigner | LinkerDesigner) -> Way:
    """As the program does it."""

    def way(model: Model, count: int, generator: torch.Generator) -> tuple[int, list[str]]:
        found = designer.write(Draws(model.policy, model.stored.prior, count, generator))
        return count, [one["smiles"] for one in found.facts]

    return way


def rejection(draws: int) -> Way:
    """Whatever the prior writes."""

    def way(model: Model, _count: int, generator: torch.Generator) -> tuple[int, list[str]]:
        found: list[str] = []
        for begin in range(0, draws, AT_ONCE):
            size, end = min(AT_ONCE, draws - begin), model.domain.end_token
            batch = rollout(model.policy, size, model.length, generator, end_token=end).batch
            texts = (one for one in vocabulary_of(model).decode_batch(batch) if one)
            with quiet():
                found += [one.canonical for text in texts if (one := known(text)) is not None]
        return draws, found

    return way


def in_place(part: Part) -> Way:
    """A template of the part with branches, by sequential Monte Carlo."""

    def way(model: Model, count: int, generator: torch.Generator) -> tuple[int, list[str]]:
        template = likeliest_template(part, model)
        tokens, weights = particles(model, template, count * PARTICLES, generator)
        keys = perturbed(weights, generator).view(count, PARTICLES)
        best = keys.argmax(1) + torch.arange(count) * PARTICLES
        rows = [row for row in best.tolist() if weights[row] > -torch.inf]
        texts = (vocabulary_of(model).decode(tokens[row]) for row in rows)
        with quiet():
            return count, [one.canonical for text in texts if (one := known(text)) is not None]

    return way


def likeliest_template(part: Part, model: Model) -> list[list[int]]:
    """The tokens between the branches: of the spelling that the prior finds likeliest with carbons.

    The last piece is empty where the last branch ends the molecule.
    """
    plain = Chem.Mol(part.molecule)
    for atom in plain.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetIsotope(0)
    texts = set(Chem.MolToRandomSmilesVect(plain, 512, randomSeed=1))
    texts = {one for one in texts if not one.startswith("*")}
    writer = Writer(vocabulary_of(model), model.stored.prior, model.length)
    with_carbon = {one: writer.encoded([one.replace("*", "C")]) for one in texts}
    usable = [one for one, tokens in sorted(with_carbon.items()) if tokens]
    likely = writer.likelihoods([with_carbon[one][0] for one in usable])
    best = usable[max(range(len(usable)), key=likely.__getitem__)]
    vocabulary = vocabulary_of(model)
    pieces = [split_smiles(one, vocabulary.tokeniser) for one in best.split("*")]
    return [vocabulary.encode_pieces(one, end=False) for one in pieces]


def particles(
    model: Model, template: list[list[int]], count: int, generator: torch.Generator
) -> tuple[list[list[int]], Tensor]:
    """Sequences with what the prior writes between the pieces, and their log weights (count,)."""
    vocabulary, policy = vocabulary_of(model), model.policy
    opened, closed = vocabulary.numbers["("], vocabulary.numbers[")"]
    writer = Writer(vocabulary, model.stored.prior, model.length)
    rows: list[list[int]] = [list(template[0]) for _ in range(count)]
    weights = torch.zeros(count, dtype=torch.float64)
    for place, piece in enumerate(template[1:], start=1):
        is_last = not piece
        begun = [len(row) for row in rows]
        rows = writer.continued(policy, rows, generator, temperature=1.0, most=model.length)
        stops = [
            stop_of(row, begin, opened, closed) for row, begin in zip(rows, begun, strict=True)
        ]
        if is_last:
            break
        # the branch ends where it is closed; what the prior wrote beyond is forgotten
        given = [stop or 1 for stop in stops]
        ended = [*piece, vocabulary.end_token] if place == len(template) - 1 else piece
        rows = [[*row[:stop], *ended] for row, stop in zip(rows, given, strict=True)]
        likely = torch.tensor(writer.likelihoods(rows, given), dtype=torch.float64)
        alive = torch.tensor([bool(stop) for stop in stops])
        weights = (weights + likely).where(alive, -torch.inf)
        if place < len(template) - 1:
            grouped = weights.view(-1, PARTICLES)
            shares = grouped.softmax(1).nan_to_num(1 / PARTICLES)
            drawn = shares.multinomial(PARTICLES, replacement=True, generator=generator)
            drawn = (drawn + torch.arange(len(drawn))[:, None] * PARTICLES).flatten()
            rows = [rows[row] for row in drawn.tolist()]
            mean = grouped.logsumexp(1, keepdim=True)
            weights = (
                mean.expand_as(grouped).flatten().where(weights[drawn] > -torch.inf, -torch.inf)
            )
    return rows, weights


def stop_of(row: list[int], begin: int, opened: int, closed: int) -> int:
    """Where the branch that is open at `begin` is closed; 0: nowhere."""
    depth = 0
    for place in range(begin, len(row)):
        depth += (row[place] == opened) - (row[place] == closed)
        if depth < 0:
            return place
    return 0


def at_any_atom(ends: tuple[Part, Part]) -> Way:
    """The second end on the likeliest atom of a molecule that has the first."""

    def way(model: Model, count: int, generator: torch.Generator) -> tuple[int, list[str]]:
        vocabulary = vocabulary_of(model)
        writer = Writer(vocabulary, model.stored.prior, model.length - 2)
        begun = first_beginnings(ends[0], 1, vocabulary, model.length)
        primes = writer.drawn([begun] * count, generator)
        rows = writer.continued(model.policy, primes, generator, temperature=1.0, most=model.length)
        finisher, found = Finisher(vocabulary, model.length), []
        for prime, row in zip(primes, rows, strict=True):
            group = group_of(f"*{vocabulary.decode(row[len(prime) :])}")
            places = [] if group is None else [finisher(one, ends) for one in linked(ends, group)]
            whole = {one.smiles: one.tokens for one in places if not isinstance(one, str)}
            if whole:
                likely = writer.likelihoods(list(whole.values()))
                found.append(list(whole)[max(range(len(likely)), key=likely.__getitem__)])
        return count, found

    return way


def linked(ends: tuple[Part, Part], group: Chem.Mol) -> Iterator[Chem.Mol | None]:
    """Both ends with the group between them, the second at each atom with a hydrogen."""
    for atom in group.GetAtoms():
        if atom.GetAtomicNum() == 0 or not atom.GetTotalNumHs():
            continue
        linker = Chem.RWMol(Chem.AddHs(group, onlyOnAtoms=[atom.GetIdx()]))
        hydrogen = next(
            one
            for one in linker.GetAtomWithIdx(atom.GetIdx()).GetNeighbors()
            if one.GetAtomicNum() == 1
        )
        hydrogen.SetAtomicNum(0)
        hydrogen.SetIsotope(2)
        with quiet():
            whole = Chem.RemoveHs(linker.GetMol())
        begun = joined(whole, 0, ends[0].molecule, at=1)
        yield None if begun is None else joined(begun, 2, ends[1].molecule, at=1)


if __name__ == "__main__":
    main()
