"""What a page needs to play melodies that it samples itself: notes, tempo, keys and meter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sequence_tutor.melody.frame import Frame, Heard
from sequence_tutor.melody.signature import moved, signature_of
from sequence_tutor.melody.token_facts import token_facts

UP = range(-5, 7)
"""Semitones by which melodies are moved to every key the nearer way."""


def instrument_facts(heard: Sequence[Heard], frames: Sequence[Frame]) -> dict[str, Any]:
    """Facts about the tokens, and about how the melodies of each model sound.

    Args:
        heard: of each model.
        frames: of each.

    Returns:
        `notes`, see `token_facts`; `models`, for each its `tempo`, `meter`, `bar` and `beats` (in
        steps), `upbeat`, and `keys`: name, semitones added to the pitches of the tokens, and
        whether it is its own.
    """
    models = [
        {
            "tempo": one.tempo,
            "meter": str(one.meter),
            "bar": one.meter.steps,
            "beats": list(one.meter.beats),
            "upbeat": one.upbeat,
            "keys": [
                {"name": _key_name(one, frame, up), "up": one.transpose + up, "own": up == 0}
                for up in UP
            ],
        }
        for one, frame in zip(heard, frames, strict=True)
    ]
    return {"notes": token_facts(frames[0]), "models": models}


def _key_name(heard: Heard, frame: Frame, up: int) -> str:
    if frame.key is None:  # tunes in keys of their own
        return f"{up:+d} semitones".replace("-", "\N{MINUS SIGN}") if up else "as written"
    return str(signature_of(moved(heard.key, up)))
