from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import unpacked

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}
CONTENT = bytes(range(256)) * 1000


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("name", ["a.smi{}", "a.smi"])  # told by its beginning too
def test_packed_files_also_of_several_members(tmp_path: Path, suffix: str, name: str) -> None:
    path = tmp_path / name.format(suffix)
    path.write_bytes(PACKERS[suffix](CONTENT) + PACKERS[suffix](b"more"))
    path.write_bytes(path.read_bytes() + bytes(12))  # zeros may follow
    with unpacked(path) as (stream, raw):
        assert stream.peek(4)[:4] == CONTENT[:4]
        assert stream.read() == CONTENT + b"more"
        assert raw.tell() == path.stat().st_size


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("damage", ["cut", "flipped", "followed"])
def test_damage_is_a_sentence_and_what_is_before_it_is_read(
    tmp_path: Path, suffix: str, damage: str
) -> None:
    packed = bytearray(PACKERS[suffix](CONTENT))
    if damage == "cut":
        packed = packed[:-9]
    elif damage == "flipped":
        packed[-3 if suffix == ".gz" else len(packed) // 2] ^= 0xFF
    else:
        packed += b"garbage"
    path = tmp_path / f"a{suffix}"
    path.write_bytes(packed)
    read = b""
    with pytest.raises(UserError, match="from here on"), unpacked(path) as (stream, _):  # noqa: PT012
        while data := stream.read1(4096):
            read += data
    if damage != "flipped":
        assert CONTENT.startswith(read)
        assert damage == "cut" or read == CONTENT


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_second_member_damaged_at_its_beginning_is_not_the_end(
    tmp_path: Path, suffix: str
) -> None:
    second = bytearray(PACKERS[suffix](b"more"))
    second[1] ^= 0xFF
    path = tmp_path / f"a{suffix}"
    path.write_bytes(PACKERS[suffix](CONTENT) + second)
    with pytest.raises(UserError, match="from here on"), unpacked(path) as (stream, _):
        stream.read()


def test_what_is_not_packed_as_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"CCO\n")
    with pytest.raises(UserError, match="not packed by gzip"), unpacked(path):
        pass
    path.write_bytes(b"")
    with unpacked(path) as (stream, _):
        assert stream.read() == b""
    path = tmp_path / "a.txt"
    path.write_bytes(b"BZh is how bzip2 begins")
    with unpacked(path) as (stream, _):
        assert stream.read() == b"BZh is how bzip2 begins"
    path.write_bytes(b"\x28\xb5\x2f\xfd")
    with pytest.raises(UserError, match="Zstandard, expected gzip"), unpacked(path):
        pass


def test_bombs_are_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequence_tutor.foreign.packing.SMALL", 2**20)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(2**20)))
    with unpacked(path) as (stream, _):
        assert len(stream.read()) == 2**20
    path.write_bytes(gzip.compress(bytes(2**21)))
    with (
        pytest.raises(UserError, match="unpacks to more than 1 MiB and 100 times"),
        unpacked(path) as (stream, _),
    ):
        stream.read()
