from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import Member
from sequence_tutor.melody.reading.sources import read_sources


def make_zip(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def make_tar(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


MEMBERS = {"b/two.mid": b"2", "a/one.MID": b"1", "notes.txt": b"-", "b/._two.mid": b"-"}


def test_folders_are_read_in_order_and_other_files_passed_over(tmp_path: Path) -> None:
    for name, data in MEMBERS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    found = list(read_sources([tmp_path]))
    assert [(file.name, file.data) for file in found] == [
        (str(tmp_path / "a/one.MID"), b"1"),
        (str(tmp_path / "b/two.mid"), b"2"),
    ]


@pytest.mark.parametrize(("name", "make"), [("t.zip", make_zip), ("t.tar.gz", make_tar)])
def test_archives_alone_and_in_folders(
    tmp_path: Path, name: str, make: Callable[[Path, dict[str, bytes]], None]
) -> None:
    path = tmp_path / name
    make(path, MEMBERS)
    expected = {(f"{path}/a/one.MID", b"1"), (f"{path}/b/two.mid", b"2")}
    for given_path in (path, tmp_path):
        assert {(file.name, file.data) for file in read_sources([given_path])} == expected


def test_members_outside_the_archive_are_only_names(tmp_path: Path) -> None:
    make_tar(tmp_path / "t.tar.gz", {"../../evil.mid": b"x"})
    (file,) = read_sources([tmp_path / "t.tar.gz"])
    assert file.data == b"x"
    assert not (tmp_path / "../../evil.mid").exists()


def test_huge_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sequence_tutor.melody.reading.sources.MAXIMUM_BYTES", 2**20)
    (tmp_path / "huge.mid").write_bytes(bytes(2**20 + 1))
    make_zip(tmp_path / "bomb.zip", {"huge.mid": bytes(2**20 + 1)})
    problems = [file.problem for file in read_sources([tmp_path])]
    assert problems == ["larger than 1 MiB"] * 2


def test_missing_and_unknown_paths(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        list(read_sources([tmp_path / "missing.mid"]))
    (tmp_path / "song.mp3").touch()
    with pytest.raises(UserError, match=r"song\.mp3: unknown kind of file, expected .*\.mid"):
        list(read_sources([tmp_path / "song.mp3"]))


@pytest.mark.parametrize("name", ["t.zip", "t.tar.gz"])
def test_archives_that_are_none_are_a_problem(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not an archive")
    (file,) = read_sources([tmp_path / name])
    assert "cannot be read" in file.problem


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_damaged_archives_never_raise(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("archives")
    name, make = data.draw(st.sampled_from([("t.zip", make_zip), ("t.tar.gz", make_tar)]))
    make(folder / name, {"a.mid": bytes(range(256)) * 4, "b.mid": b"b"})
    damaged = bytearray((folder / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    (folder / name).write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    assert all(isinstance(file, Member) for file in read_sources([folder]))
