"""The progress of reading many files, in kilobytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from sequence_tutor.domain.data import Progress

KILOBYTE = 1024


def by_kilobytes(
    files: Sequence[Path], progress: Progress, more: int = 0
) -> Iterator[tuple[Path, Callable[[int], None]]]:
    """Iterate over files with progress in kilobytes.

    Args:
        files: to be read one by one.
        progress: called with the kilobytes done and the total.
        more: kilobytes that the work after reading counts for.

    Yields:
        A file, and a function to call with its bytes read so far.
    """
    sizes = [file.stat().st_size for file in files]
    total = sum(sizes) // KILOBYTE + more
    before = 0

    def report(before: int, read: int) -> None:
        progress((before + read) // KILOBYTE, total)

    for file, size in zip(files, sizes, strict=True):
        yield file, partial(report, before)
        report(before, size)
        before += size
