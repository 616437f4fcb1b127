"""A user's melody as notes that sound, which every program has, instead of a model's tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sequence_tutor.domain import Beginning
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.melody.beginnings import begin_with
from sequence_tutor.melody.encoding import Note, decode
from sequence_tutor.melody.reading.keys import key_of
from sequence_tutor.melody.reading.own_tunes import OwnTune
from sequence_tutor.melody.reading.score import counted
from sequence_tutor.studio.messages import MOST_TOKENS, Generate, SoundingNote
from sequence_tutor.studio.sound import frame_of, output_settings


def begun_with_notes(model: Model, asked: Generate, given: Sequence[SoundingNote]) -> Beginning:
    """The tokens of notes, and settings under which they are written as they sound.

    Notes are moved into the range of the tokens by the key that is asked for, else by the one that
    they seem to be in, and what is written is moved back as far. One note sounds at a time.

    Args:
        model: whose tokens.
        asked: with key, meter, upbeat and bars.
        given: one at least.

    Raises:
        UserError: a transposition as well, or more bars than there may be.
    """
    if asked.transpose is not None:
        raise UserError("transpose follows from the notes and the key, expected none beside notes")
    settings = output_settings(model, asked)
    frame = frame_of(model)
    heard, notes = settings.heard(frame), _one_at_a_time(given)
    bars = asked.bars or max(1, math.ceil((notes[-1].end - heard.upbeat) / heard.meter.steps))
    steps = heard.upbeat + bars * heard.meter.steps
    if steps > MOST_TOKENS:
        raise UserError(
            f"notes: {bars} bars are {steps} sixteenths, expected {MOST_TOKENS} at most"
        )
    inside = tuple(note._replace(end=min(note.end, steps)) for note in notes if note.start < steps)
    if not inside:
        raise UserError(f"notes: none begins in the {counted(bars, 'bar')} that are asked for")
    beyond = len(notes) - len(inside)
    left = (f"{counted(beyond, 'note')} after the last bar left out",) if beyond else ()
    meters = ((heard.meter.numerator, heard.meter.denominator),)
    is_named = settings.key is not None
    key = heard.key if is_named else key_of(inside, None)
    tune = OwnTune("notes", inside, steps, key, is_named, meters, heard.upbeat, left)
    return begin_with(tune, settings, frame)


def _one_at_a_time(given: Sequence[SoundingNote]) -> list[Note]:
    """In order of start; the highest of those that begin together, ended by the next."""
    highest = {one.start: one for one in sorted(given, key=lambda one: (one.start, one.pitch))}
    starts = [*list(highest)[1:], math.inf]
    return [
        Note(one.start, int(min(one.start + one.length, end)), one.pitch)
        for one, end in zip(highest.values(), starts, strict=True)
    ]


def as_notes(tokens: Sequence[int], transpose: int) -> list[dict[str, int]]:
    """The notes of tokens at the pitch that sounds, as a message has them."""
    return [
        {"start": one.start, "length": one.end - one.start, "pitch": one.pitch + transpose}
        for one in decode(tokens)
    ]
