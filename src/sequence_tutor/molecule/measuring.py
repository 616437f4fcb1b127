"""What is measured on sampled molecules, with the scorers that compute it."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Mapping
from functools import cached_property

from torch import Tensor

from sequence_tutor.domain.rows import JoinedRows, RewardRows, Rows
from sequence_tutor.molecule.held_out import held_out_smiles
from sequence_tutor.molecule.rows import MoleculeRows, TermRows
from sequence_tutor.molecule.scoring.reward import MoleculeRewardSettings
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.statistics import TABLE_TERMS, MoleculeStatistics, Reference
from sequence_tutor.molecule.terms import TermSet
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import explaining


class Measuring:
    """Makes statistics and rows.

    Args:
        vocabulary: turns tokens into SMILES.
        known: sorted hashes of the training molecules; None: not known.
        tensors: stored beside the prior's weights, molecules of its test data among them.
    """

    def __init__(
        self, vocabulary: Vocabulary, known: Tensor | None, tensors: Mapping[str, Tensor]
    ) -> None:
        self._vocabulary, self._known, self._tensors = vocabulary, known, tensors

    def statistics(
        self, settings: MoleculeRewardSettings, executor: str | None
    ) -> MoleculeStatistics:
        """The rows of Table 2, compared with the prior's training and test data.

        Args:
            settings: of the reward; they say how many workers there are.
            executor: name of the one that scores; None: none was asked for.
        """
        terms = MoleculeRows.terms()
        scorer = settings.scorer(terms, executor) if settings.workers else self.scorer_here
        statistics = MoleculeStatistics(self._vocabulary, scorer, self._known, self._reference)
        if settings.workers:
            weakref.finalize(statistics, scorer.close)
        return statistics

    def rows(
        self,
        settings: MoleculeRewardSettings,
        executor: str | None,
        reward: Reward,
        names: Collection[str] | None,
    ) -> Rows:
        """Those of Table 2, those of `asked_rows` by their names, the means of the reward's terms.

        Rows of a term are called `mean_NAME` and `mean_NAME_score` over the molecules that have
        such a number, and NAME for what is paid over all sequences.
        """
        scorer = settings.scorer(MoleculeRows.terms(names), executor)
        own = MoleculeRows(self._vocabulary, scorer, self._known, names)
        weakref.finalize(own, scorer.close)
        explained = explaining(reward)
        terms = [TermRows(explained, names)] if isinstance(explained, MoleculeReward) else []
        return JoinedRows(own, *terms, RewardRows(reward, names))

    @cached_property
    def scorer_here(self) -> Scorer:
        """Computes the terms of Table 2 in this process, with a cache."""
        return Scorer(TermSet(TABLE_TERMS))

    @cached_property
    def _reference(self) -> Reference | None:
        """Molecules of the prior's test data, as statistics compare with them."""
        smiles = held_out_smiles(self._tensors, self._vocabulary)
        return None if smiles is None else Reference.of_smiles(smiles)
