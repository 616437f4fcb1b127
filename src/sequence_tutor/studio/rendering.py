"""Sequences as files: the bytes of one, or of several in an archive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.midi import midi_bytes
from sequence_tutor.melody.writing.abc import to_abc
from sequence_tutor.melody.writing.accompaniment import accompaniment
from sequence_tutor.melody.writing.audio import synthesise, wav_bytes
from sequence_tutor.melody.writing.engraving import can_engrave, engrave
from sequence_tutor.melody.writing.notation import to_musicxml
from sequence_tutor.studio.candidates import checked
from sequence_tutor.studio.messages import Render
from sequence_tutor.studio.sound import heard_as, output_settings

LONGEST_SOUND = 300.0
"""Seconds of all the sound of one request."""

_OLDEST = (1980, 1, 1, 0, 0, 0)  # of a zip archive: the same request gives the same bytes


class File(NamedTuple):
    """What a request is answered with.

    Attributes:
        name: under which a browser saves it.
        kind: media type.
        content: the bytes.
    """

    name: str
    kind: str
    content: bytes


MELODY_KINDS = {
    "midi": ("mid", "audio/midi"),
    "musicxml": ("musicxml", "application/vnd.recordare.musicxml+xml"),
    "abc": ("abc", "text/vnd.abc"),
    "wav": ("wav", "audio/wav"),
    "svg": ("svg", "image/svg+xml"),
}


def render_melodies(model: Model, asked: Render) -> File:
    """Melodies as MIDI, MusicXML, ABC, sound or a score.

    Raises:
        UserError: a kind that is none of melodies, or settings that cannot be used.
    """
    if asked.kind not in MELODY_KINDS:
        raise UserError(
            f"kind is {asked.kind}, expected one of melodies: {', '.join(MELODY_KINDS)}"
        )
    suffix, kind = MELODY_KINDS[asked.kind]
    settings = output_settings(model, asked, accompaniment=asked.accompaniment)
    heard, rows = (
        heard_as(model, settings, asked.scale),
        [checked(tokens) for tokens in asked.tokens],
    )
    if asked.kind == "abc":
        tunes = [
            to_abc(tokens, "melody" if len(rows) == 1 else f"melody {number}", heard)
            for number, tokens in enumerate(rows, start=1)
        ]
        tunes = [tune.replace("X:1", f"X:{n}", 1) for n, tune in enumerate(tunes, start=1)]
        return File("melody.abc", kind, "\n".join(tunes).encode())
    if asked.kind == "svg":
        if not can_engrave():
            raise UserError("scores need verovio: pip install 'sequence-tutor[score]'")
        drawn = engrave([to_musicxml(tokens, heard) for tokens in rows])
        return together("melody", suffix, kind, [svg.encode() for svg in drawn])
    if asked.kind == "wav":
        seconds = sum(map(len, rows)) / STEPS_PER_QUARTER * 60 / heard.tempo
        if seconds > LONGEST_SOUND:
            raise UserError(
                f"this would sound for {seconds:.0f} s, expected at most {LONGEST_SOUND:.0f} s in "
                "all; ask for fewer melodies or a higher tempo"
            )
    write: dict[str, Callable[[list[int], Heard], bytes]] = {
        "midi": midi_bytes,
        "musicxml": lambda tokens, heard: to_musicxml(tokens, heard).encode(),
        "wav": _sound,
    }
    return together("melody", suffix, kind, [write[asked.kind](tokens, heard) for tokens in rows])


def _sound(tokens: Sequence[int], heard: Heard) -> bytes:
    backing = accompaniment(heard, len(tokens))
    return wav_bytes(synthesise(tokens, heard.tempo, heard.transpose, backing=backing))


def together(name: str, suffix: str, kind: str, contents: Sequence[bytes]) -> File:
    """One file as it is, several as a zip archive."""
    if len(contents) == 1:
        return File(f"{name}.{suffix}", kind, contents[0])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents, start=1):
            archive.writestr(zipfile.ZipInfo(f"{name}-{number}.{suffix}", _OLDEST), content)
    return File(f"{name}.zip", "application/zip", packed.getvalue())
