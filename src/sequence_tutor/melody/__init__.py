"""Melodies: encoding, files in and out, the nine rules, statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sequence_tutor.melody.domain import MelodyDomain

__all__ = ["MelodyDomain"]


def __getattr__(name: str) -> type[MelodyDomain]:
    """Import the domain, and with it all the rest, only when somebody asks for it."""
    if name != "MelodyDomain":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sequence_tutor.melody.domain import MelodyDomain

    return MelodyDomain
