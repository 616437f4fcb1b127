"""The pitches that new notes may have, and where the model's three octaves are moved for them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sequence_tutor.domain import Wishes
from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import (
    FIRST_NOTE,
    HIGHEST_PITCH,
    LOWEST_PITCH,
    PITCH_OFFSET,
    VOCAB_SIZE,
)
from sequence_tutor.melody.filling.pitch_range import parse_range
from sequence_tutor.melody.frame import Frame
from sequence_tutor.melody.progressions import parse_progression
from sequence_tutor.melody.scales import C_MAJOR, OCTAVE, TONICS, Key, nearer_way
from sequence_tutor.melody.signature import parse_key, signature_of
from sequence_tutor.melody.writing.output import MelodyOutputSettings

FEWEST_PITCHES = 12
"""A range of fewer pitches in the model's three octaves is met by moving these by octaves."""


def pitches_of(wishes: Wishes, transpose: int, only: Sequence[int] = ()) -> Tensor:
    """(V,) bool: the pitches that new notes may have.

    Args:
        wishes: with a range, a scale, or none.
        transpose: semitones from the tokens to what is heard.
        only: the tokens that the model may choose; empty: all.

    Raises:
        UserError: there are none.
    """
    pitches = torch.arange(VOCAB_SIZE) + PITCH_OFFSET + transpose
    allowed = torch.arange(VOCAB_SIZE) >= FIRST_NOTE
    if wishes.range:
        low, high = parse_range(wishes.range)
        allowed &= (pitches >= low) & (pitches <= high)
    if wishes.scale:
        key = asked_scale(wishes.scale)
        classes = torch.tensor([(TONICS[key.tonic] + degree) % OCTAVE for degree in key.degrees])
        allowed &= torch.isin(pitches % OCTAVE, classes)
    if only:
        allowed &= torch.isin(torch.arange(VOCAB_SIZE), torch.tensor(only))
    if not bool(allowed.any()):
        asked = " and ".join(text for text in (wishes.range, wishes.scale) if text)
        if only:
            raise UserError(f"no pitch of {asked} is among those that the run was tuned to write")
        raise UserError(
            f"no pitch of {asked} is among the three octaves that the model writes, MIDI pitches "
            f"{LOWEST_PITCH + transpose} to {HIGHEST_PITCH + transpose}; move them with --transpose"
        )
    return allowed


def asked_scale(text: str) -> Key:
    """The key of a scale that the user names.

    Raises:
        UserError: it is none.
    """
    try:
        return parse_key(text).key
    except ValueError as error:
        raise UserError(f"--scale: {error}") from None


def moved_for(wishes: Wishes, settings: MelodyOutputSettings, frame: Frame) -> MelodyOutputSettings:
    """Settings that move the model's key to the scale's signature, and its octaves to the range.

    A scale of a few notes of another key would otherwise be written with what the model hardly
    writes.
    """
    if wishes.scale and settings.key is None and not settings.transpose:
        own = signature_of(frame.key or C_MAJOR).fifths
        up = nearer_way(7 * (signature_of(asked_scale(wishes.scale)).fifths - own))
        settings = settings.model_copy(update={"transpose": up})
    elif wishes.chords and settings.key is None and not settings.transpose:
        up = _nearest_to_chords(wishes.chords, frame.key or C_MAJOR)
        settings = settings.model_copy(update={"transpose": up})
    if wishes.range:
        low, high = parse_range(wishes.range)
        lowest = LOWEST_PITCH + settings.heard(frame).transpose

        def reached(octaves: int) -> int:
            first = lowest + OCTAVE * octaves
            last = first + HIGHEST_PITCH - LOWEST_PITCH
            return min(high, last) - max(low, first) + 1

        if reached(0) < min(FEWEST_PITCHES, high - low + 1):
            octaves = max(range(-3, 4), key=lambda n: (reached(n), -abs(n)))
            up = settings.transpose + OCTAVE * octaves
            settings = settings.model_copy(update={"transpose": up})
    return settings


def _nearest_to_chords(text: str, key: Key) -> int:
    """The semitones that move a key to where most of the chords' notes belong to it."""
    chords = [chord for bar in parse_progression(text) for chord in bar if chord is not None]
    classes = {(TONICS[key.tonic] + degree) % OCTAVE for degree in key.degrees}

    def belonging(up: int) -> int:
        return sum((tone - up) % OCTAVE in classes for chord in chords for tone in chord.tones)

    return max(range(-5, 7), key=lambda up: (belonging(up), -abs(up)))
