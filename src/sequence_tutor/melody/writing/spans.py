"""What a writer of notation needs to know of a melody: its notes and rests."""

from __future__ import annotations

from collections.abc import Sequence

from sequence_tutor.melody.encoding import decode

Span = tuple[int, int, int | None]
"""First step, step after the last, and the pitch; None where nothing sounds."""


def sounding_spans(tokens: Sequence[int], transpose: int = 0) -> list[Span]:
    """A melody without gaps, note by note and rest by rest.

    Args:
        tokens: (T,) of 0..37, one a sixteenth note.
        transpose: semitones added to every pitch.

    Raises:
        ValueError: when there are no tokens.
    """
    if not tokens:
        raise ValueError("tokens must hold at least one token")
    spans: list[Span] = []
    now = 0
    for note in decode(tokens):
        spans.append((now, note.start, None))
        spans.append((note.start, note.end, note.pitch + transpose))
        now = note.end
    spans.append((now, len(tokens), None))
    return [span for span in spans if span[0] < span[1]]
