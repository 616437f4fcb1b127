"""Molecules with a given part: groups at its attachment points, written by a model.

The points are filled one after the other, for each molecule in an order of its own. Before each
the whole molecule so far is written with that point last, and the model goes on. What it writes is
taken as a group of its own, a SMILES that begins with `*`, and joined to the part as a graph: so
the part stays as it is, whatever its spelling. A continuation that opens a ring or a second bond
at the point is no such group, and is dropped.

Source: Thomas et al. 2024, see `designing.spelling`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from rdkit import Chem

from sequence_tutor.domain.designing import Designed, Draws
from sequence_tutor.molecule.designing.finished import Finisher, numbers_of
from sequence_tutor.molecule.designing.groups import group_of, joined, plain_group
from sequence_tutor.molecule.designing.part import Part
from sequence_tutor.molecule.designing.spelling import (
    BONDS,
    NO_BEGINNING,
    Writer,
    beginnings,
    first_beginnings,
)
from sequence_tutor.molecule.tokens import Vocabulary

TRIES = 64
"""Random SMILES of a molecule that already has a group, among which its beginnings are found."""

ATTEMPTS = 4
"""To write a group, each with a beginning drawn anew."""

NO_GROUP = "no group with one single bond to the part"
UNENDED = "did not end"


@dataclass(frozen=True)
class _Growing:
    """A molecule that still has open points.

    Attributes:
        molecule: its graph.
        order: numbers of the open points, in the order in which they are filled.
        groups: number of a point -> the group there.
    """

    molecule: Chem.Mol
    order: tuple[int, ...]
    groups: Mapping[int, str]


class ScaffoldDesigner:
    """Writes molecules with a part. Satisfies `Designer`.

    Args:
        part: what they have.
        vocabulary: of the prior.
        length: most tokens of a sequence, with the end token.
        attempts: to write a group, before a molecule is dropped.

    Raises:
        UserError: the prior cannot write the part.
    """

    def __init__(
        self, part: Part, vocabulary: Vocabulary, length: int, attempts: int = ATTEMPTS
    ) -> None:
        self.part, self.vocabulary, self.length = part, vocabulary, length
        self.attempts = attempts
        self._first = {
            point: first_beginnings(part, point, vocabulary, length)
            for point in range(1, part.points + 1)
        }
        self._finisher = Finisher(vocabulary, length)

    def write(self, draws: Draws) -> Designed:
        """Molecules from so many draws; what is no molecule with the part is dropped."""
        writer = Writer(self.vocabulary, draws.prior, self.length - 2)
        generator, count = draws.generator, draws.count
        dropped: Counter[str] = Counter()
        growing = [
            _Growing(self.part.molecule, order, {}) for order in self._orders(count, generator)
        ]
        for turn in range(self.part.points):
            written = list[_Growing]()
            for attempt in range(self.attempts):
                is_last = attempt + 1 == self.attempts
                missed: Counter[str] = dropped if is_last else Counter()
                begun = self._beginnings(growing, writer, generator, dropped, is_first=turn == 0)
                if not begun:
                    break
                primes = [tokens for _, tokens in begun]
                grown = writer.continued(
                    draws.policy,
                    primes,
                    generator,
                    temperature=draws.temperature,
                    most=self.length,
                )
                growing = self._grown([one for one, _ in begun], primes, grown, written, missed)
            growing = written
        return self._finished(growing, count, dropped)

    def numbers(self, tokens: list[int]) -> Mapping[str, float]:
        """What tables show of a molecule."""
        return numbers_of(self.vocabulary.decode(tokens))

    def _orders(self, count: int, generator: torch.Generator) -> list[tuple[int, ...]]:
        """For each molecule the order in which its points are filled."""
        shape = count, self.part.points
        drawn = torch.rand(shape, generator=generator, device=generator.device)
        return [tuple(place + 1 for place in row) for row in drawn.argsort(1).tolist()]

    def _beginnings(
        self,
        growing: Sequence[_Growing],
        writer: Writer,
        generator: torch.Generator,
        dropped: Counter[str],
        *,
        is_first: bool,
    ) -> list[tuple[_Growing, list[int]]]:
        """The molecules that can be written with their next point last, and how."""
        if is_first:
            spellings = [self._first[one.order[0]] for one in growing]
        else:
            seeds = torch.randint(
                2**31 - 1, (len(growing),), generator=generator, device=generator.device
            ).tolist()
            spellings = [
                writer.encoded(beginnings(one.molecule, one.order[0], TRIES, seed))
                for one, seed in zip(growing, seeds, strict=True)
            ]
        dropped[NO_BEGINNING] += sum(not own for own in spellings)
        left = [(one, own) for one, own in zip(growing, spellings, strict=True) if own]
        if not left:
            return []
        drawn = writer.drawn([own for _, own in left], generator)
        return [(one, tokens) for (one, _), tokens in zip(left, drawn, strict=True)]

    def _grown(
        self,
        growing: Sequence[_Growing],
        primes: Sequence[Sequence[int]],
        grown: Sequence[Sequence[int]],
        written: list[_Growing],
        missed: Counter[str],
    ) -> list[_Growing]:
        """Add molecules with what was written at their next points, and return the others."""
        others = []
        for one, prime, tokens in zip(growing, primes, grown, strict=True):
            found = self._with_group(one, prime, tokens)
            if isinstance(found, str):
                missed[found] += 1
                others.append(one)
            else:
                written.append(found)
        return others

    def _with_group(
        self, one: _Growing, prime: Sequence[int], tokens: Sequence[int]
    ) -> _Growing | str:
        """A molecule with a continuation as the group at its next point; or why it is none."""
        if tokens[-1] != self.vocabulary.end_token:
            return UNENDED
        last = self.vocabulary.tokens[prime[-1]]
        bond = last if last in BONDS else ""
        group = group_of(f"*{bond}{self.vocabulary.decode(tokens[len(prime) :])}")
        molecule = None if group is None else joined(one.molecule, one.order[0], group)
        if group is None or molecule is None:
            return NO_GROUP
        groups = {**one.groups, one.order[0]: plain_group(group)}
        return replace(one, molecule=molecule, order=one.order[1:], groups=groups)

    def _finished(self, growing: Sequence[_Growing], count: int, dropped: Counter[str]) -> Designed:
        """The whole molecules."""
        tokens, facts = list[list[int]](), list[dict[str, Any]]()
        for one in growing:
            finished = self._finisher(one.molecule, (self.part,))
            if isinstance(finished, str):
                dropped[finished] += 1
                continue
            tokens.append(finished.tokens)
            groups = [one.groups[point] for point in sorted(one.groups)]
            facts.append({"smiles": finished.smiles, "groups": groups})
        return Designed(tokens, facts, count, dropped)
