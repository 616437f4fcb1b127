"""A score with a limited number of calls, its reward, and figures of how the calls were used.

Source: Gao et al., Sample Efficiency Matters: A Benchmark for Practical Molecular Optimization,
2022 (https://arxiv.org/abs/2206.12411), section 2. At most 10,000 molecules are scored. A call is a
molecule, by its canonical SMILES, that was not scored before; invalid and repeated strings cost
nothing. The figure of merit is the area under the mean score of the ten best molecules so far, over
the calls: sampled every 100 calls, joined by straight lines from 0 at no call, and divided by the
budget; a run that ends early keeps its last value to the end.

Where we differ:
    1. The published programs may end a run once the best 100 molecules have not changed for some
       rounds (patience 5). Here a run goes on to its last call, or to its last update.
    2. The published programs score the whole last batch; here it is scored up to the last call.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from sequence_tutor.molecule.benchmarks.components import Component
from sequence_tutor.molecule.chemistry import canonical_smiles, parse
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch

BUDGET = 10_000
EVERY = 100
INVALID = 0.0

_UNDESCRIBED = (ValueError, RuntimeError, ArithmeticError)
"""Errors of RDKit where a property cannot be computed; the published score is then 0."""


class BudgetSpent(Exception):  # noqa: N818 - the normal end of a run
    """No call is left for another molecule."""


class Oracle:
    """Scores molecules and records every call.

    Args:
        objective: the score of a molecule, 0 to 1.
        budget: most molecules to score.
    """

    def __init__(self, objective: Component, budget: int = BUDGET) -> None:
        self.objective, self.budget = objective, budget
        self._scores: dict[str, float] = {}  # canonical SMILES -> score, in the order of the calls

    def __len__(self) -> int:
        """Calls made."""
        return len(self._scores)

    def __call__(self, smiles: str | None) -> float:
        """The score of a molecule; 0 if it is invalid.

        Raises:
            BudgetSpent: it would be a call beyond the budget.
        """
        found = None if smiles is None else parse(smiles)
        if found is None:
            return INVALID
        name = canonical_smiles(found)
        if name not in self._scores:
            if len(self) >= self.budget:
                raise BudgetSpent
            # read back from the canonical SMILES, as the published programs do
            self._scores[name] = self.judge(name)
        return self._scores[name]

    def judge(self, smiles: str) -> float:
        """The score of a molecule without a call, for the benchmark's own figures after a run."""
        molecule = parse(smiles)
        try:
            return INVALID if molecule is None else float(self.objective(molecule))
        except _UNDESCRIBED:
            return INVALID

    @property
    def calls(self) -> list[tuple[str, float]]:
        """Canonical SMILES and score of each call, the first one first."""
        return list(self._scores.items())

    def restore(self, calls: Iterable[tuple[str, float]]) -> None:
        """Replace the calls by these."""
        self._scores = dict(calls)


class BenchmarkReward:
    """A task as a reward: one term, paid at the end token. Satisfies `Reward` and `Remembers`.

    Rows are scored one after the other, and `BudgetSpent` is raised at the first call beyond the
    budget, which ends the loop. Evaluations of a run use calls like collections do.
    """

    weights = torch.ones(1, dtype=torch.float64)
    pays_at_the_end = True  # see reward.looking_ahead

    def __init__(self, name: str, oracle: Oracle, vocabulary: Vocabulary) -> None:
        self.names: tuple[str, ...] = (name,)
        self.oracle, self.vocabulary = oracle, vocabulary

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, 1) float64.

        Raises:
            BudgetSpent: no call is left.
        """
        scores = [self.oracle(smiles) for smiles in self.vocabulary.decode_batch(batch)]
        terms = torch.zeros(*batch.tokens.shape, 1, dtype=torch.float64)
        last = (batch.lengths - 1).cpu()
        terms[torch.arange(len(batch)), last, 0] = torch.tensor(scores, dtype=torch.float64)
        return terms.to(batch.tokens.device)

    def remember(self, batch: SequenceBatch) -> None:
        """Does nothing: the oracle records its calls itself."""

    def state(self) -> dict[str, Tensor]:
        """Every call so far, so that a resumed run has the same calls left."""
        calls = self.oracle.calls
        text = "\n".join(smiles for smiles, _ in calls).encode()
        return {
            "smiles": torch.frombuffer(bytearray(text or b"\n"), dtype=torch.uint8).clone(),
            "scores": torch.tensor([score for _, score in calls], dtype=torch.float64),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Restore the calls."""
        names = bytes(state["smiles"].cpu().tolist()).decode().split("\n")
        scores = state["scores"].tolist()
        self.oracle.restore(zip(names[: len(scores)], scores, strict=True))


def top_mean(scores: Sequence[float], count: int) -> float:
    """The mean of the best `count` scores, or of all where there are fewer; 0 of none."""
    best = heapq.nlargest(count, scores)
    return sum(best) / len(best) if best else 0.0


def top_curve(
    scores: Sequence[float], count: int = 10, every: int = EVERY
) -> list[tuple[int, float]]:
    """(calls, mean of the best `count` so far) every `every` calls and after the last one."""
    best: list[float] = []  # a heap of the best so far
    curve = []
    for call, score in enumerate(scores, start=1):
        if len(best) < count:
            heapq.heappush(best, score)
        else:
            heapq.heappushpop(best, score)
        if call % every == 0 or call == len(scores):
            curve.append((call, sum(best) / len(best)))
    return curve


def top_auc(
    scores: Sequence[float], count: int = 10, budget: int = BUDGET, every: int = EVERY
) -> float:
    """The area under the curve of the best `count`, 0 to 1; PMO's figure of merit has 10.

    The curve has a point every `every` calls, and `scores` has at most `budget` calls in order.
    """
    if len(scores) > budget:
        raise ValueError(f"{len(scores)} scores, expected at most the budget of {budget}")
    area, calls, height = 0.0, 0, 0.0
    for next_calls, next_height in top_curve(scores, count, every):
        area += (next_calls - calls) * (height + next_height) / 2
        calls, height = next_calls, next_height
    return (area + (budget - calls) * height) / budget


def entering(scores: Sequence[float], count: int = 10) -> list[tuple[int, float]]:
    """(call, score) of each call, from 1, whose score was among the best `count` so far.

    A few hundred of 10,000 calls are. They alone determine the curve of the best `count`: with any
    lower score in place of the others, `top_curve` is the same.
    """
    best: list[float] = []
    found = []
    for call, score in enumerate(scores, start=1):
        if len(best) < count:
            heapq.heappush(best, score)
        elif score > best[0]:
            heapq.heapreplace(best, score)
        else:
            continue
        found.append((call, score))
    return found
