"""Melodies as files people open: MIDI, ABC, MusicXML, WAV, a list of tokens, pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import repeat
from pathlib import Path

from pydantic import Field, field_validator

from sequence_tutor.config.settings import Settings, nearest
from sequence_tutor.files import write_text
from sequence_tutor.melody.abc import write_abc
from sequence_tutor.melody.audio import synthesise, write_wav
from sequence_tutor.melody.encoding import FIRST_NOTE, VOCAB_SIZE
from sequence_tutor.melody.engraving import can_engrave, engrave
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.melody.notation import to_musicxml
from sequence_tutor.melody.scales import OCTAVE, TONICS
from sequence_tutor.token_lines import write_json_lines

LIST_FILE, PICTURE_FILE = "melodies.jsonl", "melodies.png"
MOST_PICTURED = 24
"""Piano rolls in the picture at most; more are too small to read."""

_OF_ONE_MELODY = re.compile(r"melody-\d{4,}\.(mid|abc|musicxml|svg|wav)")
_MINOR_THIRD = 3  # semitones: A minor has the notes of C major


class MelodyOutputSettings(Settings):
    """How melodies are written."""

    key: str = Field("C", description="what C major becomes, such as D or Bb; or A minor, as Em")
    tempo: float = Field(120.0, ge=10, le=600, description="quarter notes a minute")
    wav: bool = Field(True, description="whether to write sound too")
    score: bool = Field(
        True, description="whether to draw scores too, where the extra `score` is there"
    )

    @field_validator("key")
    @classmethod
    def _known_key(cls, key: str) -> str:
        tonic = key.removesuffix("m")
        if tonic not in TONICS:
            known = nearest(tonic, TONICS)
            raise ValueError(f"unknown key {key!r}: {known}; a minor one has an m, such as Em")
        return key

    @property
    def transposition(self) -> int:
        """Semitones from C major, or A minor, to the key: -5 to 6."""
        up = TONICS[self.key.removesuffix("m")] + _MINOR_THIRD * self.key.endswith("m")
        return (up + 5) % OCTAVE - 5


def transposed(tokens: Sequence[int], semitones: int) -> list[int]:
    """A melody moved by semitones; notes that leave the encoding's range come back by octaves."""

    def move(token: int) -> int:
        if token < FIRST_NOTE:
            return token
        moved = token + semitones
        while moved < FIRST_NOTE:
            moved += OCTAVE
        while moved >= VOCAB_SIZE:
            moved -= OCTAVE
        return moved

    return [move(token) for token in tokens]


def write_melodies(
    melodies: Sequence[Sequence[int]],
    directory: Path,
    settings: MelodyOutputSettings,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write `melody-0001.mid`, `.abc`, `.musicxml`, `.wav`, `.svg`, and so on for each melody.

    Beside them `melodies.jsonl`, a list of tokens, and `melodies.png`, a picture of piano rolls.

    The tokens of the list are as the model wrote them, in C major or A minor; everything else is
    in the key asked for. The picture shows the first 24. Files of these names that were there are
    removed first, the list before all others, and the list is written once all melodies are there:
    after a crash at any moment none is of a melody that is not on the list.

    Args:
        melodies: tokens of each.
        directory: where to; it is made.
        settings: key, tempo, and whether sound and scores are wanted.
        progress: called after each melody with the number written and of all.
    """
    from sequence_tutor.melody.pictures import piano_rolls  # matplotlib takes its time

    _remove_older(directory)
    up = settings.transposition
    scores = [to_musicxml(tokens, settings.tempo, settings.key, up) for tokens in melodies]
    engraved = engrave(scores) if settings.score and can_engrave() else repeat(None)
    rows = zip(melodies, scores, engraved, strict=False)  # the last may have no end
    for number, (tokens, score, picture) in enumerate(rows, start=1):
        path = directory / f"melody-{number:04d}.mid"
        write_midi(path, tokens, settings.tempo, up)
        title = f"melody {number}"
        write_abc(path.with_suffix(".abc"), tokens, title, settings.tempo, settings.key, up)
        write_text(path.with_suffix(".musicxml"), score)
        if picture is not None:
            write_text(path.with_suffix(".svg"), picture)
        if settings.wav:
            write_wav(path.with_suffix(".wav"), synthesise(tokens, settings.tempo, up))
        progress(number, len(melodies))
    write_json_lines(directory / LIST_FILE, ({"tokens": list(row)} for row in melodies))
    piano_rolls(melodies[:MOST_PICTURED], directory / PICTURE_FILE, transpose=up)


def _remove_older(directory: Path) -> None:
    """Remove what an earlier call wrote, the list first: without it nothing claims to be whole."""
    for name in (LIST_FILE, PICTURE_FILE):
        (directory / name).unlink(missing_ok=True)
    if directory.is_dir():
        for path in directory.iterdir():
            if _OF_ONE_MELODY.fullmatch(path.name):
                path.unlink()
