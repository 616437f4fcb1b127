"""Which molecules of a benchmark a chemist would take for one: a fence, and hits inside it.

Optimisers find molecules of high score that nobody would make. Inside the fence a molecule is
written by the shipped prior with at least the log p a token of all but 1 % of its training data,
has a molecular weight and a logP within the 1 to 99 % of these, and has no structural alert of the
lists PAINS, Brenk and NIH. The bounds are those that `benchmarks/plausible_bounds.py` prints for
ZINC250k. The fence belongs to the benchmark: it is the same for every prior and every method.

Hits are counted as in Renz, Luukkonen and Klambauer, Diverse hits in de novo molecule design, 2024
(https://doi.org/10.1021/acs.jcim.4c00519): molecules of a score of at least .5, of which any two
are at least .7 apart by Tanimoto distance of Morgan fingerprints. Where we differ:
    1. the fence above, where they bound weight, logP and unknown fingerprint bits by ChEMBL;
    2. tasks on which .5 is out of reach have a threshold of their own, see `HIT`;
    3. hits are picked greedily, the best first, where they look for a larger set; ours is a lower
       bound.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.models.next_token import by_length
from sequence_tutor.molecule.benchmarks.published import PMO_PUBLISHED
from sequence_tutor.molecule.chemistry import Fingerprint, fingerprint, known, tanimoto
from sequence_tutor.molecule.domain import MoleculeDomain
from sequence_tutor.molecule.numbers import molecule_numbers
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.prior.finding import shipped_prior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.sequences import SequenceBatch

LOG_P = "log_p"
BOUNDS: dict[str, tuple[float, float]] = {
    "MolWt": (189.2, 479.6),
    "logp": (-1.532, 5.149),
    "alerts_brenk": (0.0, 0.0),
    LOG_P: (-1.114, 0.0),
    "alerts_nih": (0.0, 0.0),
    "alerts_pains": (0.0, 0.0),
}
"""Number -> least and largest value, tried in this order: the quickest and the strictest first."""

HIT, APART = 0.5, 0.7
"""The score of a hit, and the Tanimoto distance between two of them."""

CHUNK = 512


def hit_score(task: str) -> float:
    """The score of a hit: .5, or the median of the published figures of the task if it is lower."""
    columns = PMO_PUBLISHED.values()
    found = [column[task] for column in columns if task in column]
    return min(HIT, statistics.median(found)) if found else HIT


class Plausible:
    """The fence."""

    @cached_property
    def stored(self) -> StoredPrior:
        """The shipped prior."""
        return shipped_prior("molecule", "cpu")

    @cached_property
    def _domain(self) -> MoleculeDomain:
        return MoleculeDomain(self.stored.card)

    def inside(self, canonical: Sequence[str]) -> list[bool]:
        """Whether each molecule, given as its canonical SMILES, is inside."""
        found = [False] * len(canonical)
        places = [place for place, smiles in enumerate(canonical) if self._tokens(smiles)]
        for begin in range(0, len(places), CHUNK):
            own = places[begin : begin + CHUNK]
            for name in BOUNDS:
                values = self._number(name, [canonical[place] for place in own]) if own else None
                if values is not None:
                    keeps = self.within(name, values).tolist()
                    own = [place for place, keep in zip(own, keeps, strict=True) if keep]
            for place in own:
                found[place] = True
        return found

    def numbers(self, canonical: Sequence[str]) -> dict[str, Tensor]:
        """Every number of molecules that the prior can write, (N,) each."""
        chunks = [canonical[begin : begin + CHUNK] for begin in range(0, len(canonical), CHUNK)]
        return {name: torch.cat([self._number(name, chunk) for chunk in chunks]) for name in BOUNDS}

    def within(self, name: str, values: Tensor) -> Tensor:
        """(N,) bool: which values are within a bound."""
        low, high = BOUNDS[name]
        return (values >= low) & (values <= high)

    @torch.no_grad()
    def _number(self, name: str, canonical: Sequence[str]) -> Tensor:
        """(N,) float64."""
        batch = SequenceBatch.from_lists([self._tokens(smiles) or [] for smiles in canonical])
        if name != LOG_P:
            return molecule_numbers(self._domain.vocabulary, [name])[name](batch)
        log_probs = by_length(self.stored.prior.sequence_log_probs, batch)
        chosen = taken(log_probs, batch.tokens).where(batch.mask, 0.0)
        return chosen.double().sum(1) / batch.lengths

    def _tokens(self, smiles: str) -> list[int] | None:
        """The tokens of a molecule; None: the prior cannot write it."""
        try:
            tokens = self._domain.vocabulary.encode(smiles)
        except UserError:
            return None
        return tokens if len(tokens) <= self._domain.length else None


def diverse_hits(calls: Sequence[tuple[str, float]], least: float) -> int:
    """How many molecules of at least a score can be picked that are far apart.

    Args:
        calls: canonical SMILES and score of molecules.
        least: the score of a hit.
    """
    picked: list[Fingerprint] = []
    for smiles, score in sorted(calls, key=lambda call: -call[1]):
        if score < least:
            break
        molecule = known(smiles)
        if molecule is None:
            continue
        own = fingerprint(molecule.rdkit)
        if not picked or 1 - max(tanimoto(own, picked)) >= APART:
            picked.append(own)
    return len(picked)
