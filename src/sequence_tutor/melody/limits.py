"""A run in a range and a scale: the table `music`, and the tokens that its policy may choose.

They are limits of the policy, not of the prior. Of the policies that choose only allowed tokens the
one that maximises E[r] - c KL(pi || p) is

    pi(x) = p(x) exp(r(x) / c) 1[all of x is allowed] / Z,

the prior among the melodies that keep to them, which is what `sample --range --scale` samples of a
model without tuning. A prior that is renormalised at every state, p(a|s) / sum of the allowed
p(b|s), would be another one: it favours melodies that it wrote where the prior wanted to leave. And
a rule that pays for each note would only come near, at any weight. The divergence from the prior is
that from the prior as it is, so it contains what the limits cost, -log of the share of its melodies
that keep to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Limits, Wishes
from sequence_tutor.errors import SettingsError, UserError
from sequence_tutor.melody.encoding import HOLD, NOTE_OFF, VOCAB_SIZE
from sequence_tutor.melody.filling.moving import moved_for, pitches_of
from sequence_tutor.melody.filling.pitch_range import parse_range
from sequence_tutor.melody.frame import Frame
from sequence_tutor.melody.scales import nearer_way
from sequence_tutor.melody.signature import moved, parse_key, signature_of
from sequence_tutor.melody.writing.output import MelodyOutputSettings


class MusicSettings(Settings):
    """What the melodies of a run may be, as they are heard."""

    range: str | None = Field(
        None, description="two pitches such as C4..G5, or an instrument or a voice, such as flute"
    )
    scale: str | None = Field(
        None,
        description="such as D dorian: all notes belong to it, and the rules judge in its key "
        "unless reward.key names another",
    )

    @field_validator("range")
    @classmethod
    def _is_range(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                parse_range(text)
            except UserError as error:
                raise ValueError(str(error).removeprefix("--range ")) from error
        return text

    @field_validator("scale")
    @classmethod
    def _is_scale(cls, text: str | None) -> str | None:
        if text is not None:
            parse_key(text)
        return text

    @property
    def wishes(self) -> Wishes:
        """The same, as of `sample`."""
        return Wishes(range=self.range or "", scale=self.scale or "")


def read_music(music: Mapping[str, Any]) -> MusicSettings:
    """The table `music`.

    Raises:
        SettingsError: a name or a value that does not fit.
    """
    try:
        return build(MusicSettings, music, "music")
    except UserError as error:
        raise SettingsError(str(error)) from error


def limited_tables(
    music: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]], frame: Frame
) -> dict[str, dict[str, Any]]:
    """The tables `reward` and `output` with the key that the scale of `music` implies.

    The rules judge in a key with the signature of the prior's, which it writes best, and what is
    written is moved to the scale: E dorian is tuned as D dorian, and heard two semitones higher.

    Raises:
        SettingsError: an unusable table, or an output key beside a scale.
    """
    asked = read_music(music)
    reward, output = dict(tables["reward"]), dict(tables["output"])
    if asked.scale is None or "key" in reward:
        return {"reward": reward, "output": output}
    if output.get("key"):
        raise SettingsError(
            f"output.key is {output['key']} beside music.scale {asked.scale}, expected one of them"
        )
    scale = parse_key(asked.scale).key
    up = output.get("transpose", 0)
    if frame.key is not None and not up:
        own = signature_of(frame.key).fifths
        up = nearer_way(7 * (signature_of(scale).fifths - own))
    reward["key"] = moved(scale, -up).model_dump()
    chords = reward.get("rules", {}).get("chords")
    if up and chords is not None and "transpose" not in chords:
        reward["rules"] = {**reward["rules"], "chords": {**chords, "transpose": up}}
    return {"reward": reward, "output": {**output, "transpose": up}}


def limits(
    music: Mapping[str, Any], settings: MelodyOutputSettings, frame: Frame, *, moves: bool
) -> Limits:
    """The tokens of a range and a scale; see `Domain.limits`.

    Raises:
        UserError: the model writes none of these pitches under the settings.
    """
    asked = read_music(music)
    if asked.range is None and asked.scale is None:
        return Limits((), settings)
    if moves:
        settings = moved_for(asked.wishes, settings, frame)
    allowed = pitches_of(asked.wishes, settings.heard(frame).transpose)
    allowed[[NOTE_OFF, HOLD]] = True
    return Limits(tuple(token for token in range(VOCAB_SIZE) if allowed[token]), settings)
