"""Molecules designed around what is given: a part, two ends, or a whole molecule."""

from __future__ import annotations

from sequence_tutor.domain import Around, Designer
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.designing.linker import LinkerDesigner
from sequence_tutor.molecule.designing.near import NearDesigner
from sequence_tutor.molecule.designing.part import Part, read_ends
from sequence_tutor.molecule.designing.scaffold import ScaffoldDesigner
from sequence_tutor.molecule.tokens import Vocabulary


def designer(around: Around, vocabulary: Vocabulary, length: int) -> Designer:
    """What writes the molecules that a user asks for.

    Args:
        around: one of scaffold, ends and near.
        vocabulary: of the prior.
        length: most tokens of a sequence, with the end token.

    Raises:
        UserError: none or several are given, or what is given cannot be used.
    """
    given = [name for name in ("scaffold", "ends", "near") if getattr(around, name)]
    if len(given) != 1:
        raise UserError(
            f"{' and '.join(given) or 'nothing'} to design around was given, expected one of "
            "scaffold, ends and near"
        )
    if around.scaffold:
        return ScaffoldDesigner(Part(around.scaffold), vocabulary, length)
    if around.ends:
        return LinkerDesigner(read_ends(around.ends), vocabulary, length)
    return NearDesigner(around.near, around.similarity, vocabulary, length)
