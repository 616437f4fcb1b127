"""Molecules near a given one: small changes, and small changes of those.

A molecule is changed in one of two ways, each half of the time: it is regrown, that is written in a
random order, cut in its second half and continued by the model; or it is bred, by an edit of its
graph or a crossover with another of its relatives (see `molecule.breeding`). What is at least as
similar to the given molecule as the window's lower end becomes a parent in its turn, so that the
window is reached by several small steps where one is not enough.

Similarity is Tanimoto's of Morgan fingerprints of radius 2 with 2,048 bits (ECFP4), as in the term
`similarity`. It does not see stereochemistry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

import torch

from sequence_tutor.domain.designing import Designed, Draws
from sequence_tutor.errors import UserError, shown
from sequence_tutor.molecule.breeding import bred
from sequence_tutor.molecule.chemistry import (
    fingerprint,
    known,
    quiet,
    random_smiles,
    tanimoto,
)
from sequence_tutor.molecule.designing.finished import INVALID, Finished, Finisher, numbers_of
from sequence_tutor.molecule.tokens import Vocabulary, split_smiles
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch

OUTSIDE = "not in the window"

PARENTS = 512
"""Relatives that are remembered as parents; of more the first stay."""

OF_LEAD = 0.5
"""Probability that the given molecule itself is changed, and not a relative."""


class NearDesigner:
    """Writes molecules like a given one. Satisfies `Designer`; it remembers the relatives found.

    Args:
        lead: SMILES of the given molecule, which is not written itself.
        window: lowest and highest similarity.
        vocabulary: of the prior.
        length: most tokens of a sequence, with the end token.

    Raises:
        UserError: it is no molecule, the prior cannot write it, or there is no such window.
    """

    def __init__(
        self, lead: str, window: tuple[float, float], vocabulary: Vocabulary, length: int
    ) -> None:
        self.low, self.high = window
        if not 0 <= self.low <= self.high <= 1:
            raise UserError(
                f"similarity is {self.low:g}..{self.high:g}, expected two numbers from 0 to 1, the "
                "smaller one first, such as 0.5..0.7"
            )
        found = known(lead)
        if found is None:
            raise UserError(f"near {shown(lead)} cannot be read as SMILES of a molecule")
        self.vocabulary, self.length = vocabulary, length
        self.lead = found.canonical
        self._print = fingerprint(found.rdkit)
        self._finisher = Finisher(vocabulary, length)
        self._parents = {self.lead: None}
        self._check()

    def write(self, draws: Draws) -> Designed:
        """Molecules in the window from so many changes; the others are dropped."""
        dropped: Counter[str] = Counter()
        generator, shape = draws.generator, (draws.count, 3)
        uniform = torch.rand(shape, generator=generator, device=generator.device).tolist()
        parents = [self._parent(*row[:2]) for row in uniform]
        regrown = draws.count // 2
        children = self._regrown(parents[:regrown], draws)
        for parent, row in zip(parents[regrown:], uniform[regrown:], strict=True):
            random = Random(int(row[2] * 2**24))
            father = random.choice(list(self._parents))
            with quiet():
                children.append((parent, bred(parent, father, random), "bred"))
        tokens, facts = list[list[int]](), list[dict[str, Any]]()
        for parent, child, how in children:
            finished = self._kept(child, dropped)
            if finished is None:
                continue
            similarity = self.similarity(finished.smiles)
            tokens.append(finished.tokens)
            facts.append(
                {
                    "smiles": finished.smiles,
                    "similarity": round(similarity, 4),
                    "changed": parent,
                    "by": how,
                }
            )
        return Designed(tokens, facts, draws.count, dropped)

    def numbers(self, tokens: list[int]) -> Mapping[str, float]:
        """What tables show of a molecule."""
        return numbers_of(self.vocabulary.decode(tokens))

    def similarity(self, smiles: str) -> float:
        """Of a valid molecule to the given one."""
        found = known(smiles)
        assert found is not None  # it was looked at before
        return tanimoto(self._print, [fingerprint(found.rdkit)])[0]

    def _kept(self, child: str | None, dropped: Counter[str]) -> Finished | None:
        """A child in the window; any that is near enough becomes a parent."""
        found = None if child is None else known(child)
        finished = INVALID if found is None else self._finisher(found.rdkit)
        if isinstance(finished, str):
            dropped[finished] += 1
            return None
        similarity = self.similarity(finished.smiles)
        if similarity >= self.low and len(self._parents) < PARENTS:
            self._parents.setdefault(finished.smiles)
        if finished.smiles == self.lead or not self.low <= similarity <= self.high:
            dropped[OUTSIDE] += 1
            return None
        return finished

    def _parent(self, which: float, place: float) -> str:
        """The lead, or a relative, by two uniform numbers."""
        relatives = list(self._parents)
        return self.lead if which < OF_LEAD else relatives[int(place * len(relatives))]

    def _regrown(self, parents: list[str], asked: Draws) -> list[tuple[str, str | None, str]]:
        """Parents with other ends: each with its child, and how it came."""
        if not parents:
            return []
        generator, shape = asked.generator, (len(parents), 2)
        draws = torch.rand(shape, generator=generator, device=generator.device).tolist()
        begun = []
        for parent, (spelled, cut) in zip(parents, draws, strict=True):
            tokens = self._spelled(parent, int(spelled * 2**24))
            least = len(tokens) // 2
            begun.append(tokens[: max(1, least + int(cut * (len(tokens) - least)))])
        written = rollout(
            asked.policy,
            len(begun),
            self.length,
            generator,
            end_token=self.vocabulary.end_token,
            prime=SequenceBatch.from_lists(begun).to(generator.device),
            temperature=asked.temperature,
        ).batch
        smiles = self.vocabulary.decode_batch(written)
        return [(parent, child, "regrown") for parent, child in zip(parents, smiles, strict=True)]

    def _spelled(self, smiles: str, seed: int) -> list[int]:
        """The tokens of a molecule in a random order, or as usual where that cannot be written."""
        found = known(smiles)
        assert found is not None  # parents are molecules
        with quiet():
            texts = (random_smiles(found.rdkit, seed), smiles)
        for text in texts:
            pieces = split_smiles(text, self.vocabulary.tokeniser)
            if len(pieces) < self.length and all(one in self.vocabulary.numbers for one in pieces):
                return self.vocabulary.encode_pieces(pieces, end=False)
        raise AssertionError("what is a parent can be written")

    def _check(self) -> None:
        """Refuse a molecule that the prior cannot write."""
        pieces = split_smiles(self.lead, self.vocabulary.tokeniser)
        unknown = [one for one in pieces if one not in self.vocabulary.numbers]
        if unknown:
            raise UserError(
                f"near {shown(self.lead)}: token {unknown[0]!r} is unknown to this prior, expected "
                "a molecule of its tokens, or a prior trained on molecules with this one "
                "(sequence-tutor pretrain molecule)"
            )
        if len(pieces) >= self.length:
            raise UserError(
                f"near {shown(self.lead)} takes {len(pieces)} tokens, and a molecule of this model "
                f"has at most {self.length - 1}"
            )
