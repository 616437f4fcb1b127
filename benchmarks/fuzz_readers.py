"""A flood of damaged files against every reader: each gives something, or one sentence.

    python benchmarks/fuzz_readers.py --seconds 600 --seed 0

Files are small real ones of every kind (`small_files.py`), changed a little at random places: bits
turned, pieces cut out, doubled, moved or taken from elsewhere, numbers made absurd, brackets opened
by the hundred; of packed files half before they are packed and half after. Whatever a reader raises
other than `UserError`, or a sentence of more than one line, or one that does not name the file, is
kept with the file in `--out`; so is a file that takes longer than `--patience`.

Prints the figures of each kind as JSON: inputs, how many were read, how many refused, how many
escaped, and the seconds of the slowest; and the memory of this process at its peak (MiB).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from own_files import own_kinds
from small_files import Kind, strangers_kinds

from sequence_tutor.errors import UserError

ODD = (
    b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x85", b"\xe2\x80\xa8", b"\x1b[2J", b"",
    b"-1", b"0", b"9" * 400, b"9" * 5000, b"1e999", b"-1e308", b"inf", b"nan", b"1/0", b"null",
    b"[", b"(" * 300, b"[" * 3000, b"{" * 3000, b'{"a":' * 2000, b"<x>" * 300, b"|:" * 300,
    b"$$$$\n", b"M  END\n", b"K:|", b"P:A99", b"X:1\nK:C\n", b"&#x0;", b"&lt;", b"]]>", b'"', b"'",
    b"\x80" * 8, b"MTrk", b"PK\x01\x02", b"PK\x05\x06", b"[[", b"]]", b"true", b"\\u0000", b"%(9",
)  # fmt: skip
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
CHANGES = 4
STRANGERS = 8  # files of others for each of our own, whose folders take longer to read


class Hung(BaseException):
    """No `Exception`, so that no reader can take it for one of its own."""


def mutated(content: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """The content with one to a few changes."""
    data = bytearray(content)
    for _ in range(rng.randint(1, CHANGES)):
        size = len(data)
        place = rng.randrange(size + 1)
        end = min(size, place + rng.randrange(1, 30))
        piece = bytes(data[place:end])
        kind = rng.randrange(9)
        if kind == 0 and size:
            data[min(place, size - 1)] ^= 1 << rng.randrange(8)
        elif kind == 1 and size:
            data[min(place, size - 1)] = rng.randrange(256)
        elif kind == 2:
            del data[place:end]
        elif kind == 3:
            data[place:place] = piece * rng.choice((1, 2, 50))
        elif kind == 4:
            data[place:place] = rng.choice(ODD)
        elif kind == 5:
            data[place:end] = rng.choice(ODD)
        elif kind == 6:
            other = rng.choice(others)
            start = rng.randrange(len(other))
            data[place:place] = other[start : start + rng.randrange(1, 200)]
        elif kind == 7 and (found := list(NUMBER.finditer(data[:20_000]))):
            span = rng.choice(found).span()
            data[span[0] : span[1]] = rng.choice(ODD)
        elif rng.random() < 0.3:
            del data[place:]
    return bytes(data)


def damaged(kind: Kind, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """A file of a kind, damaged within what packs it, or after it."""
    if kind.pack is not bytes and rng.random() < 0.5:
        return mutated(kind.pack(kind.content), rng, others)
    return kind.pack(mutated(kind.content, rng, others))


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise `Hung` after so many seconds."""

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def trial(kind: Kind, path: Path, seconds: float) -> tuple[bool, str]:
    """Whether every reader made something of it, and what escaped one of them; empty: nothing."""
    was_read = True
    for reader in kind.readers:
        try:
            with patience(seconds):
                reader(path)
        except UserError as error:
            was_read = False
            is_named = str(path) in str(error) or kind.folder is not None
            if "\n" in str(error) or not is_named:
                return was_read, f"a message of another form: {str(error)[:500]!r}"
        except Hung:
            return was_read, f"more than {seconds:g} s"
        except Exception:
            return was_read, traceback.format_exc(limit=-6)
    return was_read, ""


def flood(
    kinds: Sequence[Kind],
    out: Path,
    *,
    seed: int,
    seconds: float,
    most: int,
    patience_s: float = 60.0,
) -> dict[str, dict[str, float]]:
    """Read damaged files of the kinds in turn until the time is over, or so many were read."""
    rng = random.Random(seed)
    others = [kind.content for kind in kinds]
    figures: dict[str, dict[str, float]] = defaultdict(
        lambda: {"inputs": 0, "read": 0, "refused": 0, "escaped": 0, "slowest_s": 0.0}
    )
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        for number in range(most):
            kind = kinds[number % len(kinds)]
            row, content = figures[kind.name], damaged(kind, rng, others)
            path = kind.put(Path(folder), content)
            begun = time.monotonic()
            was_read, escaped = trial(kind, path, patience_s)
            row["inputs"] += 1
            row["escaped" if escaped else "read" if was_read else "refused"] += 1
            row["slowest_s"] = max(row["slowest_s"], round(time.monotonic() - begun, 2))
            if escaped:
                out.mkdir(parents=True, exist_ok=True)
                name = f"{number}-{kind.name.replace('/', '-')}"
                (out / name).write_bytes(content)
                (out / f"{name}.reason").write_text(escaped, encoding="utf-8")
            if time.monotonic() > until:
                break
    return dict(figures)


def main() -> int:
    """Run it; the exit status is 1 where anything escaped."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--inputs", type=int, default=10**9)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--patience", type=float, default=60)
    parser.add_argument("--kinds", nargs="*", default=[], help="names, such as tune.abc")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        every = [*strangers_kinds() * STRANGERS, *own_kinds(Path(place))]
        kinds = [kind for kind in every if not asked.kinds or kind.name in asked.kinds]
        figures = flood(
            kinds,
            asked.out,
            seed=asked.seed,
            seconds=asked.seconds,
            most=asked.inputs,
            patience_s=asked.patience,
        )
    names = ("inputs", "read", "refused", "escaped")
    total = {name: sum(row[name] for row in figures.values()) for name in names}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"kinds": figures, "all": total, "peak_mib": peak}, indent=1))
    return int(total["escaped"] > 0)


if __name__ == "__main__":
    sys.exit(main())
