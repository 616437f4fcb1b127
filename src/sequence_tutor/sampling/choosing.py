"""What a domain may offer to a search: ranking before the score is asked, and crossing of parents.

Both change which sequences are scored, and nothing else. Action values and trajectory balance learn
from whatever was sampled, so the optimum of a run stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from sequence_tutor.sequences import SequenceBatch


class Candidates(NamedTuple):
    """What one collector wrote, of which only some sequences will be scored.

    Attributes:
        batch: the candidates.
        unranked: so many, the first ones, are scored whatever they are.
        ranked: of the others at most so many are scored.
    """

    batch: SequenceBatch
    unranked: int
    ranked: int


class Chooses(Protocol):
    """Predicts the return of sequences from those that were scored, and ranks candidates by it."""

    def rate(self, batch: SequenceBatch) -> Tensor:
        """(B,) float64: how worthwhile it is to score each; minus infinity: not at all.

        The same sequence has the same number until the next `learn`.
        """

    def choose(self, kinds: Sequence[Candidates]) -> list[Tensor]:
        """Of each collector's candidates the rows to be scored beside the unranked ones.

        Candidates are compared with those of their own collector. No sequence is chosen that was
        scored before, or twice, also where two collectors wrote it.

        Returns:
            For each collector at most `ranked` rows from `unranked` on, the best first.
        """

    def learn(self, batch: SequenceBatch, terms: Tensor) -> None:
        """Sequences were scored.

        Args:
            batch: B of them.
            terms: (B, T, R) unscaled, what each term of the reward paid at each step.
        """

    def forget(self) -> None:
        """Nothing was scored."""

    def reweigh(self, weights: Tensor) -> None:
        """The terms have new weights (R,)."""

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on exactly."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""


class ChoosingOptions(NamedTuple):
    """How a domain's chooser works, see `CriticSettings`.

    Attributes:
        most: sequences that it predicts from.
        noise: variance of the scores, in units of the variance of the predicted function.
        lowest_beta: of an upper confidence bound; likewise `highest_beta`.
        seed: of everything random.
    """

    most: int
    noise: float
    lowest_beta: float
    highest_beta: float
    seed: int


class Crosses(Protocol):
    """Makes new sequences of two parents each."""

    def cross(
        self, mothers: SequenceBatch, fathers: SequenceBatch, generator: torch.Generator
    ) -> SequenceBatch | None:
        """Children of pairs of parents, at most one for each pair; None: no pair has any.

        Args:
            mothers: B sequences.
            fathers: B sequences, the other parent of each pair.
            generator: source of all randomness.
        """
