"""Files that are dropped onto the page: data, read in memory or in a folder of their own."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from sequence_tutor.domain import of_kind
from sequence_tutor.errors import UserError, printable, shown
from sequence_tutor.evaluation.model import Model
from sequence_tutor.foreign import Member, door
from sequence_tutor.melody.beginnings import begin_with
from sequence_tutor.melody.filling.fill import chords_of
from sequence_tutor.melody.reading.own_tunes import tunes_of
from sequence_tutor.melody.reading.sources import MELODY_SUFFIXES, TOKEN_SUFFIXES
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.studio.messages import LARGEST_FILE, MOST_TOKENS, Read
from sequence_tutor.studio.sound import frame_of, heard_json

LONGEST_NAME = 80

NOTHING_READ: dict[str, Any] = {
    "tokens": [],
    **dict.fromkeys(("key", "meter", "tempo", "chords", "bars", "text", "molfile", "heard")),
    "remarks": [],
}
"""A reply, before anything was read."""


def read_dropped(model: Model, asked: Read) -> dict[str, Any]:
    """The first sequence of a file as a model's tokens, and what reading changed.

    Raises:
        UserError: base64 that is none, a file that is too large, of no known kind, or damaged.
    """
    if asked.structure:
        raise UserError(f"structure is of molecules, not of {model.domain.name}")
    name, data = dropped_file(asked)
    if model.domain.name == "melody" and name.lower().endswith(MELODY_SUFFIXES):
        return _tune(model, Member(name, data))
    return _tokens(model, name, data)


def dropped_file(asked: Read) -> tuple[str, bytes]:
    """The name of a file, only to be shown, and its bytes.

    Raises:
        UserError: base64 that is none, or a file that is too large.
    """
    try:
        data = base64.b64decode(asked.content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError("content is no base64, expected the bytes of a file in it") from error
    if len(data) > LARGEST_FILE:
        raise UserError(f"the file is larger than {LARGEST_FILE // 2**20} MiB")
    # of a name that may be a path of another system only the last part, and only to be shown
    name = printable(PurePosixPath(asked.name.replace("\\", "/")).name, LONGEST_NAME) or "a file"
    return name, data


def _tune(model: Model, file: Member) -> dict[str, Any]:
    """The first tune of a music file."""
    frame = frame_of(model)
    for tune in tunes_of(file):
        given = {} if tune.meter is None else {"meter": str(tune.meter)}
        settings = of_kind(MelodyOutputSettings, model.files(given, primed=True))
        begun = begin_with(tune, settings, frame)
        settings = of_kind(MelodyOutputSettings, begun.settings)
        if tune.chords:
            chords = chords_of(tune, begun.tokens, settings, frame)
            settings = settings.model_copy(update={"chords": chords})
        heard = settings.heard(frame)
        return {
            "tokens": list(begun.tokens),
            "key": settings.key,
            "meter": str(heard.meter),
            "tempo": tune.tempo,
            "chords": settings.chords,
            "bars": len(heard.bars(len(begun.tokens))),
            "remarks": list(begun.remarks),
            "text": None,
            "molfile": None,
            "heard": heard_json(heard, settings, len(begun.tokens)),
        }
    raise UserError(f"{file.name}: no melody in it")


def _tokens(model: Model, name: str, data: bytes) -> dict[str, Any]:
    """The first sequence of a list of tokens, of molecules or of lines."""
    suffix = Path(name).suffix.lower()
    if model.domain.name == "melody" and suffix not in TOKEN_SUFFIXES:
        known = " ".join((*MELODY_SUFFIXES, *TOKEN_SUFFIXES))
        raise UserError(f"{name}: unknown kind of file, expected one of {known}")
    if not suffix[1:].isalnum() or len(suffix) > 10:
        raise UserError(f"{name}: its ending {shown(suffix)} says no kind of file")
    with TemporaryDirectory(prefix="studio-") as folder:
        path = Path(folder) / f"dropped{suffix}"
        path.write_bytes(data)
        try:
            with door(path):
                found = next(iter(model.domain.read_sequences(path)), None)
        except UserError as error:
            raise UserError(str(error).replace(str(path), name)) from error
    if not found:
        raise UserError(f"{name}: no {model.domain.name} in it")
    if len(found) > MOST_TOKENS:
        raise UserError(f"{name}: {len(found)} tokens, expected at most {MOST_TOKENS}")
    reply: dict[str, Any] = NOTHING_READ | {
        "tokens": found,
        "text": "".join(map(model.domain.token_text, found[:-1])),
    }
    if model.domain.name == "melody":
        settings = of_kind(MelodyOutputSettings, model.files())
        heard = settings.heard(frame_of(model))
        return reply | {
            "text": None,
            "meter": str(heard.meter),
            "bars": len(heard.bars(len(found))),
            "heard": heard_json(heard, settings, len(found)),
        }
    return reply
