"""What is reported of sampled lines."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from sequence_tutor.domain import Figure
from sequence_tutor.domain.fingerprints import are_among
from sequence_tutor.estimates import Estimate, Mean, Proportion
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.text.terms import Again, Term
from sequence_tutor.text.view import TextView
from sequence_tutor.text.vocabulary import TextVocabulary

FIGURES = dict.fromkeys(("finished", "known_lines"), Figure(share=True))


class TextStatistics:
    """Gathers statistics of lines.

    - `length`: tokens of a line, the end token aside.
    - `finished`: the share of lines that end before the most tokens.
    - `known_lines`: the share that stand in the training data word for word.
    - `lines_with_NAME`: the share on which a ready term of the reward pays or takes anything.

    How many of them are distinct is reported of every domain.

    Args:
        vocabulary: what the tokens mean.
        terms: name -> ready term; the one that remembers a run is left out.
        known: sorted hashes of the training lines, or None.
    """

    def __init__(
        self, vocabulary: TextVocabulary, terms: Mapping[str, Term], known: Tensor | None
    ) -> None:
        self._vocabulary, self._known = vocabulary, known
        self._length, self._finished, self._copied = Mean(), Proportion(), Proportion()
        self._terms = {
            name: (term, Proportion())
            for name, term in terms.items()
            if not isinstance(term, Again)
        }

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        texts = TextView(batch, self._vocabulary)
        self._length.update((texts.lengths - texts.finished.long()).double())
        self._finished.update(texts.finished)
        if self._known is not None:
            self._copied.update(are_among(batch, self._known))
        for term, share in self._terms.values():
            share.update((term(texts) != 0).any(1))

    def result(self) -> dict[str, Estimate]:
        """Every statistic so far."""
        return {
            "length": self._length.estimate(),
            "finished": self._finished.estimate(),
            "known_lines": self._copied.estimate(),
            **{f"lines_with_{name}": share.estimate() for name, (_, share) in self._terms.items()},
        }
