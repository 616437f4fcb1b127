from __future__ import annotations

import io

import pytest

from sequence_tutor.foreign import Line, lines, text_of


def opened(data: bytes) -> io.BufferedReader:
    return io.BufferedReader(io.BytesIO(data))


def read(data: bytes, longest: int = 100, errors: str = "strict") -> list[Line]:
    return list(lines(opened(data), longest, errors=errors))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_ends_and_encodings(end: str, encoding: str) -> None:
    data = f"CC{end}{end}é{end}".encode(encoding)
    assert read(data) == [Line(1, "CC"), Line(2, ""), Line(3, "é")]
    assert text_of(data) == "CC\n\né\n"


def test_nothing_else_ends_a_line() -> None:
    odd = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"
    assert read(odd.encode()) == [Line(1, odd)]
    assert text_of(b"a\x85b\nc") == "a\x85b\nc"  # an ellipsis of Windows


def test_long_lines_are_a_problem_each() -> None:
    found = read(b"C" * 10 + b"\n" + b"C" * 11 + b"\n" + b"C" * 10_000 + b"\nN", longest=10)
    assert [line.number for line in found] == [1, 2, 3, 4]
    assert [line.text for line in found] == ["C" * 10, "", "", "N"]
    assert [line.problem for line in found[1:3]] == ["a line of more than 10 characters"] * 2


def test_bytes_of_no_encoding() -> None:
    with pytest.raises(UnicodeDecodeError):
        read(b"\xff\xff")
    assert read(b"a\xff", errors="replace") == [Line(1, "a\ufffd")]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(encoding: str) -> None:
    assert text_of("X:1\nK:C\nCDEF|".encode(encoding)) == "X:1\nK:C\nCDEF|"


def test_the_stream_stays_open() -> None:
    stream = opened(b"a\nb")
    first = next(lines(stream, 10))
    assert first == Line(1, "a")
    assert not stream.closed
