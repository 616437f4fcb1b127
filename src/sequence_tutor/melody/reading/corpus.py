"""Melodies to train a prior on: read from many files, divided by tune."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import Field

from sequence_tutor.domain import Progress
from sequence_tutor.domain.corpus import ALL, Corpus, Intake
from sequence_tutor.domain.corpus_cache import cached, fingerprint
from sequence_tutor.errors import UserError
from sequence_tutor.foreign import Member, door, reason_of
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF
from sequence_tutor.melody.midi import read_midi
from sequence_tutor.melody.reading.abc import read_abc
from sequence_tutor.melody.reading.extraction import ExtractionSettings, extract
from sequence_tutor.melody.reading.musicxml import read_musicxml
from sequence_tutor.melody.reading.score import TuneScore
from sequence_tutor.melody.reading.sources import MIDI_SUFFIXES, read_sources

# Raise it whenever reading or extraction changes, so that no stale cache is used.
CACHE_VERSION = 6

_OPENING = 16


class MelodyDataSettings(ExtractionSettings):
    """How tunes become melodies, and how they are divided into training, validation and test."""

    validation: float = Field(0.1, gt=0, lt=0.5, description="share of tunes to stop training by")
    test: float = Field(0.1, gt=0, lt=0.5, description="share of tunes to report on")
    split_seed: int = Field(0, ge=0, description="seed of the division")


class ExtractedTune(NamedTuple):
    """The melodies of a file, or of a tune of a tune book.

    Attributes:
        name: the file, and the number in a tune book.
        melodies: tokens of each; none where there is a problem.
        meter: the first where it changes, such as 6/8.
        problem: why there is no melody; empty if there are some.
    """

    name: str
    melodies: Sequence[Sequence[int]] = ()
    meter: str = ""
    problem: str = ""


def read_corpus(
    paths: Sequence[Path],
    settings: MelodyDataSettings | None = None,
    cache: Path | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Corpus:
    """Read every melody at the paths; a file that gives none is listed with its reason.

    Args:
        paths: files, folders and archives.
        settings: how tunes become melodies, and how these are divided.
        cache: folder that keeps the encoded corpus, by content and settings; None: nothing is kept.
        progress: called after each file with the number of files done and of all.

    Raises:
        UserError: when a path does not exist, or no file holds a melody.
    """
    settings = settings or MelodyDataSettings()
    contents = [
        (str(path), file.name, file.problem, hashlib.sha256(file.data).hexdigest())
        for path in paths
        for file in read_sources([path])
    ]

    def read() -> Corpus:
        tunes = TuneIntake(settings)
        files = ((path, file) for path in paths for file in read_sources([path]))
        for done, (path, file) in enumerate(files, start=1):
            for tune in tunes_of(file, settings):
                tunes.take(tune, path.name)
            progress(done, len(contents))
        tunes.intake.require(paths, "no melody found, expected MIDI, ABC or MusicXML", "")
        return tunes.finish()

    known = fingerprint(str(CACHE_VERSION), settings, contents)
    return cached(None if cache is None else cache / f"melodies-{known}", read)


class TuneIntake:
    """Gathers tunes; the side of each depends on its content and the seed alone.

    So a tune keeps its side when files are added, renamed or given twice.
    """

    def __init__(self, settings: MelodyDataSettings) -> None:
        self.settings = settings
        self.intake = Intake()
        self._meters: Counter[str] = Counter()
        self._tunes: set[tuple[str, str]] = set()  # sources and names

    def take(self, tune: ExtractedTune, source: str) -> None:
        """Keep the melodies of a tune, or count why there are none."""
        counts = self.intake.counts(source)
        if tune.problem:
            counts["skipped"] += 1
            self.intake.drop(tune.name, tune.problem)
            return
        counts["tunes"] += (source, tune.name) not in self._tunes
        self._tunes.add((source, tune.name))
        place = _unit_interval(f"{self.settings.split_seed}:{tune_hash(tune.melodies)}")
        for tokens in tune.melodies:
            self._meters[tune.meter] += 1
            rests, holds = tokens.count(NOTE_OFF), tokens.count(HOLD)
            counts.update(melodies=1, tokens=len(tokens), rests=rests, holds=holds)
            self.intake.take(tokens, place)

    def finish(self) -> Corpus:
        """The corpus, with the most common meter as its only fact."""
        everything = sum(self.intake.sources.values(), Counter())
        summary = {name: _row(counts) for name, counts in self.intake.sources.items()}
        return self.intake.finish(
            self.settings.validation,
            self.settings.test,
            {"meter": self._meters.most_common(1)[0][0]},
            {**summary, ALL: _row(everything)},
        )


def tunes_of(file: Member, settings: ExtractionSettings) -> Iterator[ExtractedTune]:
    """The tunes of one file, each with its melodies or with the reason why there are none."""
    if file.problem:
        yield ExtractedTune(file.name, problem=file.problem)
        return
    try:
        for name, score in read_scores(file):
            try:
                melodies = extract(score, settings)
            except Exception as error:
                yield ExtractedTune(name, problem=reason_of(error))
            else:
                yield ExtractedTune(name, melodies, "/".join(map(str, score.meters[0])))
    except UserError as error:
        yield ExtractedTune(file.name, problem=str(error).removeprefix(f"{file.name}: "))


def read_scores(file: Member) -> Iterator[tuple[str, TuneScore]]:
    """The scores of one file with their names: one, or one for each tune of a tune book.

    Raises:
        UserError: when the file cannot be read.
    """
    name = file.name.lower()
    with door(file.name):
        if name.endswith(".abc"):
            yield from read_abc(file.data, file.name)
        elif name.endswith(MIDI_SUFFIXES):
            yield file.name, read_midi(file.data, file.name)
        else:
            yield file.name, read_musicxml(file.data, file.name)


def tune_hash(melodies: Sequence[Sequence[int]]) -> str:
    """A hash of a tune's opening: the first 16 intervals, modulo octaves, of its first melody.

    Versions of one tune that differ in key, rhythm, ornaments after the opening, or in how repeats
    are played out share it, and so stay on one side of a split. Of 3,448 real tunes, many of them
    both as MIDI and as ABC, it distinguishes 2,849; a hash of all tokens distinguishes 3,043.
    """
    tokens = np.array(melodies[0], dtype=np.int64)
    intervals = np.diff(tokens[tokens >= FIRST_NOTE][: _OPENING + 1]) % 12
    return hashlib.sha256(intervals.astype(np.uint8).tobytes()).hexdigest()[:32]


def _unit_interval(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def _row(counts: Counter[str]) -> dict[str, float]:
    """A row of the summary: counts, and shares of the tokens."""
    total = max(1, counts["tokens"])
    rests, holds = counts["rests"], counts["holds"]
    return {
        **{name: counts[name] for name in ("tunes", "skipped", "melodies", "tokens")},
        "notes": (counts["tokens"] - rests - holds) / total,
        "holds": holds / total,
        "rests": rests / total,
    }
