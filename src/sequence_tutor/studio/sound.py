"""How melodies of the studio sound: from the fields of a message to output settings, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sequence_tutor.domain import of_kind
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.melody.domain import MelodyDomain
from sequence_tutor.melody.filling.moving import asked_scale
from sequence_tutor.melody.frame import Frame, Heard
from sequence_tutor.melody.progressions import as_text
from sequence_tutor.melody.scales import OCTAVE, Key
from sequence_tutor.melody.signature import moved, signature_of
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.studio.messages import Sound


def frame_of(model: Model) -> Frame:
    """The key and the meter of a model's tokens."""
    domain = model.framed_domain
    assert isinstance(domain, MelodyDomain)  # only models of melodies come here
    return domain.frame


def output_settings(
    model: Model, asked: Sound, *, accompaniment: bool = False
) -> MelodyOutputSettings:
    """The settings under which melodies of a model are written.

    Raises:
        UserError: a key, meter or progression that is none, or that does not fit the model; or a
            transposition that does not lead to the key.
    """
    given: dict[str, Any] = {
        name: getattr(asked, name)
        for name in ("key", "meter", "upbeat", "tempo", "chords")
        if getattr(asked, name) not in (None, "")
    }
    given["accompaniment"] = accompaniment
    if asked.transpose is None:
        return of_kind(MelodyOutputSettings, model.files(given, "sound"))
    settings = of_kind(MelodyOutputSettings, model.files({**given, "transpose": 0}, "sound"))
    frame = frame_of(model)
    rest = asked.transpose - settings.heard(frame).transpose
    if settings.key is not None and rest % OCTAVE:
        raise UserError(
            f"transpose is {asked.transpose}, but key {settings.key} is "
            f"{settings.heard(frame).transpose} semitones from the tokens, expected that or whole "
            "octaves more or less; leave one of them out"
        )
    settings = settings.model_copy(update={"transpose": rest})
    settings.heard(frame)  # refused here if out of MIDI's range
    return settings


def heard_as(model: Model, settings: MelodyOutputSettings, scale: str | None) -> Heard:
    """How melodies of a model sound and are written: in the scale that new notes are of, if any.

    Raises:
        UserError: a scale that is none.
    """
    heard = settings.heard(frame_of(model))
    if not scale or settings.key is not None or model.tune is not None:
        return heard
    return replace(heard, key=asked_scale(scale))


def judged_key(model: Model, settings: MelodyOutputSettings, scale: str | None) -> Key | None:
    """The key, at the pitch of the tokens, that a prior's rules judge in; None: the model's own.

    A run was tuned in a key, and its rules stay in it; a prior judges in what is asked for.

    Raises:
        UserError: a scale that is none.
    """
    if model.tune is not None:
        return None
    heard = settings.heard(frame_of(model))
    if scale:
        key = asked_scale(scale)
    elif settings.key is not None:
        key = heard.key
    else:
        return None
    return moved(key, -heard.transpose)


def heard_json(heard: Heard, settings: MelodyOutputSettings, steps: int) -> Mapping[str, Any]:
    """How melodies of so many tokens sound, for a page."""
    signature = signature_of(heard.key)
    return {
        "key": str(signature),
        "fifths": signature.fifths,
        "meter": str(heard.meter),
        "bar": heard.meter.steps,
        "beats": list(heard.meter.beats),
        "upbeat": heard.upbeat,
        "tempo": heard.tempo,
        "transpose": heard.transpose,
        "chords": settings.chords or (as_text(heard.chords) if heard.chords else None),
        "bars": [list(one) for one in heard.bars(steps)],
    }
