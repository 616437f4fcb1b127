"""From answers to ratings: which listeners count, and what each answer says of two models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sequence_tutor.errors import UserError
from sequence_tutor.study.answers import Answer, Listener
from sequence_tutor.study.design import Study

NEUTRAL = 3


@dataclass(frozen=True)
class Ratings:
    """N answers about pairs of models, oriented so that the models are in the study's order."""

    models: tuple[str, ...]  # K names
    first: NDArray[np.int64]  # (N,) int64, numbers of the two models, first < second
    second: NDArray[np.int64]
    won: NDArray[np.bool_]  # (N,) bool, the first was chosen
    # (N,) int64, from -2, the second is much preferred, to 2, the first is
    points: NDArray[np.int64]
    # (N,) int64, number of the clip pair; ratings of one pair share their clips
    pair: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def wins(self) -> NDArray[np.float64]:
        """(K, K), how often row was preferred to column."""
        table = np.zeros((len(self.models), len(self.models)))
        np.add.at(table, (self.first[self.won], self.second[self.won]), 1)
        np.add.at(table, (self.second[~self.won], self.first[~self.won]), 1)
        return table

    def of(self, model: int) -> NDArray[np.int64]:
        """The ratings of a model, one to five, in all answers about it."""
        given = np.concatenate(
            (self.points[self.first == model], -self.points[self.second == model])
        )
        return given + NEUTRAL


@dataclass(frozen=True)
class Attention:
    """The attention checks, and other signs of care."""

    joined: int  # listeners who began
    answered: int  # listeners with at least one answer
    finished: int  # listeners with all answers
    failed_identical: int  # listeners who much preferred one of two equal sounds
    failed_broken: int  # listeners who preferred noise
    left_out: int  # listeners whose answers do not count
    contradictions: int  # answers whose preference contradicts the choice
    left_chosen: int  # answers that chose the left clip, of all that count
    choices: int


def attentive_ratings(
    study: Study, listeners: Sequence[Listener], allowed_failures: int = 0
) -> tuple[Ratings, Attention]:
    """The ratings of listeners who fail at most `allowed_failures` attention checks.

    Raises:
        UserError: a listener comes twice, or there are no answers that count.
    """
    for name, count in Counter(listener.name for listener in listeners).items():
        if count > 1:
            raise UserError(f"listener {name} was given twice, expected each answers file once")
    failures = [_failures(study, listener) for listener in listeners]
    kept = [
        listener
        for listener, failed in zip(listeners, failures, strict=True)
        if sum(failed) <= allowed_failures
    ]
    answers = [answer for one in kept for answer in one.answers if not _is_check(study, answer)]
    if not answers:
        failed = len(listeners) - len(kept)
        why = (
            f": {failed} of {len(listeners)} listeners failed the attention checks"
            if failed
            else ""
        )
        raise UserError(f"no answers that count are there yet, expected at least one{why}")
    attention = Attention(
        joined=len(listeners),
        answered=sum(bool(one.answers) for one in listeners),
        finished=sum(len(one.answers) == study.trials for one in listeners),
        failed_identical=sum(identical for identical, _ in failures),
        failed_broken=sum(broken for _, broken in failures),
        left_out=len(listeners) - len(kept),
        contradictions=sum(_contradicts(answer) for answer in answers),
        left_chosen=sum(answer.choice == "left" for answer in answers),
        choices=len(answers),
    )
    return _ratings(study, answers), attention


def _failures(study: Study, listener: Listener) -> tuple[bool, bool]:
    """Whether the identical and the broken check were failed; unanswered ones are not."""
    identical = broken = False
    for answer in listener.answers:
        if {answer.left, answer.right} == {study.identical.left, study.identical.right}:
            identical = answer.preference in (1, 5)
        if {answer.left, answer.right} == {study.broken.left, study.broken.right}:
            chosen = answer.left if answer.choice == "left" else answer.right
            broken = study.clips[chosen].model is None
    return identical, broken


def _is_check(study: Study, answer: Answer) -> bool:
    return any({answer.left, answer.right} == {c.left, c.right} for c in study.checks)


def _contradicts(answer: Answer) -> bool:
    leaning = answer.preference - NEUTRAL
    return leaning != 0 and (leaning < 0) != (answer.choice == "left")


def _ratings(study: Study, answers: Sequence[Answer]) -> Ratings:
    place = {model: number for number, model in enumerate(study.models)}
    pairs = {frozenset((p.left, p.right)): number for number, p in enumerate(study.pairs)}
    rows = []
    for answer in answers:
        left, right = (place[str(model)] for model in study.models_of(answer.pair))
        won, points = answer.choice == "left", NEUTRAL - answer.preference
        if left > right:
            left, right, won, points = right, left, not won, -points
        rows.append((left, right, won, points, pairs[frozenset((answer.left, answer.right))]))
    first, second, chosen, points_, pair = (np.array(column) for column in zip(*rows, strict=True))
    return Ratings(study.models, first, second, chosen.astype(bool), points_, pair)
