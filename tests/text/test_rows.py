"""Rows of lines, hand-worked."""

from __future__ import annotations

import pytest

from sequence_tutor.domain.fingerprints import sequence_hashes
from sequence_tutor.errors import UserError
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.text.domain import TextDomain
from sequence_tutor.text.reward import TextRewardSettings
from sequence_tutor.text.rows import TextRows
from sequence_tutor.text.statistics import TextStatistics
from sequence_tutor.text.terms import Again, Length, Pattern, Term

DOMAIN = TextDomain()
LINES = ("anna", "otto", "aaab", "bob")
TERMS: dict[str, Term] = {
    "again": Again(kind="again"),
    "no_b": Pattern(kind="pattern", regex="b"),
    "short": Length(kind="length", longest=3),
}


def batch() -> SequenceBatch:
    rows = [DOMAIN.vocabulary.encode(line) for line in LINES]
    return SequenceBatch.from_lists([*rows[:3], rows[3][:-1]])  # the last one is not finished


def test_the_rows_of_the_table() -> None:
    known = sequence_hashes(batch()[:1])
    statistics = TextStatistics(DOMAIN.vocabulary, TERMS, known)
    statistics.update(batch()[:3])
    statistics.update(batch()[3:])
    found = {name: one.value for name, one in statistics.result().items()}
    assert found == {
        "length": pytest.approx(15 / 4),
        "finished": 3 / 4,
        "known_lines": 1 / 4,
        "lines_that_repeat": 1 / 4,
        "lines_with_no_b": 2 / 4,
        "lines_with_short": 3 / 4,
    }


def test_rows_by_what_they_say() -> None:
    names = ["matches ^[ao].*[ao]$", "contains tt", "finished"]
    rows = TextRows(DOMAIN.vocabulary, TERMS, None, names)
    found = rows.count(batch())
    assert list(rows.ranges()) == ["finished", *names[:2]]
    assert found["matches ^[ao].*[ao]$"].value == 2 / 4
    assert found["contains tt"].value == 1 / 4
    with pytest.raises(UserError, match="a regular expression"):
        TextRows(DOMAIN.vocabulary, {}, None, ["matches ("])


def test_a_share_among_the_lines_that_match_something_else() -> None:
    row = "matches tt|nn among ^[ao]"
    rows = TextRows(DOMAIN.vocabulary, TERMS, None, [row])
    found = rows.count(batch())[row]
    assert found.value == 2 / 3  # anna, otto of anna, otto, aaab
    assert found.denominators.tolist() == [1, 1, 1, 0]
    with pytest.raises(UserError, match=r"row 'matches a among \(': expected matches and a"):
        TextRows(DOMAIN.vocabulary, {}, None, ["matches a among ("])


def test_a_term_of_the_reward_is_a_row() -> None:
    settings = TextRewardSettings(terms={"no_b": TERMS["no_b"]})
    rows = DOMAIN.rows(settings, DOMAIN.reward(settings, None), ["no_b"])
    assert rows.count(batch())["no_b"].value == -2 / 4
