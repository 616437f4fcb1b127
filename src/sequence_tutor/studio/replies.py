"""What the studio answers, as types: for its description, and for the tests of its replies."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sequence_tutor.studio.messages import SoundingNote


class _Reply(BaseModel):
    """A reply in JSON."""

    model_config = ConfigDict(extra="forbid")


class Failure(_Reply):
    """Why a request was refused."""

    error: str = Field(description="one sentence")


class ListedModel(_Reply):
    """A model."""

    id: str
    name: str
    domain: Literal["melody", "molecule", "text"]
    tuned: bool
    length: int = Field(description="tokens that it usually writes")
    key: str | None
    meter: str | None
    weights: dict[str, float] = Field(description="of a tuned model's own reward")
    longest: int | None = Field(description="most tokens; null: the limits hold")
    default: bool


class Dial(_Reply):
    """A rule or a term with a slider."""

    name: str
    title: str
    help: str
    weight: float
    low: float
    high: float


class MelodyInfo(_Reply):
    """Tokens of melodies, and what may be asked of them."""

    hold: int
    off: int
    first_pitch_token: int
    first_pitch: int
    last_pitch: int
    steps_per_quarter: int
    keys: list[str]
    scales: list[str]
    ranges: list[str]
    meters: list[str]
    rules: list[Dial]


class Terms(_Reply):
    """Terms of a reward."""

    terms: list[Dial]


class Limits(_Reply):
    """How much may be asked at once."""

    count: int
    bars: int
    tokens: int
    body: int
    file: int


class InfoReply(_Reply):
    """What there is."""

    api: Literal[1]
    version: str
    models: list[ListedModel]
    melody: MelodyInfo
    molecule: Terms
    text: Terms
    limits: Limits


class HeardReply(_Reply):
    """How melodies sound."""

    key: str
    fifths: int
    meter: str
    bar: int = Field(description="tokens of a bar")
    beats: list[int]
    upbeat: int
    tempo: float
    transpose: int = Field(description="semitones from the tokens to what sounds")
    chords: str | None
    bars: list[tuple[int, int]] = Field(description="first token, and the one after the last")


class Candidate(_Reply):
    """A sequence, and what it is paid."""

    rank: int
    tokens: list[int]
    reward: float | None
    paid: dict[str, float]
    steps: dict[str, list[float]] = Field(description="rule -> what it pays at each token")
    log_prior: float | None
    log_prior_per_token: float | None
    text: str = Field(description="ABC, SMILES or the line")
    notes: list[SoundingNote] | None = Field(None, description="of a melody")
    svg: str | None = None
    properties: dict[str, Any]


class PricedAim(_Reply):
    """An aim, and what it costs."""

    aim: str
    prior: float | None
    reached: float | None
    price: float | None = Field(description="nats a sequence for one more unit or point")
    nats: float | None = Field(description="that it costs alone")


class GenerateReply(_Reply):
    """Candidates."""

    seed: int
    model: str
    candidates: list[Candidate]
    aims: list[PricedAim]
    remarks: list[str]
    effective_sample_size: float
    drawn: int
    heard: HeardReply | None
    seconds: float


class AccountReply(_Reply):
    """What sequences are paid."""

    candidates: list[Candidate]
    heard: HeardReply | None


class ReadReply(_Reply):
    """A file as tokens."""

    tokens: list[int] = Field(description="none where only the structure was asked for")
    key: str | None
    meter: str | None
    tempo: float | None
    chords: str | None
    bars: int | None
    remarks: list[str]
    text: str | None
    molfile: str | None = Field(
        description="of a structure: MDL molfile, V2000, with coordinates in two dimensions"
    )
    heard: HeardReply | None


class AimRow(_Reply):
    """A row that may be aimed at."""

    row: str
    low: float | None
    high: float | None
    prior: float | None
    percent: bool


class AimsReply(_Reply):
    """The rows of a model."""

    model: str
    rows: list[AimRow]


class JobReply(_Reply):
    """A tuning in the background."""

    id: str
    name: str
    model: str
    domain: str
    state: Literal["waiting", "running", "done", "failed", "stopped"]
    step: int
    steps: int
    seconds_left: int | None
    live: str
    error: str | None


class JobsReply(_Reply):
    """All of them."""

    jobs: list[JobReply]


class JobBegun(_Reply):
    """The job that was put into the queue."""

    id: str
