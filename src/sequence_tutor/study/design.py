"""The contents of `study.json`, and what each listener hears.

A study is a folder: `study.json`, which says which model wrote which clip, and the clips, whose
names are random. Listeners see only names of clips.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Final, Literal, Self

import torch
from pydantic import Field, model_validator

from sequence_tutor.config.settings import Settings
from sequence_tutor.randomness import named_generator

FORMAT: Final = 1
Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

CONSENT = (
    "You will hear pairs of short melodies and say which of the two you prefer. Your answers are "
    "kept for a study of methods that write melodies. Nothing is kept that says who you are: no "
    "name, no address, no account. You may stop at any time by closing the page."
)


class Texts(Settings):
    """The texts that listeners read."""

    title: str = Field("Which melody do you prefer?", min_length=1, max_length=200)
    consent: str = Field(CONSENT, min_length=1, max_length=5000)


class SoundClip(Settings):
    """One sound file."""

    model: str | None  # the model that wrote it; None for the distorted clip
    tokens: tuple[int, ...]  # of the melody
    seconds: float = Field(gt=0)  # duration
    sha256: str = Field(pattern="^[0-9a-f]{64}$")  # of the file


class Pair(Settings):
    """Two clips to be compared, by name, on their sides before any swap."""

    left: str
    right: str


class Study(Settings):
    """A whole study."""

    format: Literal[1] = FORMAT
    models: tuple[str, ...]  # names, in the order of figures and tables
    clips: dict[str, SoundClip]
    pairs: tuple[Pair, ...]  # clip pairs, equally many for each two models
    identical: Pair  # attention check: the same sound twice
    broken: Pair  # attention check: a melody and noise
    rounds: int = Field(ge=1)  # pairs of each two models that one listener hears
    seed: int = Field(ge=0)  # of all shuffling
    tempo: float = Field(gt=0)  # quarter notes a minute
    texts: Texts = Texts()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(set(self.models)) < 2 or len(set(self.models)) != len(self.models):
            raise ValueError(f"models are {list(self.models)}, expected at least two, each once")
        for pair in (*self.pairs, *self.checks):
            for name in (pair.left, pair.right):
                if name not in self.clips:
                    raise ValueError(f"a pair has the clip {name!r}, which is not among the clips")
        counts = Counter(frozenset(map(str, self.models_of(pair))) for pair in self.pairs)
        combinations = len(self.models) * (len(self.models) - 1) // 2
        expected = {frozenset((a, b)) for a in self.models for b in self.models if a != b}
        if set(counts) != expected or len(set(counts.values())) != 1:
            raise ValueError(
                f"pairs compare {len(counts)} combinations of models, expected each of the "
                f"{combinations} equally often"
            )
        if self.rounds > self.pairs_each:
            raise ValueError(
                f"rounds is {self.rounds}, expected at most {self.pairs_each}, the pairs of each "
                "two models"
            )
        return self

    @property
    def checks(self) -> tuple[Pair, Pair]:
        """The two attention checks."""
        return self.identical, self.broken

    @property
    def combinations(self) -> list[tuple[str, str]]:
        """Every two models, in the order of `models`."""
        return [(a, b) for place, a in enumerate(self.models) for b in self.models[place + 1 :]]

    @property
    def pairs_each(self) -> int:
        """Number of clip pairs for each two models."""
        return len(self.pairs) // len(self.combinations)

    @property
    def trials(self) -> int:
        """Number of pairs that one listener hears, including the checks."""
        return self.rounds * len(self.combinations) + len(self.checks)

    @property
    def digest(self) -> str:
        """SHA-256 of the study, stored with its answers."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def models_of(self, pair: Pair) -> tuple[str | None, str | None]:
        """The models that wrote the left and the right clip."""
        return self.clips[pair.left].model, self.clips[pair.right].model


def schedule(study: Study, listener: int) -> list[Pair]:
    """The trials of listener 0, 1, 2 ... in order of arrival: `study.trials` pairs.

    They depend on the study and the number alone, so that nothing of them is stored. Listeners take
    the pairs of each two models in turn, `rounds` at a time, so that each pair is heard equally
    often; in every second cycle the sides are swapped. The order is shuffled, and no check comes
    first.
    """
    trials: list[Pair] = []
    for a, b in study.combinations:
        own = [pair for pair in study.pairs if {*study.models_of(pair)} == {a, b}]
        for turn in range(listener * study.rounds, (listener + 1) * study.rounds):
            passes, place = divmod(turn, len(own))
            trials.append(mirrored(own[place]) if passes % 2 else own[place])
    generator = named_generator(study.seed, f"listener {listener}")
    trials = [trials[place] for place in torch.randperm(len(trials), generator=generator).tolist()]
    for check in study.checks:
        shown = mirrored(check) if torch.randint(2, (), generator=generator) else check
        place = 1 + int(torch.randint(len(trials), (), generator=generator))
        trials.insert(place, shown)
    return trials


def mirrored(pair: Pair) -> Pair:
    """The same pair with its sides swapped."""
    return Pair(left=pair.right, right=pair.left)
