"""The reward of lines: ready terms, user terms, and the memory of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.executed_terms import TermsExecutor
from sequence_tutor.domain.fingerprints import are_among, sequence_hashes
from sequence_tutor.errors import UserError
from sequence_tutor.reward.user_terms import UserTerm
from sequence_tutor.reward.weighted import WeightedReward
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.text.terms import Again, Term, TokenRepetition
from sequence_tutor.text.view import TextView
from sequence_tutor.text.vocabulary import TextVocabulary


class FoundLines:
    """The hashes of all lines of a run; as a term, -1 at the end of a repeated line."""

    def __init__(self) -> None:
        self.hashes = torch.zeros(0, dtype=torch.int64)

    def __call__(self, texts: TextView) -> Tensor:
        """(B, T)."""
        return -texts.at_end(are_among(texts.batch, self.hashes).double())

    def remember(self, batch: SequenceBatch) -> None:
        """Add lines."""
        self.hashes = torch.cat([self.hashes, sequence_hashes(batch).cpu()]).unique()


class TextReward(WeightedReward[TextView]):
    """Scores batches of lines, term by term. Satisfies `Reward` and `Remembers`.

    User terms receive a `TextView`. A term without a weight has that of the user's file, or 1. An
    executor computes a user's terms; None: this process does.

    Raises:
        UserError: a user's rule has the name of a term, a weight names none, or all are off.
    """

    def __init__(
        self,
        vocabulary: TextVocabulary,
        terms: Mapping[str, Term],
        weights: Mapping[str, float],
        user_terms: Sequence[UserTerm] = (),
        executor: TermsExecutor | None = None,
    ) -> None:
        self.found = FoundLines()
        functions: dict[str, Callable[[TextView], Tensor]] = {
            name: self.found if isinstance(term, Again) else term for name, term in terms.items()
        }
        for own in user_terms:
            if own.name in functions:
                raise UserError(
                    f"rule {own.name!r} of {own.file} has the name of a term that is there "
                    "already, expected another name"
                )
            functions[own.name] = own
        if not functions:
            raise UserError("the reward has no term, expected a table reward.terms.NAME or rules")
        own_weights = {own.name: own.weight for own in user_terms}
        view = partial(TextView, vocabulary=vocabulary)
        super().__init__(
            *(view, functions, {**own_weights, **weights}),
            elsewhere=None if executor is None else executor.computes(user_terms, view),
        )
        self._remembers = any(isinstance(term, Again) for term in terms.values())

    def remember(self, batch: SequenceBatch) -> None:
        """Add lines that have been scored."""
        if self._remembers:
            self.found.remember(batch)

    def state(self) -> dict[str, Tensor]:
        """The hashes of all lines so far."""
        return {"found": self.found.hashes}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Restore a saved memory."""
        self.found.hashes = state["found"]


def _two_failures() -> dict[str, Term]:
    return {"repetition": TokenRepetition(kind="repetition"), "again": Again(kind="again")}


class TextRewardSettings(Settings):
    """The reward as tables of a settings file.

    ``[reward.terms.NAME]`` describes a ready term by its ``kind`` and constants;
    ``[reward.weights]`` has one number a term, 0 for off. The default terms are two known failures
    of tuned models: a token many times in a row, and the same line again.
    """

    terms: dict[str, Term] = Field(
        default_factory=_two_failures,
        description="ready terms by name",
    )
    weights: dict[str, float] = Field(
        default_factory=dict, description="weight of each term, 1 where none is given, 0 for off"
    )

    @classmethod
    def others_off(cls, reward: Mapping[str, Any]) -> Mapping[str, Any]:
        """The table of a settings file, with weight 0 for ready terms it does not name."""
        if reward.get("terms") or not isinstance(reward.get("weights"), Mapping):
            return reward
        off = dict.fromkeys(_two_failures(), 0.0)
        return {**reward, "weights": {**off, **reward["weights"]}}

    def build(
        self,
        vocabulary: TextVocabulary,
        user_terms: Sequence[UserTerm] = (),
        executor: TermsExecutor | None = None,
    ) -> TextReward:
        """The reward these settings describe.

        Raises:
            UserError: see `TextReward`.
        """
        return TextReward(vocabulary, self.terms, self.weights, user_terms, executor)
