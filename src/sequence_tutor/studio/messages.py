"""What may be asked of the studio: messages in JSON, checked field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import ConfigDict, Field, model_validator
from starlette.exceptions import HTTPException

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings, check_number, nearest
from sequence_tutor.errors import UserError, shown

MOST_CANDIDATES, MOST_BARS, MOST_TOKENS = 16, 16, 512
LARGEST_FILE = 4 * 2**20
"""Bytes of a file that is dropped."""

LARGEST_READING = LARGEST_FILE * 4 // 3 + 4096
"""Bytes of a request with a file, in base64."""

LARGEST_BODY = 2**18
"""Bytes of any other request."""

DomainName = Literal["melody", "molecule", "text"]
Short = Annotated[str, Field(max_length=120)]
Long = Annotated[str, Field(max_length=4_000)]
Tokens = Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MOST_TOKENS, min_length=1)]
Several = Annotated[list[Tokens], Field(max_length=MOST_CANDIDATES, min_length=1)]
Weights = Annotated[dict[Short, Annotated[float, Field(ge=-1_000, le=1_000)]], Field(max_length=64)]
Seed = Annotated[int, Field(ge=0)]


class Message(Settings):
    """A request: types are exact, and unknown fields are refused with the nearest name."""

    model_config = ConfigDict(strict=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown(cls, given: Any) -> Any:
        if isinstance(given, dict):
            names = [field.alias or name for name, field in cls.model_fields.items()]
            for name, value in given.items():
                if name not in names:
                    raise ValueError(f"unknown field {shown(name)}: {nearest(str(name), names)}")
                check_number(str(name), value)
        return given


class Chosen(Message):
    """Which model is meant."""

    model: Short | None = Field(None, description="id of a model of /v1/info")
    domain: DomainName | None = Field(
        None, description="kind of sequence; by default that of the model, or melody"
    )


class Sound(Chosen):
    """How melodies sound; molecules and text ignore it."""

    key: Short | None = Field(None, description="such as D, Em or D dorian")
    transpose: int | None = Field(
        None,
        ge=-60,
        le=60,
        description="semitones from the tokens to what sounds, as an earlier reply gave them",
    )
    meter: Short | None = Field(None, description="such as 3/4; by default the model's")
    upbeat: int | None = Field(None, ge=0, le=255, description="tokens before the first bar line")
    tempo: float | None = Field(None, ge=10, le=600, description="quarter notes a minute")
    chords: Long | None = Field(None, description='bars of chords, such as "Dm7 | G7 | C"')
    scale: Short | None = Field(None, description='of new notes, such as "D dorian"')


class Judged(Sound):
    """What is rewarded."""

    weights: Weights = Field(default_factory=dict, description="rule or term -> weight")
    form: Short | None = Field(None, description="of the sections, such as A A' B A")


class SoundingNote(Message):
    """A note of a melody, at the pitch that sounds."""

    start: int = Field(ge=0, lt=MOST_TOKENS, description="sixteenths before it")
    length: int = Field(ge=1, le=MOST_TOKENS, description="sixteenths")
    pitch: int = Field(ge=0, le=127, description="MIDI number; middle C is 60")


class Own(Message):
    """A sequence of the user's: tokens, or the notes of a melody."""

    tokens: Tokens | None = Field(None, description="as the model would write them")
    notes: Annotated[list[SoundingNote], Field(max_length=MOST_TOKENS, min_length=1)] | None = (
        Field(None, description="the notes instead, in place of which tokens are found")
    )

    @model_validator(mode="after")
    def _is_one(self) -> Own:
        if (self.tokens is None) == (self.notes is None):
            raise ValueError("expected either tokens or notes")
        return self


class Generate(Judged):
    """Write sequences to wishes."""

    source: Own | None = Field(None, alias="from", description="the user's own sequence")
    keep: Short = Field("", description='bars of it that stay, such as "1-2, 5 rhythm"')
    vary: float | None = Field(
        None, gt=0, le=1, description="share of the rest that is to differ from it"
    )
    bars: int | None = Field(None, ge=1, le=MOST_BARS, description="bars of a melody")
    range: Short | None = Field(None, description="such as C4..G5, or an instrument")
    aims: Annotated[list[Short], Field(max_length=32)] = Field(
        default_factory=list, description='such as "last_note_is_tonic >= 90 %"'
    )
    strength: float = Field(1.0, ge=0, le=2, description="of the reward; 0 is the prior")
    variety: float = Field(1.0, ge=0.5, le=2, description="below 1: likelier ones come more often")
    count: int = Field(8, ge=1, le=MOST_CANDIDATES, description="candidates")
    seed: Seed = Field(1, description="the same seed gives the same candidates")
    fragment: Short | None = Field(
        None, description="SMILES that molecules begin with; with [*], what they hold"
    )
    near: Long | None = Field(None, description="SMILES that molecules should be similar to")


class Account(Judged):
    """Say what sequences are paid."""

    tokens: Several
    range: Short | None = None
    aims: Annotated[list[Short], Field(max_length=32)] = Field(default_factory=list)
    fragment: Short | None = None
    near: Long | None = None


class Read(Message):
    """Read a file."""

    name: Annotated[str, Field(max_length=500)] = Field(description="its ending says its kind")
    content: str = Field(description="the bytes of the file in base64")
    domain: DomainName = "melody"
    model: Short | None = Field(None, description="whose tokens it is read into")
    structure: bool = Field(
        False, description="of a molecule only its canonical SMILES and a molfile to draw"
    )


class Render(Sound):
    """Write sequences as a file."""

    tokens: Several
    kind: Literal["midi", "musicxml", "abc", "wav", "svg", "smi", "sdf", "csv", "txt"]
    accompaniment: bool = Field(False, description="whether the chords sound")


class Tune(Judged):
    """Tune a model for wishes, in the background."""

    aims: Annotated[list[Short], Field(max_length=32)] = Field(
        default_factory=list, description='such as "last_note_is_tonic >= 90 %"'
    )
    bars: int | None = Field(None, ge=1, le=MOST_BARS, description="bars of a melody")
    steps: int | None = Field(
        None, ge=1, le=100_000, description="updates; by default those of the preset"
    )
    seed: Seed = Field(0, description="of every random choice")
    name: Annotated[str, Field(max_length=60)] = Field("", description="of the model to come")


AnyMessage = TypeVar("AnyMessage", bound=Message)


def read_message(body: bytes, kind: type[AnyMessage]) -> AnyMessage:
    """The message in a body.

    Raises:
        HTTPException: the body is no JSON object, or not such a message; one sentence.
    """
    try:
        found = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the body is not JSON, expected an object") from error
    if not isinstance(found, Mapping):
        raise HTTPException(400, "the body is JSON but no object")
    try:
        return build(kind, found, kind.__name__.lower())
    except UserError as error:
        raise HTTPException(422, str(error)) from error


def _refuse_constant(name: str) -> NoReturn:
    """NaN and infinities are not of JSON."""
    raise ValueError(name)
