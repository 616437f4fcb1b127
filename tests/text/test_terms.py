"""What ready terms pay, token by token, on lines written out by hand."""

from __future__ import annotations

import pytest
import torch
from pydantic import TypeAdapter

from sequence_tutor.config.presets import build
from sequence_tutor.errors import UserError
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.text import TextView, TextVocabulary
from sequence_tutor.text.reward import TextRewardSettings
from sequence_tutor.text.terms import Again, Term

LETTERS = TextVocabulary(tuple("abcdefgh "))
WORDS = TextVocabulary(("a", "bad", "cat", "dog"), "words")
TERM: TypeAdapter[Term] = TypeAdapter(Term)


def view(vocabulary: TextVocabulary, *lines: str, cut: bool = False) -> TextView:
    rows = [vocabulary.encode(line, end=not cut) for line in lines]
    return TextView(SequenceBatch.from_lists(rows), vocabulary)


def paid(texts: TextView, **settings: object) -> list[list[float]]:
    """What a term pays each line, cut to its own length."""
    term = TERM.validate_python(settings)
    assert not isinstance(term, Again)
    values = term(texts)
    assert values.dtype == torch.float64
    assert not values[~texts.batch.mask].any()
    return [row[:n] for row, n in zip(values.tolist(), texts.lengths.tolist(), strict=True)]


def test_a_pattern_pays_once_where_its_match_ends() -> None:
    texts = view(LETTERS, "abcab", "cc")
    assert paid(texts, kind="pattern", regex="ab") == [[0, -1, 0, 0, 0, 0], [0, 0, 0]]
    wanted = paid(texts, kind="pattern", regex="ca|c$", effect="wanted")
    assert wanted == [[0, 0, 0, 1, 0, 0], [0, 1, 0]]


def test_a_whole_pattern_is_judged_at_the_end_of_a_finished_line() -> None:
    settings = {"kind": "pattern", "regex": "[AB]+", "whole": True, "effect": "wanted"}
    assert paid(view(LETTERS, "ab", "abc"), **settings, ignore_case=True) == [[0, 0, 1], [0] * 4]
    assert paid(view(LETTERS, "ab"), **settings) == [[0, 0, 0]]
    assert paid(view(LETTERS, "ab", cut=True), **settings, ignore_case=True) == [[0, 0]]


def test_words_pay_each_once_and_are_not_found_inside_others() -> None:
    texts = view(LETTERS, "bad cab bad", "badge")
    assert paid(texts, kind="word_list", words=["bad", "CAB", "fed"]) == [
        [0, 0, -1, 0, 0, 0, -1, 0, 0, 0, 0, 0],
        [0] * 6,
    ]
    texts = view(WORDS, "a bad cat", "dog")
    assert paid(texts, kind="word_list", words=["bad cat"], effect="wanted") == [
        [0, 0, 1, 0],
        [0, 0],
    ]


def test_a_window_of_lengths_counts_what_is_lacking_and_what_is_beyond() -> None:
    texts = view(LETTERS, "a", "abc", "abcde")
    assert paid(texts, kind="length", shortest=3, longest=4) == [
        [0, -2],
        [0, 0, 0, 0],
        [0, 0, 0, 0, -1, 0],
    ]
    assert paid(view(LETTERS, "a", cut=True), kind="length", shortest=3) == [[0]]


def test_repetition_takes_for_every_token_too_many() -> None:
    texts = view(LETTERS, "aaaabb", "abab")
    assert paid(texts, kind="repetition", most=2) == [[0, 0, -1, -1, 0, 0, 0], [0] * 5]
    assert paid(view(WORDS, "dog dog cat"), kind="repetition", most=1) == [[0, -1, 0, 0]]


@pytest.mark.parametrize(
    ("term", "sentence"),
    [
        ({"kind": "pattern", "regex": "(a"}, "terms.x: regex is '(a', expected a regular"),
        ({"kind": "word_list", "words": []}, "terms.x.words is [], expected at least 1 item"),
        (
            {"kind": "length", "shortest": 5, "longest": 3},
            "terms.x: longest is 3, expected at least 5",
        ),
        (
            {"kind": "patern"},
            "terms.x.kind is 'patern', expected 'pattern', 'word_list', 'length', 'repetition' or",
        ),
        ({"kind": "repetition", "mots": 3}, "terms.x: unknown name 'mots': did you mean 'most'?"),
    ],
)
def test_wrong_settings_are_named(term: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        build(TextRewardSettings, {"terms": {"x": term}}, "mine.toml")
    assert str(error.value).startswith(f"mine.toml: {sentence}")


def test_a_view_gives_lines_and_takes_one_number_a_line() -> None:
    texts = view(WORDS, "a cat", "dog")
    assert texts.lines == ["a cat", "dog"]
    assert texts.finished.tolist() == [True, True]
    assert texts.at_end([0.5, 2]).tolist() == [[0, 0, 0.5], [0, 2, 0]]
    with pytest.raises(ValueError, match=r"given shape \(1,\), expected one number for each of 2"):
        texts.at_end([1.0])
