"""Linkers between two given ends, written by a model.

The model goes on from one end, and every place at which what it has written so far is whole could
be where the other end begins. Each is weighed by how likely the model finds the other end there
and nothing after it, and linkers are drawn by these weights without replacement: importance
resampling (Rubin 1988), toward what the model writes between the two ends, where a place within a
continuation counts as a draw of its own.

Half of the linkers begin at the first end, half at the second.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from rdkit import Chem

from sequence_tutor.domain.designing import Designed, Draws
from sequence_tutor.molecule.chemistry import KEPT, canonical_smiles
from sequence_tutor.molecule.designing.finished import Finisher, numbers_of
from sequence_tutor.molecule.designing.groups import group_of, joined
from sequence_tutor.molecule.designing.part import Part, dummies_of
from sequence_tutor.molecule.designing.spelling import (
    BONDS,
    Writer,
    first_beginnings,
    first_endings,
    perturbed,
)
from sequence_tutor.molecule.tokens import Vocabulary

CONTINUATIONS = 4
"""For each linker that is drawn."""

LONGEST = 24
"""Tokens of a linker at most."""

NO_LINKER = "no linker with one single bond to each end"


class _Way(NamedTuple):
    """One of the two directions.

    Attributes:
        begins: the part that is written first.
        ends: the other.
        beginnings: tokens of the former, its point last.
        ending: tokens of the latter, its point first, with the end token.
    """

    begins: Part
    ends: Part
    beginnings: list[list[int]]
    ending: list[int]


class _Place(NamedTuple):
    """Where a linker could end.

    Attributes:
        tokens: the whole molecule.
        given: of them, how many come before the other end.
        linker: its SMILES with `*` at both ends.
    """

    tokens: tuple[int, ...]
    given: int
    linker: str


class LinkerDesigner:
    """Writes molecules with two ends and something between them. Satisfies `Designer`.

    Args:
        ends: the two.
        vocabulary: of the prior.
        length: most tokens of a sequence, with the end token.
        continuations: for each linker that is drawn.

    Raises:
        UserError: the prior cannot write an end.
    """

    def __init__(
        self,
        ends: tuple[Part, Part],
        vocabulary: Vocabulary,
        length: int,
        continuations: int = CONTINUATIONS,
    ) -> None:
        self.ends, self.vocabulary, self.length = ends, vocabulary, length
        self.continuations = continuations
        self._written = [
            (first_beginnings(part, 1, vocabulary, length), first_endings(part, vocabulary, length))
            for part in ends
        ]
        self._finisher = Finisher(vocabulary, length)
        self._ways: list[_Way] = []

    def write(self, draws: Draws) -> Designed:
        """At most so many molecules; what is no molecule with both ends is dropped."""
        writer, count = Writer(self.vocabulary, draws.prior, self.length - 2), draws.count
        if not self._ways:
            self._ways = [self._way(0, 1, writer), self._way(1, 0, writer)]
        tokens, facts = list[list[int]](), list[dict[str, Any]]()
        dropped: Counter[str] = Counter()
        for way, share in zip(self._ways, (count - count // 2, count // 2), strict=True):
            if not share:
                continue
            many = share * self.continuations
            places = self._places(way, many, writer, draws)
            likely = Writer(self.vocabulary, draws.policy, 0)
            chosen = _drawn(places, share, likely, draws.generator)
            dropped[NO_LINKER] += share - len(chosen)
            for linker in chosen:
                finished = self._finisher(_linked(way, linker), self.ends)
                if isinstance(finished, str):
                    dropped[finished] += 1
                    continue
                tokens.append(finished.tokens)
                facts.append({"smiles": finished.smiles, "linker": _shown(way, linker, self.ends)})
        return Designed(tokens, facts, count, dropped)

    def numbers(self, tokens: list[int]) -> Mapping[str, float]:
        """What tables show of a molecule."""
        return numbers_of(self.vocabulary.decode(tokens))

    def _way(self, first: int, second: int, writer: Writer) -> _Way:
        """One direction; the ending is the one likeliest after a beginning."""
        begun, ended = self._written[first][0], self._written[second][1]
        whole = [[*one, self.vocabulary.end_token] for one in ended]
        likeliest = begun[_best(writer.likelihoods(begun))]
        given = [len(likeliest)] * len(whole)
        after = writer.likelihoods([[*likeliest, *one] for one in whole], given)
        return _Way(self.ends[first], self.ends[second], begun, whole[_best(after)])

    def _places(self, way: _Way, many: int, writer: Writer, draws: Draws) -> Counter[_Place]:
        """The places where a linker could end in so many continuations, and how often each came."""
        primes = writer.drawn([way.beginnings] * many, draws.generator)
        most = min(self.length, max(map(len, primes)) + LONGEST)
        written = writer.continued(
            draws.policy, primes, draws.generator, temperature=draws.temperature, most=most
        )
        found: Counter[_Place] = Counter()
        for prime, tokens in zip(primes, written, strict=True):
            for stop, linker in self._linkers(prime, tokens):
                whole = (*tokens[:stop], *way.ending)
                if len(whole) <= self.length:
                    found[_Place(whole, stop, linker)] += 1
        return found

    def _linkers(self, prime: Sequence[int], tokens: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Where a continuation could stop and be a linker, and the linker."""
        texts = self.vocabulary.tokens
        last = texts[prime[-1]]
        linker = last if last in BONDS else ""
        for stop, token in enumerate(tokens[len(prime) :], start=len(prime) + 1):
            if token == self.vocabulary.end_token:
                return
            linker += texts[token]
            if _linker_of(f"*{linker}*") is not None:
                yield stop, f"*{linker}*"


