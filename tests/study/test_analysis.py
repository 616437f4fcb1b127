"""From answers to a report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from sequence_tutor.errors import UserError
from sequence_tutor.estimates import wilson
from sequence_tutor.study.analysis import analyse
from sequence_tutor.study.answers import Answer, Listener
from sequence_tutor.study.design import Pair, Study
from sequence_tutor.study.folder import load_study
from sequence_tutor.study.ratings import attentive_ratings
from sequence_tutor.study.report import as_markdown, write_analysis

from .conftest import MODELS, answered, careful, small_study


def careless(_study: Study, pair: Pair) -> Answer:
    """Always the left one, and much so."""
    return Answer(left=pair.left, right=pair.right, choice="left", preference=1)


def by_chance(study: Study, pair: Pair) -> Answer:
    """The later model in two of three answers, which are decided by the clips' names."""
    answer = careful(study, pair)
    if {pair.left, pair.right} in [{c.left, c.right} for c in study.checks]:
        return answer
    if int(min(pair.left, pair.right), 16) % 3:
        return answer
    other = "left" if answer.choice == "right" else "right"
    return answer.model_copy(update={"choice": other, "preference": 6 - answer.preference})


def test_wins_are_counted_for_the_model_that_was_heard(study_folder: Path) -> None:
    study = load_study(study_folder)
    found = analyse(study, [answered(study, number) for number in range(8)], permutations=999)
    assert found.ratings == 8 * 3
    assert [(one.model, one.comparisons, one.wins) for one in found.standings] == [
        (MODELS[0], 16, 0),
        (MODELS[1], 16, 8),
        (MODELS[2], 16, 16),
    ]
    assert [one.mean_rating for one in found.standings] == [2, 3, 4]
    assert found.standings[1].share == wilson(0.5, 16)
    assert np.isnan(found.standings[0].score.value)  # it never won
    assert found.overall.p_permutation < 0.01
    assert found.degrees_of_freedom == 2
    assert [(one.effect, one.wins) for one in found.contrasts] == [(-0.5, 0), (-1, 0), (-0.5, 0)]
    assert found.attention.left_out == found.attention.contradictions == 0


def test_who_fails_a_check_is_left_out_unless_allowed(study_folder: Path) -> None:
    study = load_study(study_folder)
    nobody = Listener("nobody", ())
    begun = Listener("begun", answered(study, 0).answers[:1])
    people = [
        answered(study, 1),
        *(answered(study, number, careless) for number in range(2, 12)),
        nobody,
        begun,
    ]
    _, attention = attentive_ratings(study, people)
    assert (attention.joined, attention.answered, attention.finished) == (13, 12, 11)
    assert attention.failed_identical == attention.left_out == 10
    assert 0 < attention.failed_broken < 10  # noise was on the left for some
    assert attention.choices == 3 + 1
    ratings, attention = attentive_ratings(study, people, allowed_failures=2)
    assert attention.left_out == 0
    assert len(ratings) == attention.choices == 3 * 11 + 1
    assert attention.left_chosen >= 30


def test_answers_that_contradict_themselves_are_counted(study_folder: Path) -> None:
    study = load_study(study_folder)
    answers = tuple(
        answer.model_copy(update={"preference": 6 - answer.preference})
        for answer in answered(study, 0).answers
    )
    _, attention = attentive_ratings(study, [Listener("odd", answers)])
    assert attention.contradictions == 3


def test_nothing_to_analyse(study_folder: Path) -> None:
    study = load_study(study_folder)
    with pytest.raises(UserError, match="no answers that count"):
        analyse(study, [Listener("nobody", ())])
    worst = tuple(
        answer.model_copy(update={"preference": 1}) for answer in answered(study, 0).answers
    )
    with pytest.raises(UserError, match="1 of 1 listeners failed the attention checks"):
        analyse(study, [Listener("careless", worst)])
    one = answered(study, 0)
    with pytest.raises(UserError, match="listener 0 was given twice"):
        analyse(study, [one, one])


def test_the_first_answer_says_something_of_two_models_only(
    study_folder: Path, tmp_path: Path
) -> None:
    study = load_study(study_folder)
    begun = Listener("begun", answered(study, 0).answers[:1])
    found = analyse(study, [begun], permutations=99)
    assert sorted(one.comparisons for one in found.standings) == [0, 1, 1]
    assert found.degrees_of_freedom == 1  # H is of the two that were heard
    assert sorted(np.isnan(one.effect) for one in found.contrasts) == [False, True, True]
    write_analysis(tmp_path / "out", found)
    assert "undefined" in (tmp_path / "out" / "analysis.md").read_text()


def test_the_shape_of_the_papers_study(tmp_path: Path) -> None:
    study = small_study(tmp_path / "study", ("rnn", "q", "psi", "g"), 8, 2, tokens=1)
    listeners = []
    for number in range(16):
        answers = tuple(
            careless(study, pair).model_copy(update={"preference": 2 + number % 3})
            if {pair.left, pair.right} != {study.broken.left, study.broken.right}
            else Answer(
                left=pair.left,
                right=pair.right,
                choice="left" if pair.left == study.broken.left else "right",
                preference=3,
            )
            for pair in _trials(study, number)
        )
        listeners.append(Listener(str(number), answers))
    found = analyse(study, listeners, permutations=99)
    assert found.ratings == 192
    assert found.degrees_of_freedom == 3
    assert {one.comparisons for one in found.standings} == {96}
    assert sum(one.wins for one in found.standings) == 192
    assert len(found.contrasts) == 6


def _trials(study: Study, number: int) -> list[Pair]:
    from sequence_tutor.study.design import schedule

    return schedule(study, number)


def test_what_is_written(study_folder: Path, tmp_path: Path) -> None:
    study = load_study(study_folder)
    people = [answered(study, number, by_chance) for number in range(8)]
    found = analyse(study, people, permutations=99)
    write_analysis(tmp_path / "out", found)
    numbers = json.loads((tmp_path / "out" / "analysis.json").read_text())
    assert numbers == found.to_json()
    assert numbers["kruskal_wallis"]["degrees_of_freedom"] == 2
    text = (tmp_path / "out" / "analysis.md").read_text()
    assert text == as_markdown(found)
    for one in found.standings:
        assert f"| {one.model} | {one.wins} of {one.comparisons} |" in text
    assert "24 ratings by 8 listeners, of whom 8 finished" in text
    assert text.count("\n|") == 2 + 3 + 2 + 3
    picture = imread(tmp_path / "out" / "wins.png")[..., :3]
    blue = (picture[..., 2] - picture[..., 0] > 0.5).sum(0)  # of every column of pixels
    bars = np.split(blue, np.flatnonzero(np.diff(blue > 0)) + 1)  # between them nothing is blue
    heights = np.array([np.median(bar) for bar in bars if bar.any()])
    shares = np.array([one.share.value for one in found.standings])
    assert heights / heights.max() == pytest.approx(shares / shares.max(), abs=0.02)


def test_the_same_seed_gives_the_same_numbers(study_folder: Path) -> None:
    study = load_study(study_folder)
    people = [answered(study, number, by_chance) for number in range(5)]
    first, again, other = (analyse(study, people, seed=seed, permutations=99) for seed in (0, 0, 1))
    assert first == again
    assert first.overall.p == other.overall.p
