"""Texts as numbers: the tokens of a prior, and the end token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.sequences import SequenceBatch


@dataclass(frozen=True)
class TokenVocabulary:
    """Tokens, numbered by their places, and after them the end token."""

    tokens: tuple[str, ...]

    @property
    def separator(self) -> str:
        """Text between two tokens."""
        return ""

    @property
    def size(self) -> int:
        """V, including the end token."""
        return len(self.tokens) + 1

    @property
    def end_token(self) -> int:
        """V - 1."""
        return len(self.tokens)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Token -> its number."""
        return {token: number for number, token in enumerate(self.tokens)}

    def encode_pieces(self, pieces: Iterable[str], *, end: bool) -> list[int]:
        """The numbers of some tokens, with or without the end token.

        Raises:
            KeyError: the first that is not in the vocabulary.
        """
        tokens = [self.numbers[piece] for piece in pieces]
        return [*tokens, self.end_token] if end else tokens

    def decode(self, tokens: Sequence[int]) -> str:
        """The text before the end token, or of all tokens."""
        row = list(tokens)
        end = self.end_token
        written = row[: row.index(end)] if end in row else row
        return self.separator.join([self.tokens[token] for token in written])

    def decode_batch(self, batch: SequenceBatch) -> list[str | None]:
        """The text of each row; None: it has no end token."""
        end = self.end_token
        return [self.decode(row) if row[-1] == end else None for row in batch.to_lists()]


def facts_of_card(card: Mapping[str, Any], domain: str) -> Mapping[str, Any]:
    """The entries of a prior's card (JSON) about its vocabulary: tokens and tokeniser.

    Raises:
        UserError: there are none.
    """
    facts = card.get(domain)
    if not isinstance(facts, Mapping) or not {"tokens", "tokeniser"} <= facts.keys():
        raise UserError(
            f'the prior\'s card has no vocabulary, expected tokens and tokeniser under "{domain}"; '
            f"train it with sequence-tutor pretrain {domain}, or say CARD = "
            f'{{"{domain}": ...}} in its file'
        )
    return facts
