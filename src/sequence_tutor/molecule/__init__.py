"""Molecules: SMILES in and out, chemical scores, statistics."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequence_tutor.molecule.domain import MoleculeDomain

__all__ = ["MoleculeDomain"]


def __getattr__(name: str) -> type[MoleculeDomain]:
    """Import the domain, and RDKit with it, when it is first used."""
    if name != "MoleculeDomain":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # imported first, because its error names the missing RDKit in one sentence
    import_module("sequence_tutor.molecule.chemistry")
    from sequence_tutor.molecule.domain import MoleculeDomain

    return MoleculeDomain
