from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sequence_tutor.domain.corpus import Corpus
from sequence_tutor.domain.division import TEST, TRAIN, VALIDATION, divide
from sequence_tutor.errors import UserError
from sequence_tutor.melody.midi import write_midi
from sequence_tutor.melody.reading.corpus import (
    ExtractedTune,
    MelodyDataSettings,
    TuneIntake,
    read_corpus,
    tune_hash,
    tunes_of,
)
from sequence_tutor.melody.reading.sources import read_sources
from sequence_tutor.melody.writing.abc import write_abc

CORPORA = Path(__file__).parents[4] / "shared" / "data" / "melodies"
TUNE = [14, 1, 16, 1, 18, 1, 19, 1, 21, 1, 0, 23, 25, 1, 26, 1] * 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good files, one of them the other as ABC, and four that cannot be used."""
    tunes = tmp_path / "tunes"
    write_midi(tunes / "a.mid", TUNE)
    write_abc(tunes / "b.abc", TUNE)
    write_midi(tunes / "short.mid", TUNE[:8])
    (tunes / "empty.mid").touch()
    (tunes / "broken.xml").write_text("<score-partwise>")
    (tunes / "letter.abc").write_text("Dear Sir,")
    return tunes


def test_melodies_and_skipped_files(folder: Path) -> None:
    calls: list[tuple[int, int]] = []
    corpus = read_corpus([folder], progress=lambda done, total: calls.append((done, total)))
    assert corpus.sequences.rows() == [TUNE, TUNE]
    assert len(set(corpus.sides.tolist())) == 1  # they are one tune
    reasons = {Path(name).name: reason for name, reason in corpus.skipped}
    assert reasons["empty.mid"].startswith("not a MIDI file")
    assert reasons["broken.xml"].startswith("damaged MusicXML")
    assert reasons["letter.abc"].startswith("no tune in it")
    assert reasons["short.mid"].startswith("shorter than 7 bars")
    assert len(corpus.dropped) == 4
    assert corpus.facts == {"meter": "4/4"}
    assert calls == [(done, 6) for done in range(1, 7)]


def test_summary(folder: Path) -> None:
    summary = read_corpus([folder]).summary
    assert list(summary) == [folder.name, "all"]
    assert list(summary["all"].items()) == [
        *(("tunes", 2), ("skipped", 4), ("melodies", 2), ("tokens", 256)),
        *(("notes", 8 / 16), ("holds", 7 / 16), ("rests", 1 / 16)),
    ]


def test_nothing_usable_says_why(folder: Path) -> None:
    with pytest.raises(UserError, match=r"no melody found, .*: not a MIDI file"):
        read_corpus([folder / "empty.mid"])
    with pytest.raises(UserError, match="no such file"):
        read_corpus([folder / "none"])


def test_the_cache_gives_the_same_and_knows_content_and_settings(
    folder: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"

    def read(settings: MelodyDataSettings | None = None) -> tuple[list[object], int]:
        corpus = read_corpus([folder], settings, cache)
        found = [corpus.sequences.rows(), corpus.sides.tolist(), corpus.summary, corpus.facts]
        skipped = [tuple(row) for row in corpus.skipped]
        return [*found, skipped], len(list(cache.glob("*/corpus.json")))

    fresh, cached = read(), read()
    assert fresh == cached
    assert fresh[1] == 1
    assert read(MelodyDataSettings(minimum_bars=0, minimum_distinct_pitches=1))[1] == 2
    write_midi(folder / "a.mid", TUNE[::-1])
    assert read()[1] == 3


@pytest.mark.parametrize("name", ["corpus.json", "tokens.npy", "lengths.npy", "sides.npy"])
def test_a_damaged_cache_is_made_again(folder: Path, tmp_path: Path, name: str) -> None:
    cache = tmp_path / "cache"
    read_corpus([folder], cache=cache)
    (path,) = cache.glob(f"*/{name}")
    whole = path.read_bytes()
    for damaged in (whole[:40], b"[" * 100_000, b'{"facts": [[1], [2]], "skipped": [7]}'):
        path.write_bytes(damaged)
        assert len(read_corpus([folder], cache=cache).sequences) == 2


def many_tunes(count: int, **settings: float) -> tuple[Corpus, list[str]]:
    """A corpus, and the name of each of its melodies."""
    generator = np.random.default_rng(1)
    intake, names = TuneIntake(MelodyDataSettings.model_validate(settings)), []
    for number in range(count):
        tokens = generator.integers(2, 38, 64).astype(np.uint8)
        # every tune twice: the second time cut short, as without its repeats
        for name, version in ((f"{number}", tokens), (f"{number} again", tokens[:40])):
            intake.take(ExtractedTune(name, [version.tolist()], "4/4"), "here")
            names.append(name)
    return intake.finish(), names


def tunes_on(side: int, corpus: Corpus, names: list[str]) -> list[str]:
    return [names[place].removesuffix(" again") for place in np.flatnonzero(corpus.sides == side)]


def test_no_tune_is_on_two_sides() -> None:
    corpus, names = many_tunes(500, split_seed=3, validation=0.2, test=0.1)
    sides = [set(tunes_on(side, corpus, names)) for side in (TRAIN, VALIDATION, TEST)]
    assert [len(side) / 500 for side in sides] == pytest.approx([0.7, 0.2, 0.1], abs=0.06)
    assert sum(map(len, sides)) == len(set.union(*sides)) == 500


def test_a_tune_keeps_its_side_when_others_come() -> None:
    few, many = many_tunes(50, split_seed=1), many_tunes(80, split_seed=1)
    assert set(tunes_on(TEST, *few)) <= set(tunes_on(TEST, *many))
    assert tunes_on(TEST, *few) != tunes_on(TEST, *many_tunes(50, split_seed=2))


def test_versions_in_other_octaves_and_rhythms_are_one_tune() -> None:
    slow = [token for note in (2, 6, 9, 14) for token in (note, 1)]
    assert tune_hash([slow]) == tune_hash([[14, 18, 21, 26]])
    assert tune_hash([slow]) != tune_hash([[14, 18, 21, 25]])


def test_impossible_shares() -> None:
    with pytest.raises(ValueError, match="leave some"):
        divide(np.array([0.1, 0.6]), validation=0.5, test=0.5)


# Files, melodies and tokens under strict settings, by the corpora's own reference extractor.
STRICT = {
    "nottingham": (482, 482, 224_665),
    "cre": (679, 679, 261_377),
    "openewld": (359, 386, 166_804),
    "lieder": (394, 861, 219_949),
    "quartets": (20, 187, 63_640),
    "pop909": (887, 2_169, 792_900),
    "nottingham-abc": (482, 482, 224_665),
}


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    [
        name if name in ("nottingham", "openewld") else pytest.param(name, marks=pytest.mark.long)
        for name in STRICT
    ],
)
def test_counts_of_the_real_corpora(name: str) -> None:
    path = CORPORA / f"{name}.tar.gz"
    if not path.exists():
        pytest.skip(f"{name}.tar.gz is not beside this repository")
    found = read_corpus([path]).summary["all"]
    counts = [found[column] for column in ("tunes", "melodies", "tokens")]
    assert counts == pytest.approx(list(STRICT[name]), rel=0.04)


@pytest.mark.data
def test_performances_without_a_beat_are_skipped() -> None:
    path = CORPORA / "pop909-original-sample.tar.gz"
    if not path.exists():
        pytest.skip("pop909-original-sample.tar.gz is not beside this repository")
    settings = MelodyDataSettings.as_written()
    tunes = [tune for file in read_sources([path]) for tune in tunes_of(file, settings)]
    without_beat = sum("without a beat" in tune.problem for tune in tunes)
    assert without_beat >= 0.8 * 148
