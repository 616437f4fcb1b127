"""A critic: predicts the reward of molecules, so that the promising ones are scored first.

A Gaussian process with the min-max kernel on count fingerprints predicts the return of a molecule
from those of the molecules that were scored. Candidates are ranked by an upper confidence bound,

    mean + beta * standard deviation,

where beta is drawn for each collection, log-uniformly, so that some collections follow the
prediction and others look where little is known. Nothing of the kernel is fitted.

Source: Tripp and Hernandez-Lobato, Diagnosing and fixing common problems in Bayesian optimization
for molecule design, 2024 (https://arxiv.org/abs/2406.07709). Where we differ:

1. Returns may have any unit. They are scaled so that the best of those scored is 1 and the lowest
   tenth is 0; how bad the bad ones are is not predicted.
2. At most `most` molecules are predicted from. When there are more, three quarters of that number
   are kept: half of them the best, a quarter the newest, the rest at random.
3. The return is one number, the weighted sum of the reward's terms. A process for each term would
   predict the same: the mean is linear in the values, and the variance does not depend on them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from scipy.sparse import csr_matrix, vstack
from torch import Tensor

from sequence_tutor.molecule.chemistry import Molecule, known, quiet
from sequence_tutor.molecule.count_prints import count_prints, min_max
from sequence_tutor.molecule.gaussian_process import GrowingProcess
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.choosing import Candidates, ChoosingOptions
from sequence_tutor.sequences import SequenceBatch

LOW = 0.1
"""The quantile of all returns that is scaled to 0."""

KEPT, BEST, NEWEST = 0.75, 0.5, 0.25
"""The share of `most` that is kept, and the shares of it that are the best and the newest."""


class Critic:
    """Ranks molecules. Satisfies `Chooses`.

    Args:
        vocabulary: decodes tokens.
        weights: (R,) of the reward's terms.
        options: see `ChoosingOptions`.
    """

    def __init__(self, vocabulary: Vocabulary, weights: Tensor, options: ChoosingOptions) -> None:
        self.vocabulary, self.options = vocabulary, options
        self.process = GrowingProcess(options.most, options.noise)
        self.held: list[str] = []  # the molecules of the process, in its order
        self._weights = weights.double().cpu()
        self._paid: dict[str, list[float]] = {}  # canonical SMILES -> sum of each term
        self._prints: csr_matrix | None = None  # of `held`
        self._rated: dict[str, float] = {}  # bounds, since the last `learn`
        self._values: dict[str, float] = {}  # see `values`; likewise
        self._generator = named_generator(options.seed, "critic")
        self.beta = self._draw_beta()

    def rate(self, batch: SequenceBatch) -> Tensor:
        """(B,) float64 upper confidence bounds; a molecule that was scored has its scaled return.

        Strings that are no molecule have minus infinity.
        """
        return self._rate(self._read(batch))

    def choose(self, kinds: Sequence[Candidates]) -> list[Tensor]:
        """The best new molecules of each kind, see `Chooses`."""
        read = [self._read(kind.batch) for kind in kinds]
        taken = set(self._paid)
        for kind, molecules in zip(kinds, read, strict=True):
            taken |= {one.canonical for one in molecules[: kind.unranked] if one is not None}
        chosen = []
        for kind, molecules in zip(kinds, read, strict=True):
            order = self._rate(molecules).argsort(descending=True, stable=True).tolist()
            rows: list[int] = []
            for row in order:
                one = molecules[row]
                if len(rows) == kind.ranked or one is None:
                    break
                if row >= kind.unranked and one.canonical not in taken:
                    taken.add(one.canonical)
                    rows.append(row)
            chosen.append(torch.tensor(rows, dtype=torch.int64, device=kind.batch.tokens.device))
        return chosen

    def learn(self, batch: SequenceBatch, terms: Tensor) -> None:
        """Remember what molecules were paid, the newest payment of each, and draw a new beta."""
        new: list[str] = []
        sums = terms.double().sum(1).tolist()  # (B, R)
        for one, paid in zip(self._read(batch), sums, strict=True):
            if one is None or known(one.canonical) is None:  # rare: not to be read again
                continue
            if one.canonical not in self._paid:
                new.append(one.canonical)
            self._paid[one.canonical] = paid
        self._renew()
        if len(self.held) + len(new) > self.options.most:
            self._thin()
        elif new:
            self._grow(new)
        self.beta = self._draw_beta()

    def forget(self) -> None:
        """Nothing was scored."""
        self._paid = {}
        self._clear()
        self._renew()

    def reweigh(self, weights: Tensor) -> None:
        """The terms have new weights (R,)."""
        self._weights = weights.double().cpu()
        self._renew()

    def values(self) -> dict[str, float]:
        """Canonical SMILES -> scaled return, of everything that was scored."""
        if not self._values and self._paid:
            self._values = self._scaled()
        return self._values

    def _scaled(self) -> dict[str, float]:
        paid = torch.tensor(list(self._paid.values()), dtype=torch.float64)
        returns = paid @ self._weights  # (N,)
        low, high = returns.quantile(LOW), returns.max()
        scale = high - low if high > low else torch.ones_like(high)
        scaled = ((returns - low) / scale).clamp(min=0)
        return dict(zip(self._paid, scaled.tolist(), strict=True))

    def state(self) -> dict[str, Tensor]:
        """What was scored, which of it the process holds, and in which blocks it came."""
        places = {name: place for place, name in enumerate(self._paid)}
        return {
            "smiles": _as_bytes(list(self._paid)),
            "paid": torch.tensor(list(self._paid.values()), dtype=torch.float64),
            "held": torch.tensor([places[name] for name in self.held], dtype=torch.int64),
            "blocks": torch.tensor(self.process.blocks, dtype=torch.int64),
            "beta": torch.tensor(self.beta, dtype=torch.float64),
            "generator": self._generator.get_state(),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back; the factor grows again in the same blocks, so to the last bit."""
        names = bytes(state["smiles"].cpu().tolist()).decode().split()
        self._paid = dict(zip(names, state["paid"].tolist(), strict=True))
        self._clear()
        held = [names[place] for place in state["held"].tolist()]
        begin = 0
        for size in state["blocks"].tolist():
            self._grow(held[begin : begin + size])
            begin += size
        self._renew()
        self.beta = state["beta"].item()
        self._generator.set_state(state["generator"].cpu())

    def _read(self, batch: SequenceBatch) -> list[Molecule | None]:
        """The molecule of each row; None: there is none."""
        with quiet():
            return [(text and known(text)) or None for text in self.vocabulary.decode_batch(batch)]

    def _rate(self, molecules: Sequence[Molecule | None]) -> Tensor:
        """(B,) float64, see `rate`."""
        new = {
            one.canonical: one
            for one in molecules
            if one is not None and one.canonical not in self._rated
        }
        if new:
            self._rated |= self._bounds(new)
        found = [-math.inf if one is None else self._rated[one.canonical] for one in molecules]
        return torch.tensor(found, dtype=torch.float64)

    def _bounds(self, molecules: Mapping[str, Molecule]) -> dict[str, float]:
        """Canonical SMILES -> upper confidence bound, or the scaled return."""
        if self._prints is None:
            return dict.fromkeys(molecules, self.beta)
        values = self.values()
        bounds = {name: values[name] for name in molecules if name in values}
        new = {name: one for name, one in molecules.items() if name not in values}
        if new:
            cross = min_max(count_prints([one.rdkit for one in new.values()]), self._prints)
            held = torch.tensor([values[name] for name in self.held], dtype=torch.float64)
            mean, deviation = self.process.predict(cross, held)
            bounds |= zip(new, (mean + self.beta * deviation).tolist(), strict=True)
        return bounds

    def _grow(self, names: list[str]) -> None:
        """Add molecules to the process, all read from their canonical SMILES."""
        prints = count_prints([_known(name).rdkit for name in names])
        if self._prints is None:
            cross = torch.zeros(len(names), 0, dtype=torch.float64)
            self._prints = prints
        else:
            cross = min_max(prints, self._prints)
            self._prints = vstack([self._prints, prints], format="csr")
        self.process.add(cross, min_max(prints, prints))
        self.held += names

    def _thin(self) -> None:
        """Begin anew with the best, the newest and some others of what was scored."""
        values = self.values()
        names, kept = list(values), int(KEPT * self.options.most)
        chosen = sorted(names, key=values.__getitem__, reverse=True)[: int(BEST * kept)]
        taken = set(chosen)
        newest = [name for name in reversed(names) if name not in taken][: int(NEWEST * kept)]
        taken |= set(newest)
        others = [name for name in names if name not in taken]
        order = torch.randperm(len(others), generator=self._generator).tolist()
        chosen += newest + [others[place] for place in order[: kept - len(taken)]]
        self._clear()
        self._grow(chosen)

    def _renew(self) -> None:
        """What was computed from other payments holds no longer."""
        self._rated, self._values = {}, {}

    def _clear(self) -> None:
        self.process.clear()
        self.held, self._prints = [], None

    def _draw_beta(self) -> float:
        """Log-uniform between the two ends."""
        low, high = math.log(self.options.lowest_beta), math.log(self.options.highest_beta)
        drawn = torch.rand((), generator=self._generator, dtype=torch.float64).item()
        return math.exp(low + drawn * (high - low))


def _known(canonical: str) -> Molecule:
    molecule = known(canonical)
    if molecule is None:
        raise ValueError(f"{canonical!r}: not a molecule any more")
    return molecule


def _as_bytes(names: Sequence[str]) -> Tensor:
    """A line for each name; one empty line where there is none."""
    return torch.frombuffer(
        bytearray("\n".join(names).encode() or b"\n"), dtype=torch.uint8
    ).clone()
