"""Molecules designed around what is given: a part, two ends, or a whole molecule."""

from __future__ import annotations

from sequence_tutor.domain import Around, Designer, Ends, Scaffold
from sequence_tutor.errors import UserError, shown
from sequence_tutor.molecule.designing.linker import LinkerDesigner
from sequence_tutor.molecule.designing.near import NearDesigner
from sequence_tutor.molecule.designing.part import Part, read_ends
from sequence_tutor.molecule.designing.scaffold import ScaffoldDesigner
from sequence_tutor.molecule.designing.spelling import Writer, first_beginnings
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.prior.protocol import Prior


def beginning_of(smiles: str, vocabulary: Vocabulary, prior: Prior, length: int) -> list[int]:
    """The tokens of a part with one attachment point, which is last.

    Args:
        smiles: of the part.
        vocabulary: of the prior.
        prior: finds this spelling the likeliest, with a group after it.
        length: most tokens of a sequence, with the end token.

    Raises:
        UserError: it is no such part, or the prior cannot write it.
    """
    part = Part(smiles)
    if part.points > 1:
        raise UserError(
            f"scaffold {shown(smiles)} has {part.points} attachment points, expected one: a tuned "
            "model goes on from the end of the part; sample --scaffold takes several"
        )
    found = first_beginnings(part, 1, vocabulary, length)
    likely = Writer(vocabulary, prior, length - 2).followed(found)
    return found[max(range(len(found)), key=likely.__getitem__)]


def designer(around: Around, vocabulary: Vocabulary, length: int) -> Designer:
    """What writes the molecules that a user asks for.

    Args:
        around: what is given.
        vocabulary: of the prior.
        length: most tokens of a sequence, with the end token.

    Raises:
        UserError: what is given cannot be used.
    """
    if isinstance(around, Scaffold):
        return ScaffoldDesigner(Part(around.part), vocabulary, length)
    if isinstance(around, Ends):
        return LinkerDesigner(read_ends(around.parts), vocabulary, length)
    return NearDesigner(around.lead, around.similarity, vocabulary, length)
