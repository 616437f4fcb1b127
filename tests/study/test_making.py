"""Studies: everything equally often, both sides alike, nothing told by names."""

from __future__ import annotations

import re
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.storage.files import LEFTOVER
from sequence_tutor.study.design import Study
from sequence_tutor.study.folder import clip_path, load_study
from sequence_tutor.study.making import Design, make_folder

from .conftest import MODELS, melodies, small_study


def sides(study: Study) -> tuple[Counter[str | None], Counter[str | None]]:
    """How often each model is left and right."""
    shown = [study.models_of(pair) for pair in study.pairs]
    return Counter(left for left, _ in shown), Counter(right for _, right in shown)


@pytest.mark.parametrize(("models", "pairs"), [(2, 1), (2, 8), (3, 3), (4, 5), (4, 8), (5, 2)])
def test_every_two_models_meet_equally_often_on_both_sides(
    models: int, pairs: int, tmp_path: Path
) -> None:
    names = tuple(f"model-{number}" for number in range(models))
    study = small_study(tmp_path / "study", names, pairs, tokens=1)
    met = Counter(frozenset(map(str, study.models_of(pair))) for pair in study.pairs)
    assert set(met.values()) == {pairs}
    assert len(met) == models * (models - 1) // 2
    left, right = sides(study)
    odd = pairs % 2
    assert all(abs(left[name] - right[name]) <= odd for name in names)
    for pair in met:
        a, b = sorted(pair)
        first = sum(study.models_of(shown) == (a, b) for shown in study.pairs)
        assert abs(2 * first - pairs) <= odd


def test_every_clip_is_in_one_pair_and_says_nothing(study_folder: Path) -> None:
    study = load_study(study_folder)
    pairs = (*study.pairs, *study.checks)
    used = [name for pair in pairs for name in (pair.left, pair.right)]
    assert sorted(used) == sorted(study.clips)
    assert len({clip.tokens for clip in study.clips.values()}) == len(used) - 2  # of the checks
    for name, clip in study.clips.items():
        assert re.fullmatch("[0-9a-f]{10}", name)
        sound = clip_path(study_folder, name)
        assert clip.model is None or clip.model.encode() not in sound.read_bytes()
        with wave.open(str(sound)) as file:
            assert file.getnframes() / file.getframerate() == pytest.approx(clip.seconds)
    assert len({clip_path(study_folder, name).stat().st_size for name in used}) == 1


def test_the_checks_are_the_same_sound_twice_and_a_broken_one(study_folder: Path) -> None:
    study = load_study(study_folder)
    same = [
        clip_path(study_folder, name).read_bytes() for name in study.identical.model_dump().values()
    ]
    assert same[0] == same[1]
    whole, broken = study.broken.left, study.broken.right
    assert study.clips[whole].model in MODELS
    assert study.clips[broken].model is None
    sounds = []
    for name in (whole, broken):
        with wave.open(str(clip_path(study_folder, name))) as file:
            sounds.append(np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float))
    jumps = [np.abs(np.diff(sound)).mean() / np.abs(sound).mean() for sound in sounds]
    assert jumps[1] > 2 * jumps[0]  # noise leaps from sample to sample


def test_the_seed_decides_everything(tmp_path: Path) -> None:
    first, again = (small_study(tmp_path / name, seed=3) for name in ("a", "b"))
    other = small_study(tmp_path / "c", seed=4)
    assert first == again
    assert first.digest == again.digest != other.digest
    assert [study_clips(first) == study_clips(one) for one in (again, other)] == [True, False]


def study_clips(study: Study) -> list[str]:
    return [pair.left for pair in study.pairs]


def test_what_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    small_study(taken)
    before = sorted(taken.rglob("*"))
    with pytest.raises(UserError, match="something is there already"):
        small_study(taken)
    assert sorted(taken.rglob("*")) == before
    for design, given, complaint in (
        (Design(pairs=2), melodies(("one",), 4), "at least two"),
        (Design(pairs=2, rounds=3), melodies(MODELS, 6), "rounds is 3, expected at most 2"),
    ):
        with pytest.raises(UserError, match=complaint):
            make_folder(tmp_path / "new", given, design)
        assert not (tmp_path / "new").exists()


def test_a_study_that_was_interrupted_is_none(study_folder: Path) -> None:
    (study_folder / "study.json").rename(study_folder / f"{LEFTOVER}study.json")
    with pytest.raises(UserError, match=r"no study\.json is there"):
        load_study(study_folder)
