"""What is reported of sampled lines."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from sequence_tutor.domain import Figure
from sequence_tutor.domain.row_statistics import RowStatistics
from sequence_tutor.estimates import UNDEFINED, Estimate
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.text.rows import REPEATS, TextRows
from sequence_tutor.text.terms import Term
from sequence_tutor.text.vocabulary import TextVocabulary

FIGURES = dict.fromkeys(("finished", "known_lines", REPEATS), Figure(share=True))


class TextStatistics:
    """Gathers the rows of `TextRows`; the share of distinct lines is reported of every domain.

    Args:
        vocabulary: what the tokens mean.
        terms: name -> ready term; the one that remembers a run is left out.
        known: sorted hashes of the training lines, or None.
    """

    def __init__(
        self, vocabulary: TextVocabulary, terms: Mapping[str, Term], known: Tensor | None
    ) -> None:
        self._rows = TextRows(vocabulary, terms, known)
        self._gathered = RowStatistics(self._rows.ranges())

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        self._gathered.add(self._rows.count(batch))

    def result(self) -> dict[str, Estimate]:
        """Every statistic so far."""
        rows = self._gathered.result()
        first = {"length": rows.pop("length"), "finished": rows.pop("finished")}
        return {**first, "known_lines": UNDEFINED, **rows}
