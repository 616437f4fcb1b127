"""Files compressed by gzip, xz or bzip2, decompressed while they are read, with a limit.

The format is recognised by the first bytes, so that a file without its suffix is read too. The
decompressed size is limited in proportion to the bytes read: a few megabytes of zeros decompress to
gigabytes, which no list of molecules and no folder of tunes does.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

from sequence_tutor.errors import UserError
from sequence_tutor.foreign.door import said

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PACKED_SUFFIXES = (".gz", ".xz", ".bz2")

SMALL = 2**28
"""Bytes that any file may unpack to."""

MOST_TIMES = 100
"""How many times its own size a larger one may unpack to; text takes 3 to 40."""

MEMORY = 2**30
"""Bytes that unpacking xz may take: ten times what its strongest preset needs."""

_CHUNK = 2**16
_PACKERS = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}
_BY_SUFFIX = {".gz": "gzip", ".tgz": "gzip", ".xz": "xz", ".bz2": "bzip2"}
_LONGEST_MARK = 10
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")  # the first block's mark, or the end's


class Unpacked(NamedTuple):
    """An open file."""

    stream: io.BufferedReader  # its decompressed content
    raw: BinaryIO  # the file itself, whose position shows the progress


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Open a file, compressed or not.

    Raises:
        UserError: its suffix names another format than its first bytes; or, while the stream is
            read, it is damaged, cut short, or decompresses to more than is allowed. What came
            before can be read.
    """
    with path.open("rb") as raw, ExitStack() as closing:
        packer = _packer(raw.peek(_LONGEST_MARK))
        promised = _BY_SUFFIX.get(path.suffix.lower())
        is_empty = not raw.peek(1)
        if promised and packer != promised and not is_empty:
            raise UserError(f"{path}: cannot be read (not packed by {promised}, as its name says)")
        if not packer:
            yield Unpacked(raw, raw)
            return
        if packer not in _DECOMPRESSORS:
            raise UserError(f"{path}: packed by {packer}, expected gzip, xz or bzip2")
        yield Unpacked(closing.enter_context(io.BufferedReader(_Members(raw, packer))), raw)


def _packer(beginning: bytes) -> str:
    """The format of a file that begins so; empty: it is not compressed."""
    if beginning.startswith(b"BZh") and not beginning[4:].startswith(_BZIP2_BLOCKS):
        return ""  # text may begin with these letters
    return next((name for mark, name in _PACKERS.items() if beginning.startswith(mark)), "")


class _Decompressor(Protocol):
    """The interface of `bz2` and `lzma`, for one member."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    """The same interface for zlib."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)  # a header and a checksum of gzip
        self.eof, self.needs_input, self.unused_data = False, True, b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        content = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self.eof, self.unused_data = self._zlib.eof, self._zlib.unused_data
        # a full buffer may have left something inside that needs no input
        self.needs_input = not self._zlib.unconsumed_tail and len(content) < max_length
        return content


_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    "gzip": _Gzip,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY),
    "bzip2": bz2.BZ2Decompressor,
}


class _Members(io.RawIOBase):
    """The decompressed content of a file, counted; any library error becomes one sentence.

    `gzip.open` and the like are not used: those of xz and bzip2 take a second member that is
    damaged at its beginning for the end of the file, and silently lose it.
    """

    def __init__(self, raw: BinaryIO, packer: str) -> None:
        super().__init__()
        self._raw, self._packer = raw, packer
        self._member = _DECOMPRESSORS[packer]()
        self._input = b""
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._read(len(view))
        except Exception as error:  # zlib.error, LZMAError, EOFError, OSError, ...
            raise UserError(
                f"cannot be read from here on (damaged {self._packer}: {said(error)})"
            ) from error
        self._count += len(data)
        if self._count > max(SMALL, MOST_TIMES * self._raw.tell()):
            raise UserError(
                f"unpacks to more than {SMALL // 2**20} MiB and {MOST_TIMES} times its size; "
                "unpack it first if that is meant"
            )
        view[: len(data)] = data
        return len(data)

    def _read(self, most: int) -> bytes:
        """Some bytes, at most so many; none at the end."""
        while True:
            if self._member.eof and not self._begin_member():
                return b""
            if self._member.needs_input and not self._input:
                self._input = self._raw.read(_CHUNK)
                if not self._input:
                    raise EOFError("it ends too early")
            given, self._input = self._input, b""
            data = self._member.decompress(given, most)
            if self._member.eof:
                self._input = self._member.unused_data
            if data:
                return data

    def _begin_member(self) -> bool:
        """Go on to the next member; False at the end. Zeros between members are allowed."""
        while True:
            self._input = self._input.lstrip(b"\0") or self._raw.read(_CHUNK)
            if not self._input:
                return False
            if self._input[:1] != b"\0":
                self._member = _DECOMPRESSORS[self._packer]()
                return True
