"""Lines as tokens: every character is one, or every word between spaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sequence_tutor.domain.vocabulary import TokenVocabulary, facts_of_card
from sequence_tutor.errors import UserError

Tokeniser = Literal["characters", "words"]
"""Ours."""

AnyTokeniser = Literal["characters", "words", "hugging_face"]
"""Ours, and that of a Hugging Face model, see `ModelVocabulary`."""


def split_line(line: str, tokeniser: AnyTokeniser) -> list[str]:
    """The tokens of a line, without an end token; words lose the spaces between them."""
    return list(line) if tokeniser == "characters" else line.split()


@dataclass(frozen=True)
class TextVocabulary(TokenVocabulary):
    """The tokens that a prior of texts knows.

    Attributes:
        tokeniser: how a line is cut into them.
    """

    tokeniser: AnyTokeniser = "characters"

    @property
    def separator(self) -> str:
        """Words have a space between them."""
        return " " if self.tokeniser == "words" else ""

    @classmethod
    def of_lines(cls, lines: Iterable[str], tokeniser: Tokeniser) -> TextVocabulary:
        """The vocabulary of some lines, in the order of its tokens' spelling."""
        tokens = {token for line in lines for token in split_line(line, tokeniser)}
        return cls(tuple(sorted(tokens)), tokeniser)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> TextVocabulary:
        """The vocabulary that a prior's card tells of.

        Raises:
            UserError: it tells of none.
        """
        facts = facts_of_card(card, "text")
        return cls(tuple(facts["tokens"]), facts["tokeniser"])

    def encode(self, line: str, *, end: bool = True) -> list[int]:
        """The numbers of a line's tokens, with the end token after them or without.

        Raises:
            UserError: naming the line and the first token that is not in the vocabulary.
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
