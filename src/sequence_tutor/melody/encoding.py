"""The 38-token encoding of melodies: one token a sixteenth note.

Token 0 ends the sounding note (a rest begins), 1 continues the last event, and 2..37 start the
note of MIDI pitch ``token + 46``, so that 2 is C3, 14 middle C (MIDI 60) and 37 is B5. A new note
ends the one before. Source: Jaques et al., Sequence Tutor, section 5 (arXiv:1611.02796).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

NOTE_OFF = 0
HOLD = 1
FIRST_NOTE = 2
VOCAB_SIZE = 38
PITCH_OFFSET = 46
STEPS_PER_QUARTER = 4
LOWEST_PITCH = FIRST_NOTE + PITCH_OFFSET
HIGHEST_PITCH = VOCAB_SIZE - 1 + PITCH_OFFSET


class Note(NamedTuple):
    """A note on the sixteenth grid: steps ``start <= step < end`` sound at this MIDI pitch."""

    start: int
    end: int
    pitch: int


def encode(notes: Sequence[Note], steps: int) -> list[int]:
    """Notes that do not overlap as `steps` tokens.

    ``encode([Note(0, 2, 60), Note(3, 4, 62)], 5)`` gives ``[14, 1, 0, 16, 0]``.

    Args:
        notes: in order of start, each ending no later than the next one starts, pitches 48..83.
        steps: the number of tokens; no note may start at or after it or end after it.

    Raises:
        ValueError: when a note is out of order, out of range or outside the `steps`.
    """
    tokens = [HOLD] * steps
    previous_end = 0
    for note in notes:
        if not previous_end <= note.start < note.end <= steps:
            raise ValueError(f"{note} must lie after step {previous_end} and within {steps} steps")
        if not LOWEST_PITCH <= note.pitch <= HIGHEST_PITCH:
            raise ValueError(f"{note} must have a pitch of {LOWEST_PITCH}..{HIGHEST_PITCH}")
        tokens[note.start] = note.pitch - PITCH_OFFSET
        if note.end < steps:
            tokens[note.end] = NOTE_OFF  # overwritten where the next note starts at once
        previous_end = note.end
    return tokens


def decode(tokens: Sequence[int]) -> list[Note]:
    """The notes of tokens; holds and note-offs while nothing sounds are silence.

    Raises:
        ValueError: when a token is outside 0..37.
    """
    notes: list[Note] = []
    sounding: tuple[int, int] | None = None  # (start, pitch)
    for step, token in enumerate(tokens):
        if not 0 <= token < VOCAB_SIZE:
            raise ValueError(f"token {token} at step {step} must be 0..{VOCAB_SIZE - 1}")
        if token == HOLD:
            continue
        if sounding is not None:
            notes.append(Note(sounding[0], step, sounding[1]))
        sounding = None if token == NOTE_OFF else (step, token + PITCH_OFFSET)
    if sounding is not None:
        notes.append(Note(sounding[0], len(tokens), sounding[1]))
    return notes


Span = tuple[int, int, int | None]
"""First step, step after the last, and the MIDI pitch; None for a rest."""


def sounding_spans(tokens: Sequence[int], transpose: int = 0) -> list[Span]:
    """The notes and rests of a melody, in order and without gaps.

    Args:
        tokens: (T,) of 0..37.
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


def into_range(pitch: int) -> int:
    """A pitch moved by octaves into C3..B5."""
    if LOWEST_PITCH <= pitch <= HIGHEST_PITCH:
        return pitch
    return (LOWEST_PITCH if pitch < LOWEST_PITCH else HIGHEST_PITCH - 11) + (
        pitch - LOWEST_PITCH
    ) % 12
