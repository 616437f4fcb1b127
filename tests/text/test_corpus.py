"""Files of lines become sequences, and what cannot be read is listed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from kit import uncounted
from sequence_tutor.domain.division import TEST, TRAIN, VALIDATION
from sequence_tutor.errors import UserError
from sequence_tutor.text.corpus import TextDataSettings, read_corpus, read_lines
from sequence_tutor.text.vocabulary import TextVocabulary


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_every_line_comes_back_and_equal_ones_are_on_one_side(tmp_path: Path) -> None:
    lines = [f"line {number % 60} é" for number in range(300)]
    file = write(tmp_path / "lines.txt", *lines, "", "  ")
    settings = TextDataSettings(validation=0.2, test=0.2)
    corpus = read_corpus([file], settings, uncounted)
    vocabulary = TextVocabulary(tuple(corpus.facts["tokens"]), corpus.facts["tokeniser"])
    sides = [
        [vocabulary.decode(row) for row in corpus.side(side).rows()]
        for side in (TRAIN, VALIDATION, TEST)
    ]
    assert sorted(line for side in sides for line in side) == sorted(lines)
    assert all(sides)
    assert not set(sides[0]) & (set(sides[1]) | set(sides[2]))
    assert not set(sides[1]) & set(sides[2])
    assert all(row[-1] == vocabulary.end_token for row in corpus.sequences.rows())
    assert list(vocabulary.tokens) == sorted(vocabulary.tokens)
    assert corpus.facts["shortest"], corpus.facts["longest"] == (8, 9)
    assert corpus.summary[str(file)] == {"lines": 300, "kept": 300}


def test_a_given_vocabulary_is_kept_whole_and_drops_what_it_lacks(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", "ab", "abc", "ba", "aa")
    settings = TextDataSettings(vocabulary=("a", "b", "z"))
    corpus = read_corpus([file], settings, uncounted)
    assert corpus.facts["tokens"] == ["a", "b", "z"]
    assert corpus.sequences.rows() == [[0, 1, 3], [1, 0, 3], [0, 0, 3]]
    assert corpus.dropped == {"a token that the vocabulary lacks": 1}


def test_words_long_lines_rare_tokens_and_copies(tmp_path: Path) -> None:
    file = write(tmp_path / "a.txt", "b  a", "b a", "a b a b", "a z", "b b", "a a")
    corpus = read_corpus(
        [file],
        TextDataSettings(tokeniser="words", longest=3, fewest=2, distinct=True),
        uncounted,
    )
    assert corpus.facts["tokens"] == ["a", "b"]
    assert [row[:-1] for row in corpus.sequences.rows()] == [[1, 0], [1, 1], [0, 0]]
    assert corpus.dropped == {
        "a line that was there already": 1,
        "more than 3 tokens": 1,
        "a token that comes too rarely": 1,
    }
    assert (f"{file} line 3", "more than 3 tokens") in corpus.skipped


def test_folders_packed_files_and_what_is_no_text(tmp_path: Path) -> None:
    write(tmp_path / "good.txt", "\ufeffab", "ba")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"aab\nbba\n"))
    (tmp_path / "damaged.gz").write_bytes(gzip.compress(b"abab\n" * 1000)[:-20])
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff\xfe")
    write(tmp_path / ".hidden", "secret")
    corpus = read_corpus([tmp_path], TextDataSettings(), uncounted)
    assert corpus.facts["tokens"] == ["a", "b"]
    reasons = {Path(where).name: reason for where, reason in corpus.skipped}
    assert reasons["picture.png"].startswith("not a text file in UTF-8")
    assert reasons["damaged.gz"].startswith("cannot be read from here on (damaged gzip")
    assert corpus.summary[str(tmp_path / "good.txt")]["kept"] == 2


def test_one_large_file_shows_how_far_it_is(tmp_path: Path) -> None:
    plain = "".join(f"line {number}\n" for number in range(25_000))
    write(tmp_path / "a.txt", plain)
    (tmp_path / "b.gz").write_bytes(gzip.compress(plain.encode()))
    reported: list[tuple[int, int]] = []
    read_corpus([tmp_path], TextDataSettings(), lambda done, all_: reported.append((done, all_)))
    assert reported == sorted(reported)
    assert len(reported) == 6  # of each file at line 10,000, at line 20,000, at its end
    assert reported[-1][0] == reported[-1][1]


def test_nothing_to_learn_from_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there: no such file or folder"):
        read_corpus([tmp_path / "there"], TextDataSettings(), uncounted)
    file = write(tmp_path / "long.txt", "a" * 200)
    with pytest.raises(UserError, match=r"long\.txt: no line found; dropped because: more than 1"):
        read_corpus([file], TextDataSettings(), uncounted)
    write(file, "ab", "cd")
    with pytest.raises(UserError, match=r"no line found; dropped because: a token .* rarely \(2\)"):
        read_corpus([file], TextDataSettings(fewest=2), uncounted)
    write(file, "a" * 70_000)
    with pytest.raises(UserError, match=r"long\.txt line 1: a line of more than 65536 characters"):
        list(read_lines(file))
