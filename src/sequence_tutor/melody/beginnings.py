"""Going on from a tune of one's own: into the frame in which the model thinks, and back.

The tune is heard where it stands. Its key is moved onto the model's, so that its signature is that
of the model's key, and written back as far; whole octaves that bring it into the encoding's range
are written back too. A key that is asked for names what is heard: a tune whose file names another
tonic is moved to it, one whose file names none is taken to be in it.
"""

from __future__ import annotations

from sequence_tutor.domain import Beginning
from sequence_tutor.errors import UserError
from sequence_tutor.melody.frame import AS_TOKENS, Frame
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.reading.own_tunes import OwnTune
from sequence_tutor.melody.reading.score import counted
from sequence_tutor.melody.scales import OCTAVE, TONICS, Key
from sequence_tutor.melody.signature import mode_of, moved, signature_of
from sequence_tutor.melody.writing.output import MelodyOutputSettings

_NEARER = 5  # semitones down at most, else up


def begin_with(tune: OwnTune, settings: MelodyOutputSettings, frame: Frame) -> Beginning:
    """The tokens of a tune in a frame, and the settings under which they are heard as it stands.

    Raises:
        UserError: the key asked for cannot be heard in this frame.
    """
    heard, asked = settings.heard(frame), settings.key_name
    changes: list[str] = []
    if asked is not None:
        up = _to_key(tune, heard.key, TONICS[asked.tonic]) if tune.key_is_named else 0
        if up:
            way = f"{counted(abs(up), 'semitone')} {'up' if up > 0 else 'down'}"
            changes.append(f"moved {way} for {asked}, the key asked for")
        into = up - (heard.transpose - settings.transpose)
        key = settings.key
    elif frame.key is None:
        into, key = 0, None
    else:
        own, others = signature_of(frame.key).fifths, signature_of(tune.key).fifths
        into = _nearer(7 * (own - others))
        key = None if settings.transpose % OCTAVE else _name(frame, -into, tune.key)
    octaves = tune.octaves(into)
    semitones = into + OCTAVE * octaves
    folded = tune.folded(semitones)
    if folded:
        changes.append(f"{counted(folded, 'note')} moved by octaves into the range of three")
    meter, given = tune.meter, settings.meter and Meter.parse(settings.meter)
    if meter is not None and meter.steps != heard.meter.steps:
        changes.append(f"its meter is {meter}, that of the model {given or heard.meter}")
    to = settings.transpose - semitones  # from the tokens to where it is heard
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
    except UserError:  # so far out of range that MIDI cannot take the rest of it back there
        way = f"{counted(abs(octaves), 'octave')} {'up' if octaves > 0 else 'down'}"
        changes.append(f"moved {way} into range")
        back = settings.transpose + OCTAVE * octaves
        settings = settings.model_copy(update={"transpose": back})
    return Beginning(tune.tokens(semitones), settings, (tune.said(changes),))


def _to_key(tune: OwnTune, heard: Key, tonic: int) -> int:
    """Semitones to the key asked for: from tonic to tonic, from major to minor the relative."""
    if {mode_of(tune.key), mode_of(heard)} == {"ionian", "aeolian"}:
        return _nearer(7 * (signature_of(heard).fifths - signature_of(tune.key).fifths))
    return _nearer(tonic - TONICS[tune.key.tonic])


def _name(frame: Frame, up: int, key: Key) -> str:
    """What the frame's key is called once it is moved to where the tune stands."""
    assert frame.key is not None  # asked before
    if frame.relative and mode_of(key) == "aeolian" and frame.key == AS_TOKENS.key:
        return f"{key.tonic}m"
    return moved(frame.key, up).tonic


def _nearer(semitones: int) -> int:
    """The same pitch classes apart, by the nearer way: -5 to 6."""
    return (semitones + _NEARER) % OCTAVE - _NEARER
