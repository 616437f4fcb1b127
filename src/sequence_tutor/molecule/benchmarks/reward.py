"""A benchmark's task as a reward: one term, paid at the end token."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from sequence_tutor.molecule.benchmarks.oracle import Oracle
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch


class BenchmarkReward:
    """Calls an oracle for every row of a batch. Satisfies `Reward` and `Remembers`.

    Rows are scored one after the other, and `BudgetSpent` is raised at the first call beyond the
    budget, which ends the loop. Evaluations of a run use calls like collections do.

    Args:
        name: of the task.
        oracle: scores a SMILES.
        vocabulary: decodes tokens.
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
