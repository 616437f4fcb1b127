"""A corpus: melodies read from many files, with what was skipped and why, cached and split."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.division import TEST, TRAIN, VALIDATION, divide
from sequence_tutor.errors import UserError
from sequence_tutor.foreign import door, reason_of
from sequence_tutor.melody.abc_reader import read_abc
from sequence_tutor.melody.corpus_cache import load, save, survey
from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF
from sequence_tutor.melody.extraction import ExtractionSettings, extract
from sequence_tutor.melody.midi import read_midi
from sequence_tutor.melody.musicxml import read_musicxml
from sequence_tutor.melody.score import Score
from sequence_tutor.melody.sources import MIDI_SUFFIXES, SourceFile, read_sources

_OPENING = 16


class SkippedFile(NamedTuple):
    """A file, or a tune of a tune book, that gave no melody."""

    source: str
    name: str
    reason: str


@dataclass(frozen=True)
class SourceSummary:
    """What came out of one path the user gave, or of all of them.

    Attributes:
        tunes: that gave at least one melody.
        skipped: files or tunes that gave none.
        melodies: pieces between long rests.
        tokens: in all melodies.
        notes: share of tokens that start a note, 0..1; likewise `holds` and `rests`.
    """

    tunes: int
    skipped: int
    melodies: int
    tokens: int
    notes: float
    holds: float
    rests: float


@dataclass(frozen=True)
class Melody:
    """One melody and the tune it comes from.

    Attributes:
        tokens: (T,) uint8.
        tune: hash of how the tune opens, which equal tunes of any name share.
        source: the path the user gave.
        name: the file, and the number in a tune book.
        meter: of the tune, the first where it changes, such as 6/8.
    """

    tokens: NDArray[np.uint8]
    tune: str
    source: str
    name: str
    meter: str = ""


@dataclass(frozen=True)
class Split:
    """Melodies by side; no tune is on two of them."""

    train: tuple[Melody, ...]
    validation: tuple[Melody, ...]
    test: tuple[Melody, ...]


@dataclass(frozen=True)
class Corpus:
    """All melodies read, and the files that gave none."""

    melodies: tuple[Melody, ...]
    skipped: tuple[SkippedFile, ...]

    def summary(self) -> dict[str, SourceSummary]:
        """A summary per source, and last one named `all`."""
        melodies: dict[str, list[Melody]] = {}
        for melody in self.melodies:
            melodies.setdefault(melody.source, []).append(melody)
        skipped = Counter(entry.source for entry in self.skipped)
        summaries = {
            source: _summarise(melodies.get(source, []), skipped[source])
            for source in dict.fromkeys((*melodies, *skipped))
        }
        return {**summaries, "all": _summarise(self.melodies, len(self.skipped))}

    def meters(self) -> list[tuple[str, int]]:
        """The meters of the melodies, the most frequent first."""
        return Counter(melody.meter for melody in self.melodies).most_common()

    def reasons(self) -> list[tuple[str, int]]:
        """Why files were skipped, the most frequent reason first."""
        return Counter(skipped.reason for skipped in self.skipped).most_common()

    def split(self, seed: int = 0, validation: float = 0.1, test: float = 0.1) -> Split:
        """Divide by tune: the side depends on the tune's content and the seed, nothing else.

        So a tune keeps its side when files are added, renamed or given twice; see `divide` for
        very few.

        Raises:
            ValueError: when the shares are negative or leave nothing to train on.
        """
        if validation < 0 or test < 0 or validation + test >= 1:
            raise ValueError(f"shares of {validation} and {test} must leave some for training")
        places = [_unit_interval(f"{seed}:{melody.tune}") for melody in self.melodies]
        sides = divide(np.array(places), validation, test)

        def on(side: int) -> tuple[Melody, ...]:
            return tuple(self.melodies[place] for place in np.flatnonzero(sides == side))

        return Split(on(TRAIN), on(VALIDATION), on(TEST))


def read_corpus(
    paths: Sequence[Path],
    settings: ExtractionSettings | None = None,
    cache_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Corpus:
    """Read every melody at the paths; a file that gives none is listed with its reason.

    Args:
        paths: files, folders and archives.
        settings: how tunes become melodies.
        cache_dir: where the encoded corpus is kept, keyed by content and settings.
        progress: called after each file with the number of files done and of all.

    Raises:
        UserError: when a path does not exist, or no melody was found at all.
    """
    settings = settings or ExtractionSettings()
    fingerprint, files = survey(paths, settings)
    cache = None if cache_dir is None else cache_dir / f"corpus-{fingerprint}"
    cached = None if cache is None else load(cache)
    if cached is not None:
        return Corpus(
            tuple(Melody(tokens, *row) for tokens, row in zip(*cached[:2], strict=True)),
            tuple(SkippedFile(*row) for row in cached[2]),
        )
    corpus = _read(paths, settings, progress, files)
    if not corpus.melodies:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in corpus.reasons()[:3])
        raise UserError(
            f"{', '.join(map(str, paths))}: no melody found, expected MIDI, ABC or MusicXML"
            + (f"; skipped because: {reasons}" if reasons else "")
        )
    if cache is not None:
        rows = [(one.tune, one.source, one.name, one.meter) for one in corpus.melodies]
        save(cache, [melody.tokens for melody in corpus.melodies], rows, corpus.skipped)
    return corpus


def read_scores(file: SourceFile) -> Iterator[tuple[str, Score]]:
    """The scores of one file with their names: one, or as many as a tune book has tunes.

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


