from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.storage.token_lines import LONGEST_LINE, read_token_lines, write_json_lines


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "melodies.jsonl"
    write_json_lines(path, [{"tokens": [14, 1]}, {"tokens": [0]}])
    assert read_token_lines(path, 38, 512) == [[14, 1], [0]]


def test_other_fields_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "melodies.jsonl"
    path.write_text('\ufeff{"id": 7, "tokens": [1, 2]}\n\n  \n{"tokens": [3]}', encoding="utf-8")
    assert read_token_lines(path, 38, 512) == [[1, 2], [3]]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("9" * (LONGEST_LINE + 1), "a line of more than 1048576 characters"),
        ("[14, 1]", 'no list "tokens"'),
        ('{"notes": [14]}', 'no list "tokens"'),
        ('{"tokens": "14 1"}', 'no list "tokens"'),
        ('{"tokens": []}', "0 tokens, expected 1 to 512"),
        (json.dumps({"tokens": [1] * 513}), "513 tokens, expected 1 to 512"),
        ('{"tokens": [38]}', "token 38, expected integers 0 to 37"),
        ('{"tokens": [-1]}', "token -1, expected"),
        ('{"tokens": [1.0]}', "token 1.0, expected"),
        (f'{{"tokens": [{"9" * 400}]}}', "9..., expected"),
        ('{"tokens": [true]}', "token True, expected"),
        ('{"tokens": [null]}', "token None, expected"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{{"tokens": [14]}}\n{line}\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"bad\.jsonl line 2") as caught:
        read_token_lines(path, 38, 512)
    assert complaint in str(caught.value)


def test_files_that_are_no_text_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "bytes.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="UTF-8"):
        read_token_lines(path, 38, 512)
    with pytest.raises(UserError, match="no such file"):
        read_token_lines(tmp_path / "missing.jsonl", 38, 512)


def test_names_stay_readable_and_bytes_that_are_none_of_utf_8_survive(tmp_path: Path) -> None:
    names = ["Größe 歌.mid", os.fsdecode(b"old\xff.mid")]
    write_json_lines(tmp_path / "names.jsonl", names)
    lines = (tmp_path / "names.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines[0] == '"Größe 歌.mid"'
    assert [json.loads(line) for line in lines] == names
