"""SMILES as tokens.

There are two tokenisers. `characters` is the paper's: every character is a token, so `Cl` is the
tokens C and l. `atoms` has one token for an atom in brackets, Br, Cl, and a ring number of two
digits (`%12`) or more (`%(123)`); every other character is a token.

The tokens of any string, concatenated, are the string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sequence_tutor.domain.vocabulary import TokenVocabulary, facts_of_card
from sequence_tutor.errors import UserError

Tokeniser = Literal["atoms", "characters"]

_ATOMS = re.compile(r"\[[^\[\]]*\]|Br|Cl|%\d\d|%\(\d+\)|.", re.DOTALL)
_ELEMENT = re.compile(r"\[\d*([A-Z][a-z]?|[a-z][a-z]?|\*)|(Br|Cl|[BCNOPSFIbcnops*])$")

_ORGANIC = ("B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I", "b", "c", "n", "o", "p", "s")
_BONDS = ("-", "=", "#", "$", ":", "/", "\\", ".", "(", ")")
_RINGS = (*"123456789", "0", *(f"%{number}" for number in range(10, 30)))
_BARE = ("H", "2H", "3H", "13C", "Li", "Na", "K", "Mg", "Ca", "Zn", "Al", "si", "se", "te", "as")
_CENTRES = ("C", "N", "S", "P", "Si", "Se", "B", "As", "Te")
_AROMATIC = ("n", "o", "s", "c", "p", "se")
_OTHERS = ("O", "F", "Cl", "Br", "I")


def split_smiles(smiles: str, tokeniser: Tokeniser = "atoms") -> list[str]:
    """The tokens of a SMILES, without an end token."""
    return list(smiles) if tokeniser == "characters" else _ATOMS.findall(smiles)


def element_of(token: str) -> str | None:
    """The element of an atom-wise token, such as "N" of `[nH+]`; "*": any; None: no atom."""
    match = _ELEMENT.match(token)
    return (match[1] or match[2]).capitalize() if match else None


@dataclass(frozen=True)
class Vocabulary(TokenVocabulary):
    """The tokens of a prior of molecules, numbered in their order.

    Attributes:
        tokens: all but the end token, whose number is the last.
        tokeniser: splits a SMILES into them.
    """

    tokeniser: Tokeniser = "atoms"

    @classmethod
    def of_tokens(cls, tokens: Iterable[str], tokeniser: Tokeniser) -> Vocabulary:
        """The vocabulary of some tokens, in alphabetical order."""
        return cls(tuple(sorted(set(tokens))), tokeniser)

    @classmethod
    def broad(cls, tokeniser: Tokeniser = "atoms") -> Vocabulary:
        """The tokens of nearly every drug-like molecule of the public collections."""
        tokens = set(_broad_tokens())
        if tokeniser == "characters":
            tokens = set("".join(tokens))
        return cls.of_tokens(tokens, tokeniser)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Vocabulary:
        """The vocabulary of a prior's card.

        Raises:
            UserError: it has none.
        """
        facts = facts_of_card(card, "molecule")
        return cls(tuple(facts["tokens"]), facts["tokeniser"])

    def encode(self, smiles: str, *, end: bool = True) -> list[int]:
        """The numbers of a SMILES' tokens.

        Args:
            smiles: the molecule.
            end: whether the end token follows; False for a beginning to continue.

        Raises:
            UserError: naming the molecule and the first token that is not in the vocabulary.
        """
        pieces = split_smiles(smiles, self.tokeniser)
        try:
            return self.encode_pieces(pieces, end=end)
        except KeyError as missing:
            raise UserError(
                f"molecule {smiles!r}: token {missing.args[0]!r} is unknown to this prior, whose "
                f"training data gave it {len(self.tokens)} others; leave the molecule out, or "
                "train a prior on data that hold the token (sequence-tutor pretrain molecule)"
            ) from None


def _broad_tokens() -> Iterable[str]:
    """Atoms as they occur in ring systems, salts, isotopes and stereo centres."""
    yield from (*_ORGANIC, *_BONDS, *_RINGS)
    yield from (f"[{atom}{charge}]" for atom in _BARE for charge in ("", "+", "-", "+2"))
    for atom in _CENTRES:
        for chiral in ("", "@", "@@"):
            for hydrogens in ("", "H", "H2", "H3"):
                yield from (f"[{atom}{chiral}{hydrogens}{q}]" for q in ("", "+", "-"))
    for atom in (*_AROMATIC, *_OTHERS):
        for hydrogens in ("", "H", "H2"):
            yield from (f"[{atom}{hydrogens}{charge}]" for charge in ("", "+", "-"))