def _read(
    paths: Sequence[Path],
    settings: ExtractionSettings,
    progress: Callable[[int, int], None] | None,
    files: int,
) -> Corpus:
    melodies: list[Melody] = []
    skipped: list[SkippedFile] = []
    for done, file in enumerate(read_sources(paths), start=1):
        if file.problem:
            skipped.append(SkippedFile(file.source, file.name, file.problem))
        else:
            found, refused = _melodies_of(file, settings)
            melodies.extend(found)
            skipped.extend(refused)
        if progress is not None:
            progress(done, files)
    return Corpus(tuple(melodies), tuple(skipped))


def _melodies_of(
    file: SourceFile, settings: ExtractionSettings
) -> tuple[list[Melody], list[SkippedFile]]:
    """The melodies of one file, and its tunes (or the whole file) that gave none."""
    melodies: list[Melody] = []
    skipped: list[SkippedFile] = []
    try:
        for name, score in read_scores(file):
            try:
                tunes = [np.array(tokens, dtype=np.uint8) for tokens in extract(score, settings)]
            except Exception as error:
                skipped.append(SkippedFile(file.source, name, reason_of(error)))
                continue
            tune = tune_hash(tunes)
            meter = "/".join(map(str, score.meters[0]))
            melodies.extend(Melody(tokens, tune, file.source, name, meter) for tokens in tunes)
    except UserError as error:
        reason = str(error).removeprefix(f"{file.name}: ")
        skipped.append(SkippedFile(file.source, file.name, reason))
    return melodies, skipped


def tune_hash(melodies: Sequence[NDArray[np.uint8]]) -> str:
    """A hash of how a tune opens: the first 16 intervals, octaves aside, of its first melody.

    Settings of one tune that differ in key, rhythm, ornaments further on, or in how repeats are
    played out share it, and so stay on one side of a split. Of 3,448 real tunes, many there as
    MIDI and as ABC, it tells 2,849 apart; a hash of all tokens takes 3,043 for different.
    """
    tokens = melodies[0].astype(np.int64)
    intervals = np.diff(tokens[tokens >= FIRST_NOTE][: _OPENING + 1]) % 12
    return hashlib.sha256(intervals.astype(np.uint8).tobytes()).hexdigest()[:32]


def _unit_interval(text: str) -> float:
    """A number in [0, 1) that depends on the text alone, on every machine and in every run."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def _summarise(melodies: Sequence[Melody], skipped: int) -> SourceSummary:
    tokens = (
        np.concatenate([melody.tokens for melody in melodies])
        if melodies
        else np.empty(0, dtype=np.uint8)
    )
    total = max(1, len(tokens))
    rests, holds = int((tokens == NOTE_OFF).sum()), int((tokens == HOLD).sum())
    return SourceSummary(
        tunes=len({(melody.source, melody.name) for melody in melodies}),
        skipped=skipped,
        melodies=len(melodies),
        tokens=len(tokens),
        notes=(len(tokens) - rests - holds) / total,
        holds=holds / total,
        rests=rests / total,
    )
