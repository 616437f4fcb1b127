"""Rows of lines, counted line by line."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from torch import Tensor

from sequence_tutor.domain.fingerprints import are_among
from sequence_tutor.domain.rows import SHARE, SHARE_OF_TRAINING, Counts, RowRange, having, numbers
from sequence_tutor.errors import UserError
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.text.terms import Again, Pattern, Term, TokenRepetition
from sequence_tutor.text.view import TextView
from sequence_tutor.text.vocabulary import TextVocabulary

MATCHES, CONTAINS, AMONG = "matches ", "contains ", " among "
REPEATS = "lines_that_repeat"


class TextRows:
    """Counts rows of lines. Satisfies `domain.rows.Rows`.

    - `length`: mean number of tokens of a line, without the end token.
    - `finished`: share of lines that end before the most tokens.
    - `known_lines`: share of lines that occur verbatim in the training data, if known.
    - `lines_that_repeat`: share of lines with a token three times in a row or more.
    - `lines_with_NAME`: share of lines on which a ready term of the reward pays anything.
    - `matches REGEX` and `contains TEXT`: share of lines with a match of a regular expression or
      with a text; only if `names` asks for them. `matches REGEX among REGEX`: the same share of the
      lines that match the second one.

    Args:
        vocabulary: of the tokens.
        terms: name -> ready term; the one that remembers a run is ignored.
        known: sorted hashes of the training lines, or None.
        names: of the rows wanted; None: all but the last kind.

    Raises:
        UserError: an invalid regular expression.
    """

    def __init__(
        self,
        vocabulary: TextVocabulary,
        terms: Mapping[str, Term],
        known: Tensor | None,
        names: Collection[str] | None = None,
    ) -> None:
        self._vocabulary, self._known = vocabulary, known
        shares: dict[str, Term] = {
            REPEATS: TokenRepetition(kind="repetition"),
            **{f"lines_with_{name}": term for name, term in terms.items()},
            **{
                name: _pattern(name) for name in names or () if name.startswith((MATCHES, CONTAINS))
            },
        }
        self._shares = {
            name: term
            for name, term in shares.items()
            if not isinstance(term, Again) and (names is None or name in names)
        }
        self._among = {
            name: _pattern(MATCHES + name.rpartition(AMONG)[2], name)
            for name in self._shares
            if name.startswith(MATCHES) and AMONG in name
        }
        plain = ("length", "finished", *(() if known is None else ("known_lines",)))
        self._plain = [name for name in plain if names is None or name in names]

    def ranges(self) -> Mapping[str, RowRange]:
        """Shares but for the length."""
        kinds = {"length": RowRange(low=0.0), "known_lines": SHARE_OF_TRAINING}
        plain = {name: kinds.get(name, SHARE) for name in self._plain}
        return {**plain, **dict.fromkeys(self._shares, SHARE)}

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, Counts]:
        """What each row counts in B lines."""
        texts = TextView(batch, self._vocabulary)
        found = {
            "length": numbers((texts.lengths - texts.finished.long()).double()),
            "finished": having(texts.finished),
        }
        if self._known is not None:
            found["known_lines"] = having(are_among(batch, self._known))
        plain = {name: found[name] for name in self._plain}
        has = {name: (term(texts) != 0).any(1) for name, term in self._shares.items()}
        among = {name: (term(texts) != 0).any(1) for name, term in self._among.items()}
        return {**plain, **{name: having(one, among.get(name)) for name, one in has.items()}}


def _pattern(text: str, row: str | None = None) -> Pattern:
    """The pattern of a row, without what follows `among`.

    Args:
        text: the row.
        row: how the error's sentence names it; None: so.
    """
    if text.startswith(CONTAINS):
        regex = re.escape(text.removeprefix(CONTAINS))
    else:
        regex = text.removeprefix(MATCHES)
        regex = (regex.rpartition(AMONG)[0] or regex).strip()
    try:
        return Pattern(kind="pattern", regex=regex)
    except ValueError as error:
        raise UserError(
            f"row {row or text!r}: expected matches and a regular expression"
        ) from error
