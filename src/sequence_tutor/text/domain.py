"""The domain of text lines: names, DNA, chess openings, log lines, answers."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.config.settings import Settings, of_kind
from sequence_tutor.domain import Beginning, Domain, Progress, TrainingData
from sequence_tutor.domain.division import TRAIN
from sequence_tutor.domain.executed_terms import TermsExecutor
from sequence_tutor.domain.fingerprints import sequence_hashes
from sequence_tutor.domain.rows import JoinedRows, RewardRows, Rows
from sequence_tutor.domain.step_scores import Scored, step_scores
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.errors import UserError
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.user_terms import load_user_terms
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.files import write_text
from sequence_tutor.text.corpus import TextDataSettings, read_corpus, read_lines, text_files
from sequence_tutor.text.reward import TextReward, TextRewardSettings
from sequence_tutor.text.rows import TextRows
from sequence_tutor.text.statistics import FIGURES, TextStatistics
from sequence_tutor.text.view import TextView
from sequence_tutor.text.vocabulary import ModelVocabulary, TextVocabulary

KNOWN = "lines"
"""Name of the tensor of sorted hashes of the training lines."""

OPENING = 12
LONGEST = 120
"""Most tokens of a line without a prior, not counting the end token."""

LONGEST_SHOWN = 60
"""Characters of a line in a table."""

_PRINTABLE = "".join(map(chr, range(32, 127)))


class TextDomain(Domain):
    """Lines of characters or words, each ended by an end token.

    Args:
        card: of a prior, with the facts of its training data under `text`; None: there is no prior,
            and the vocabulary is the printable characters of ASCII.
        tensors: stored with the prior's weights.
        executor: computes a user's terms; None: this process does.
    """

    name = "text"
    sequences = "lines"
    real = "real lines"
    unit_read = "kB"
    data_settings: type[Settings] = TextDataSettings
    reward_settings: type[Settings] = TextRewardSettings
    figures = FIGURES
    opening = f"beginning of {OPENING} characters"
    executes_rules_alone = True

    def __init__(
        self,
        card: Mapping[str, Any] | None = None,
        tensors: Mapping[str, Tensor] | None = None,
        executor: TermsExecutor | None = None,
    ) -> None:
        self._executor = executor
        self.has_prior = card is not None
        facts: Mapping[str, Any] = {} if card is None else card.get("text", {})
        self.vocabulary = TextVocabulary(tuple(_PRINTABLE)) if card is None else _vocabulary(card)
        self.tensors = tensors or {}
        self.vocab_size = self.vocabulary.size
        self.end_token: int | None = self.vocabulary.end_token
        self.length = int(facts.get("longest", LONGEST)) + 1

    def with_prior(
        self, card: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None
    ) -> TextDomain:
        """The domain with a prior's vocabulary and length."""
        return TextDomain(card, tensors, self._executor)

    def executed_by(self, executor: str | None) -> TextDomain:
        """The domain whose terms of a user's file are computed by this executor."""
        if executor is None:
            return self
        other = copy(self)
        other._executor = TermsExecutor(executor)
        return other

    def data_of_prior(self, card: Mapping[str, Any]) -> Mapping[str, Any]:
        """Its tokeniser and its tokens."""
        vocabulary = TextVocabulary.from_card(card)
        return {"tokeniser": vocabulary.tokeniser, "vocabulary": vocabulary.tokens}

    def opener(self) -> TextDomain:
        """Itself."""
        return self

    def openings(self, batch: SequenceBatch, given: int) -> Sequence[Hashable]:
        """The first characters that were not given."""
        lines = (self.vocabulary.decode(tokens[given:]) for tokens in batch.to_lists())
        return [line[:OPENING] for line in lines]

    def default_prior(self, device: torch.device | str) -> StoredPrior:
        """Always a `UserError`: text has no default prior."""
        raise UserError(
            "text has no prior of its own, expected --prior DIR; train one with "
            "sequence-tutor pretrain text --data FILE --out DIR"
        )

    def read_training(
        self, paths: Sequence[Path], settings: Settings, cache: Path | None, progress: Progress
    ) -> TrainingData:
        """Read files of lines; equal lines are in the same part."""
        chosen = of_kind(TextDataSettings, settings)
        corpus = read_corpus(paths, chosen, progress)
        return corpus.training_data(self.name, chosen, {KNOWN: _hashes(corpus.side(TRAIN))})

    def read_sequences(self, path: Path) -> list[list[int]]:
        """The lines of a file in the prior's tokens, each with its end token."""
        sequences = []
        for file in text_files([path]):
            for number, line in read_lines(file):
                try:
                    sequences.append(self.vocabulary.encode(line))
                except UserError as error:
                    raise UserError(f"{file} line {number}: {error}") from error
        return sequences

    def begin(self, path: Path, settings: Settings) -> Beginning:
        """The first line of a file, without an end token."""
        for file in text_files([path]):
            for _, line in read_lines(file):
                return Beginning(self.vocabulary.encode(line, end=False), settings)
        raise UserError(f"{path}: no line in it, expected one to begin with")

    def reward(self, settings: Settings, rules: Path | None) -> TextReward:
        """The terms of the settings and the user's."""
        user_terms = load_user_terms(rules) if rules else ()
        return of_kind(TextRewardSettings, settings).build(
            self.vocabulary, user_terms, self._executor
        )

    def shown_to_functions(self, batch: SequenceBatch) -> TextView:
        """Lines as tensors and as text."""
        return TextView(batch, self.vocabulary)

    def scores(
        self, paths: Sequence[Path], settings: Settings, rules: Path | None
    ) -> Iterator[Scored]:
        """What every term pays at every token, line by line; without a prior, of characters."""
        lines = [line for file in text_files(paths) for _, line in read_lines(file)]
        domain = self
        if not self.has_prior:
            known = TextVocabulary.of_lines([*lines, _PRINTABLE], "characters")
            facts = {"tokens": known.tokens, "tokeniser": known.tokeniser}
            domain = TextDomain({"text": facts}, executor=self._executor)
        reward = domain.reward(settings, rules)
        sequences = (domain.vocabulary.encode(line) for line in lines)
        for line, scored in zip(lines, step_scores(reward, sequences), strict=True):
            yield {"line": line, **scored}

    def score_row(self, scored: Scored) -> dict[str, str]:
        """The line and the sum of each term."""
        line = scored["line"]
        shown = line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}..."
        sums = {name: f"{sum(values):.3g}" for name, values in scored["reward"].items()}
        return {"line": shown, **sums, "total": f"{sum(scored['total']):.3g}"}

    def statistics(self, settings: Settings) -> TextStatistics:
        """Length, known lines, and the share of lines with each ready term."""
        terms = of_kind(TextRewardSettings, settings).terms
        return TextStatistics(self.vocabulary, terms, self.tensors.get(KNOWN))

    def rows(
        self, settings: Settings, reward: Reward, names: Collection[str] | None = None
    ) -> Rows:
        """Those of the statistics, shares of lines that match or contain, and the terms."""
        terms = of_kind(TextRewardSettings, settings).terms
        own = TextRows(self.vocabulary, terms, self.tensors.get(KNOWN), names)
        return JoinedRows(own, RewardRows(reward, names))

    def token_text(self, token: int) -> str:
        """The token and the separator after it."""
        return self.vocabulary.tokens[token] + self.vocabulary.separator

    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        """One file of plain lines."""
        lines = (self.vocabulary.decode(row) for row in batch.to_lists())
        write_text(directory / "lines.txt", "".join(f"{line}\n" for line in lines))
        progress(1, 1)


def _vocabulary(card: Mapping[str, Any]) -> TextVocabulary:
    """A prior's own vocabulary, or that of a Hugging Face model's tokenizer."""
    known = TextVocabulary.from_card(card)
    if known.tokeniser != "hugging_face":
        return known
    return ModelVocabulary(known.tokens, known.tokeniser, card["text"]["source"])


def _hashes(lines: TokenSequences) -> Tensor:
    """The hashes of all lines, sorted, each once."""
    pieces = [
        sequence_hashes(batch) for batch in lines.batches(4096, window=int(lines.lengths.max()))
    ]
    known: Tensor = torch.cat(pieces).unique()
    return known
