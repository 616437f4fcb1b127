"""Continuing a user's tune: moved into the key and range of the model, and written back.

The tune is written where it stands in its file. It is moved so that its signature is that of the
model's key, and by whole octaves into the range of the encoding; what is written is moved back as
far. If a key is asked for, a tune whose file names another tonic is moved to that key, and one
whose file names no key is taken to be in it.
"""

from __future__ import annotations

from sequence_tutor.domain import Beginning
from sequence_tutor.errors import UserError
from sequence_tutor.melody.frame import AS_TOKENS, Frame
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.reading.own_tunes import OwnTune
from sequence_tutor.melody.reading.score import upwards
from sequence_tutor.melody.scales import OCTAVE, TONICS, Key, nearer_way
from sequence_tutor.melody.signature import mode_of, moved, signature_of
from sequence_tutor.melody.writing.output import MelodyOutputSettings


def begin_with(tune: OwnTune, settings: MelodyOutputSettings, frame: Frame) -> Beginning:
    """The tokens of a tune in a frame, and settings under which they are written as it stands.

    Raises:
        UserError: the key asked for cannot be written from this frame.
    """
    heard, asked = settings.heard(frame), settings.key_name
    changes: list[str] = []
    if asked is not None:
        up = _to_key(tune, heard.key, TONICS[asked.tonic]) if tune.key_is_named else 0
        if up:
            changes.append(f"moved {upwards(up, 'semitone')} for {asked}, the key asked for")
        into = up - (heard.transpose - settings.transpose)
        key = settings.key
    elif frame.key is None:
        into, key = 0, None
    else:
        into = _to_signature(tune.key, frame.key)
        key = None if settings.transpose % OCTAVE else _name(frame, -into, tune.key)
    octaves = tune.octaves(into)
    semitones = into + OCTAVE * octaves
    changes += tune.folding(semitones)
    meter, given = tune.meter, settings.meter and Meter.parse(settings.meter)
    if meter is not None and meter.steps != heard.meter.steps:
        changes.append(f"its meter is {meter}, that of the model {given or heard.meter}")
    to = settings.transpose - semitones  # from the tokens to what sounds
    if asked is not None:
        to = heard.transpose - OCTAVE * octaves
    by_key = settings.model_copy(update={"key": key, "transpose": 0}).heard(frame).transpose
    settings = settings.model_copy(
        update={
            "key": key,
            "transpose": to - by_key,
            "upbeat": tune.upbeat(heard.meter) if settings.upbeat is None else settings.upbeat,
        }
    )
    try:
        settings.heard(frame)
    except UserError:  # MIDI's range does not reach as far back
        changes.append(f"moved {upwards(octaves, 'octave')} into range")
        back = settings.transpose + OCTAVE * octaves
        settings = settings.model_copy(update={"transpose": back})
    return Beginning(
        tune.tokens(semitones), settings, (f"{tune.name}: {tune.description(changes)}",)
    )


def _to_signature(key: Key, other: Key) -> int:
    """Semitones that move a key to one with the signature of another."""
    return nearer_way(7 * (signature_of(other).fifths - signature_of(key).fifths))


def _to_key(tune: OwnTune, heard: Key, tonic: int) -> int:
    """Semitones to the key asked for: from tonic to tonic, from major to minor the relative."""
    if {mode_of(tune.key), mode_of(heard)} == {"ionian", "aeolian"}:
        return _to_signature(tune.key, heard)
    return nearer_way(tonic - TONICS[tune.key.tonic])


def _name(frame: Frame, up: int, key: Key) -> str:
    """The name of the frame's key once it is moved to where the tune stands."""
    assert frame.key is not None  # the caller has checked it
    if frame.relative and mode_of(key) == "aeolian" and frame.key == AS_TOKENS.key:
        return f"{key.tonic}m"
    return moved(frame.key, up).tonic