def _drawn(
    places: Counter[_Place], count: int, writer: Writer, generator: torch.Generator
) -> list[str]:
    """So many distinct linkers, drawn one after the other by how likely the other end is there."""
    rows = list(places)
    likely = writer.likelihoods([one.tokens for one in rows], [one.given for one in rows])
    weights: dict[str, float] = {}
    for place, log_p in zip(rows, likely, strict=True):
        own = math.log(places[place]) + log_p
        known = weights.get(place.linker, -math.inf)
        weights[place.linker] = max(own, known) + math.log1p(math.exp(-abs(own - known)))
    linkers = list(weights)
    log_weights = torch.tensor([weights[one] for one in linkers], dtype=torch.float64)
    best = perturbed(log_weights, generator).topk(min(count, len(linkers))).indices
    return [linkers[place] for place in best.tolist()]


@lru_cache(maxsize=8 * KEPT)
def _linker_of(written: str) -> Chem.Mol | None:
    """A linker with its points numbered 1 and 2, as they are written; None: it is none."""
    if written.count("(") != written.count(")"):
        return None  # most are refused so, without being parsed
    found = group_of(written, points=2)
    if found is None:
        return None
    found.GetAtomWithIdx(0).SetIsotope(1)
    found.GetAtomWithIdx(found.GetNumAtoms() - 1).SetIsotope(2)
    return found


def _linked(way: _Way, written: str) -> Chem.Mol | None:
    """Both ends with a linker between them."""
    linker = _linker_of(written)
    begun = None if linker is None else joined(way.begins.molecule, 1, linker, at=1)
    return None if begun is None else joined(begun, 2, way.ends.molecule, at=1)


def _shown(way: _Way, written: str, ends: tuple[Part, Part]) -> str:
    """A linker with its points numbered as the ends were given."""
    found = _linker_of(written)
    assert found is not None  # else it would not have been drawn
    linker = Chem.Mol(found)
    if way.begins is not ends[0]:
        for atom in dummies_of(linker):
            atom.SetIsotope(3 - atom.GetIsotope())
    return canonical_smiles(linker)


def _best(numbers: Sequence[float]) -> int:
    return max(range(len(numbers)), key=numbers.__getitem__)
