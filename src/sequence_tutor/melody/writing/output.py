"""Melodies as files: MIDI, ABC, MusicXML, WAV, a list of tokens, pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import repeat
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from sequence_tutor.config.settings import Settings, refused_by_value
from sequence_tutor.melody.encoding import FIRST_NOTE, PITCH_OFFSET, into_range
from sequence_tutor.melody.frame import AS_TOKENS, Frame, Heard
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.melody.progressions import parse_progression
from sequence_tutor.melody.signature import KeyName, parse_key
from sequence_tutor.melody.writing.abc import write_abc
from sequence_tutor.melody.writing.accompaniment import accompaniment
from sequence_tutor.melody.writing.audio import synthesise, write_wav
from sequence_tutor.melody.writing.engraving import can_engrave, engrave
from sequence_tutor.melody.writing.notation import to_musicxml
from sequence_tutor.storage.files import write_text
from sequence_tutor.storage.token_lines import write_json_lines

LIST_FILE, PICTURE_FILE = "melodies.jsonl", "melodies.png"
MOST_PICTURED = 24
"""Most piano rolls in the picture; more are too small to read."""

_OF_ONE_MELODY = re.compile(r"melody-\d{4,}\.(mid|abc|musicxml|svg|wav)")


class MelodyOutputSettings(Settings):
    """How melodies are written."""

    key: str | None = Field(
        None,
        description="key to write in: a tonic, such as D or Bb, which keeps the run's scale, or a "
        "full key, such as Em or D dorian; by default the key of the tokens",
    )
    transpose: int = Field(0, ge=-60, le=60, description="semitones; with a key whole octaves")
    tempo: float = Field(120.0, ge=10, le=600, description="quarter notes a minute")
    meter: str | None = Field(
        None, description="such as 3/4; by default the meter that the prior learned, or 4/4"
    )
    upbeat: int | None = Field(
        None,
        ge=0,
        description="sixteenths before the first bar line; by default those of the continued "
        "tune, or none",
    )
    chords: str | None = Field(
        None,
        description='chord symbols above the melody, such as "Dm7 | G7 | C"; by default those '
        "that the run was tuned over, or none",
    )
    accompaniment: bool = Field(False, description="whether the chords sound, quietly, as well")
    wav: bool = Field(True, description="whether to write sound")
    score: bool = Field(
        True, description="whether to draw scores, if the extra `score` is installed"
    )

    @field_validator("key", "meter")
    @classmethod
    def _is_known(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is not None:
            (parse_key if info.field_name == "key" else Meter.parse)(text)
        return text

    @field_validator("chords")
    @classmethod
    def _are_chords(cls, text: str | None) -> str | None:
        if text is not None:
            with refused_by_value():
                parse_progression(text)
        return text

    @property
    def key_name(self) -> KeyName | None:
        """The key that melodies should sound in, if one was named."""
        return None if self.key is None else parse_key(self.key)

    def heard(self, frame: Frame = AS_TOKENS) -> Heard:
        """How melodies of a frame sound under these settings.

        Raises:
            UserError: the key has another mode than the run's, or pitches leave MIDI's range.
        """
        meter = None if self.meter is None else Meter.parse(self.meter)
        heard = frame.heard(self.key_name, self.transpose, self.tempo, meter, self.upbeat or 0)
        if self.chords is not None:
            heard = replace(heard, chords=parse_progression(self.chords))
        return replace(heard, accompanied=self.accompaniment)


def transposed(tokens: Sequence[int], semitones: int) -> list[int]:
    """A melody moved by semitones; notes out of the encoding's range are moved back by octaves."""
    return [
        token if token < FIRST_NOTE else into_range(token + PITCH_OFFSET + semitones) - PITCH_OFFSET
        for token in tokens
    ]


def write_melodies(
    melodies: Sequence[Sequence[int]],
    directory: Path,
    settings: MelodyOutputSettings,
    frame: Frame = AS_TOKENS,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write `melody-0001.mid`, `.abc`, `.musicxml`, `.wav` and `.svg`, and so on for each melody.

    Also write `melodies.jsonl`, the tokens as the model wrote them, and `melodies.png`, the piano
    rolls of the first 24; everything but the tokens is in the key, meter and tempo of the settings.

    Files of these names are removed first, the list before all others, and the list is written
    after all melodies: after a crash at any moment a list is complete.

    Args:
        melodies: tokens of each.
        directory: created if it does not exist.
        settings: key, tempo, and whether sound and scores are wanted.
        frame: the key and the meter of the tokens.
        progress: called after each melody with the number written and of all.

    Raises:
        UserError: the settings do not fit the frame; nothing has been written.
    """
    from sequence_tutor.melody.writing.pictures import piano_rolls  # importing matplotlib is slow

    heard = settings.heard(frame)
    _remove_older(directory)
    scores = [to_musicxml(tokens, heard) for tokens in melodies]
    engraved = engrave(scores) if settings.score and can_engrave() else repeat(None)
    rows = zip(melodies, scores, engraved, strict=False)  # `repeat` has no end
    for number, (tokens, score, picture) in enumerate(rows, start=1):
        path = directory / f"melody-{number:04d}.mid"
        write_midi(path, tokens, heard)
        write_abc(path.with_suffix(".abc"), tokens, f"melody {number}", heard)
        write_text(path.with_suffix(".musicxml"), score)
        if picture is not None:
            write_text(path.with_suffix(".svg"), picture)
        if settings.wav:
            backing = accompaniment(heard, len(tokens))
            sound = synthesise(tokens, heard.tempo, heard.transpose, backing=backing)
            write_wav(path.with_suffix(".wav"), sound)
        progress(number, len(melodies))
    write_json_lines(directory / LIST_FILE, ({"tokens": list(row)} for row in melodies))
    piano_rolls(melodies[:MOST_PICTURED], directory / PICTURE_FILE, heard=heard)


def _remove_older(directory: Path) -> None:
    """Remove what an earlier call wrote, the list first."""
    for name in (LIST_FILE, PICTURE_FILE):
        (directory / name).unlink(missing_ok=True)
    for path in directory.glob("melody-*"):
        if _OF_ONE_MELODY.fullmatch(path.name):
            path.unlink()
