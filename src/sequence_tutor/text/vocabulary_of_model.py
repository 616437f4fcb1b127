"""The vocabulary of a Hugging Face model: lines are cut and joined by its own tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sequence_tutor.errors import UserError
from sequence_tutor.prior.tokenizers import load_tokenizer
from sequence_tutor.text.vocabulary import TextVocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class ModelVocabulary(TextVocabulary):
    """Tokens as the tokenizer spells them; a text is what it makes of them.

    Attributes:
        source: folder or name of the model.
    """

    source: str = ""

    @cached_property
    def _tokenizer(self) -> PreTrainedTokenizerBase:
        return load_tokenizer(self.source)

    def encode(self, line: str, *, end: bool = True) -> list[int]:
        """The numbers of a line's tokens.

        Raises:
            UserError: the tokenizer makes of it a token that is no text.
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
        """The text before the end token, or of all tokens where there is none."""
        written = list(tokens)
        if self.end_token in written:
            written = written[: written.index(self.end_token)]
        spelt = [self.tokens[token] for token in written]
        text = self._tokenizer.convert_tokens_to_string(spelt) if spelt else ""
        return " ".join(text.split("\n"))  # a line is one line

    def ends(self, tokens: Iterable[int]) -> list[int]:
        """Where each token of a decoded line ends in it, as the number of characters before."""
        written = list(tokens)
        return [len(self.decode(written[: place + 1])) for place in range(len(written))]
