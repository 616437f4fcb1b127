"""Archives that are damaged, unusual or hostile; the domain's tests have the ordinary ones."""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from sequence_tutor.foreign import Member, members

TUNES = {"a.mid": b"a" * 3000, "b.mid": b"b" * 3000, "c.mid": b"c" * 3000}


def is_tune(name: str) -> bool:
    return name.endswith(".mid")


def read(path: Path) -> dict[str, str]:
    """Name within the archive -> what is wrong with it."""
    return {
        found.name.removeprefix(f"{path}").lstrip("/"): found.problem
        for found in members(path, is_tune, 2**20)
    }


def zipped(path: Path, method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in TUNES.items():
            archive.writestr(name, data)
    return bytearray(path.read_bytes())


def tarred(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytearray:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for entry, data in entries:
            archive.addfile(entry, io.BytesIO(data))
    return bytearray(content.getvalue())


def plain(name: str, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    return entry, data


TAR = tarred([plain(name, data) for name, data in TUNES.items()])


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_costs_itself_alone(tmp_path: Path, method: int) -> None:
    path = tmp_path / "t.zip"
    data = zipped(path, method)
    start = data.index(b"b.mid") + len("b.mid")
    data[start + 12 : start + 20] = b"\xff" * 8
    path.write_bytes(data)
    problems = read(path)
    assert list(problems) == ["a.mid", "b.mid", "c.mid"]
    assert problems["a.mid"] == problems["c.mid"] == ""
    assert problems["b.mid"].startswith("cannot be read")


def test_methods_versions_passwords_and_names_that_zipfile_refuses(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    good = zipped(path)
    index = good.index(b"PK\x01\x02")
    for place, value in ((index + 6, 80), (index + 10, 99), (index + 8, 1), (index + 9, 8)):
        data = bytearray(good)
        data[place] = value
        if place == index + 9:  # a name that says it is UTF-8, and is not
            data[index + 46] = 0x8B
        path.write_bytes(data)
        problems = read(path)
        assert any(problem.startswith("cannot be read") for problem in problems.values()), place


def test_large_zips_of_zip64_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive, archive.open("a.mid", "w", force_zip64=True) as one:
        one.write(b"tune")
    assert list(members(path, is_tune, 100)) == [Member(f"{path}/a.mid", b"tune")]


def test_archives_within_archives_are_said(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.ZIP", b"")
        archive.writestr("readme.txt", b"")
    assert read(path) == {"inner.ZIP": "an archive within an archive; unpack the outer one first"}
    tar = tmp_path / "t.tar"
    tar.write_bytes(tarred([plain("more.tar.gz", b"")]))
    assert "within an archive" in read(tar)["more.tar.gz"]


def test_members_that_share_their_bytes_are_capped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sequence_tutor.foreign.archives.SMALL", 5000)
    monkeypatch.setattr("sequence_tutor.foreign.archives.MOST_TIMES", 1)
    path = tmp_path / "t.zip"
    zipped(path)
    assert "unpacks to more than" in read(path)[""]


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".tar.xz", lzma.compress), (".tar.bz2", bz2.compress), (".tar", bytes)]
)
def test_tars_of_any_packer_whole_and_damaged(tmp_path: Path, suffix: str, pack: type) -> None:
    path = tmp_path / f"t{suffix}"
    path.write_bytes(pack(TAR))
    assert read(path) == dict.fromkeys(TUNES, "")
    if suffix == ".tar":
        return
    whole = pack(TAR)
    path.write_bytes(whole[: len(whole) // 2])
    assert read(path)[""].startswith("cannot be read from here on")
    (tmp_path / "t.tar").write_bytes(lzma.compress(TAR)[:150])  # its name does not say so
    assert read(tmp_path / "t.tar")[""].startswith("cannot be read from here on (damaged xz")


def test_a_damaged_header_is_not_the_end_of_a_tar(tmp_path: Path) -> None:
    path = tmp_path / "t.tar"
    data = bytearray(TAR)
    data[data.index(b"b.mid")] = ord("x")  # its checksum is wrong now
    path.write_bytes(data)
    assert read(path) == {
        "a.mid": "",
        "": "cannot be read from here on (damaged tar: bad checksum)",
    }
    path.write_bytes(TAR[: TAR.index(b"c.mid") + 100])
    assert read(path)[""].startswith("cannot be read from here on (damaged tar: truncated")


def test_a_negative_size_is_refused_at_once(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("b.mid")
    header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 10 + b"\xfe\x00"  # -512 in base 256
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "t.tar"
    path.write_bytes(tarred([plain("a.mid", b"a")])[:1024] + header + bytes(1024))
    assert read(path) == {"a.mid": "", "": "cannot be read from here on (a member of -512 bytes)"}


def test_links_devices_and_long_names(tmp_path: Path) -> None:
    link, device = tarfile.TarInfo("link.mid"), tarfile.TarInfo("device.mid")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    device.type = tarfile.CHRTYPE
    path = tmp_path / "t.tar"
    long = f"{'folder/' * 20}é.mid"
    path.write_bytes(
        tarred([(link, b""), (device, b""), plain(long, b"tune"), plain("n\x1b.mid", b"")])
    )
    assert read(path) == {long: "", "n\\x1b.mid": ""}


def test_headers_nested_too_deeply(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("././@LongLink").tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_LONGNAME
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "t.tar"
    path.write_bytes(header * 5000)
    assert "cannot be read" in read(path)[""]
