"""Lines as tokens: characters, or words between spaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from sequence_tutor.domain.vocabulary import TokenVocabulary, facts_of_card
from sequence_tutor.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Tokeniser = Literal["characters", "words"]
"""Ours."""

AnyTokeniser = Literal["characters", "words", "hugging_face"]
"""Ours, and that of a Hugging Face model, see `ModelVocabulary`."""


def split_line(line: str, tokeniser: AnyTokeniser) -> list[str]:
    """The tokens of a line, without an end token; words lose the spaces between them."""
    return list(line) if tokeniser == "characters" else line.split()


@dataclass(frozen=True)
class TextVocabulary(TokenVocabulary):
    """The tokens of a text prior; `tokeniser` is how lines are split into them."""

    tokeniser: AnyTokeniser = "characters"

    @property
    def separator(self) -> str:
        """A space between words."""
        return " " if self.tokeniser == "words" else ""

    @classmethod
    def of_lines(cls, lines: Iterable[str], tokeniser: Tokeniser) -> TextVocabulary:
        """The vocabulary of some lines, in alphabetical order."""
        tokens = {token for line in lines for token in split_line(line, tokeniser)}
        return cls(tuple(sorted(tokens)), tokeniser)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> TextVocabulary:
        """The vocabulary in a prior's card.

        Raises:
            UserError: there is none.
        """
        facts = facts_of_card(card, "text")
        return cls(tuple(facts["tokens"]), facts["tokeniser"])

    def encode(self, line: str, *, end: bool = True) -> list[int]:
        """The numbers of a line's tokens, with or without the end token.

        Raises:
            UserError: naming the line and its first unknown token.
        """
        try:
            return self.encode_pieces(split_line(line, self.tokeniser), end=end)
        except KeyError as missing:
            raise UserError(
                f"line {line!r}: token {missing.args[0]!r} is unknown to this prior, whose "
                f"training data gave it {len(self.tokens)} others; leave the line out, or train a "
                "prior on data that hold the token (sequence-tutor pretrain text)"
            ) from None

    def ends(self, tokens: Iterable[int]) -> list[int]:
        """Where each token of a decoded line ends in it, as the number of characters before.

        The end token, which is no character, ends where the line does.
        """
        place, places = 0, []
        for number, token in enumerate(tokens):
            if token != self.end_token:
                place += len(self.tokens[token]) + (len(self.separator) if number else 0)
            places.append(place)
        return places


@dataclass(frozen=True)
class ModelVocabulary(TextVocabulary):
    """Tokens as the tokenizer spells them; `source` is the model's folder or name."""

    source: str = ""

    @cached_property
    def _tokenizer(self) -> PreTrainedTokenizerBase:
        from sequence_tutor.prior.tokenizers import load_tokenizer

        return load_tokenizer(self.source)

    def encode(self, line: str, *, end: bool = True) -> list[int]:
        """The numbers of a line's tokens.

        Raises:
            UserError: the tokenizer gives a special token that is not text.
        """
        spelt = self._tokenizer.tokenize(line)
        try:
            return self.encode_pieces(spelt, end=end)
        except KeyError as missing:
            raise UserError(
                f"line {line!r}: the tokenizer of {self.source} makes of it the special token "
                f"{missing.args[0]!r}, expected tokens of text"
            ) from None

    def decode(self, tokens: Sequence[int]) -> str:
        """The text before the end token, or of all tokens."""
        written = list(tokens)
        if self.end_token in written:
            written = written[: written.index(self.end_token)]
        spelt = [self.tokens[token] for token in written]
        text = self._tokenizer.convert_tokens_to_string(spelt) if spelt else ""
        return " ".join(text.split("\n"))  # a line is one line

    def ends(self, tokens: Iterable[int]) -> list[int]:
        """Where each token of a decoded line ends in it."""
        written = list(tokens)
        return [len(self.decode(written[: place + 1])) for place in range(len(written))]
