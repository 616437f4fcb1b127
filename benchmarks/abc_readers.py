"""Readers of ABC beside each other: which tunes they read, and whether as abc2midi plays them.

Our reader, abc2midi (inside symusic) and, where they are installed, music21 and pyabc2 read the
same tunes. A tune counts as the same when every note begins where abc2midi begins it, at its pitch.
Ornaments, chord symbols and the swing of hornpipes, which abc2midi plays, are taken out first. Then
tunes with a few bytes changed are given to abc2midi and to ours.

    python benchmarks/abc_readers.py BOOK.abc... [--most 500]

The page docs/abc.md says what was measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import symusic

from sequence_tutor.melody.reading.abc import read_abc
from sequence_tutor.melody.reading.abc.tune_book import tunes

Onsets = list[tuple[int, int]]
GRID = 24  # parts of a quarter note

_ENCLOSED = re.compile(r'"[^"\n]*"|\{[^}\n]*\}|![^!\s]*!')
_DECORATION = re.compile(r"(?<![A-Za-z])[H-WYh-wy.~]+(?=[\^_=A-Ga-gxz\[(|])")


def plain(lines: list[str]) -> str:
    """A tune without what abc2midi plays and others do not."""
    kept = []
    for line in lines:
        if re.match("[A-Za-z]:[^|:]", line):
            kept.append(line)
        elif line.strip() and not line.startswith("%"):
            kept.append(_DECORATION.sub("", _ENCLOSED.sub("", line)).replace("~", ""))
    text = "\n".join(line for line in kept if not line.startswith("R:"))
    return text.replace("\nK:", "\n%%MIDI chordattack 0\nK:", 1) + "\n"


def ours(text: str) -> Onsets:
    """Our reader."""
    ((_, score),) = read_abc(text.encode(), "tune")
    if score.problem:
        raise ValueError(score.problem)
    return sorted(
        (round(float(start) * GRID), int(pitch))
        for part in score.parts
        for start, pitch in zip(part.starts, part.pitches, strict=True)
    )


def abc2midi(text: str) -> Onsets:
    """The program inside symusic; a chord may hold one pitch twice."""
    score: Any = symusic.Score.from_abc(text)
    quarter = score.ticks_per_quarter
    return sorted(
        {(round(note.start / quarter * GRID), note.pitch) for t in score.tracks for note in t.notes}
    )


def music21(text: str) -> Onsets:
    """Repeats are played out by its own expander."""
    from music21 import converter, stream  # type: ignore[import-not-found]

    score = converter.parse(text, format="abc", forceSource=True)
    parts = [part.expandRepeats() for part in score.getElementsByClass(stream.Part)]
    return sorted(
        {
            (round(float(note.offset) * GRID), pitch.midi)
            for part in parts
            for note in part.stripTies().flatten().notes
            for pitch in note.pitches
        }
    )


def pyabc2(text: str) -> Onsets:
    """The notes of its measures, one after the other."""
    from pyabc2 import Tune  # type: ignore[import-not-found]

    now, onsets = 0.0, []
    for measure in Tune(text).measures:
        for note in measure:
            onsets.append((round(now * GRID), note.value + 12))
            now += float(note.duration) * 4
    return sorted(onsets)


READERS: dict[str, Callable[[str], Onsets]] = {"ours": ours, "abc2midi": abc2midi}
READERS |= {
    reader.__name__: reader
    for reader in (music21, pyabc2)
    if importlib.util.find_spec(reader.__name__)
}


@contextmanager
def silence() -> Iterator[None]:
    """abc2midi writes its warnings wherever the process that started it does."""
    nowhere, kept = os.open(os.devnull, os.O_WRONLY), [os.dup(1), os.dup(2)]
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        for place, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, place)
            os.close(descriptor)
        os.close(nowhere)


def processor_seconds() -> float:
    """Of this process and the programs that it has started."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def damaged(text: str, random_: random.Random) -> bytes:
    """A tune with a few bytes changed, or pieces of it put elsewhere."""
    data = bytearray(text.encode())
    for _ in range(random_.randint(1, 20)):
        place = random_.randrange(len(data))
        if random_.random() < 0.5:
            data[place] = random_.choice(b"|:[](){}\"!&-<>/^_=%\\,'0123456789ABCZabcz\n \x00\xff")
        else:
            data[place:place] = data[random_.randrange(len(data)) :][: random_.randint(1, 40)]
    return bytes(data)


def fate_in_abc2midi(data: bytes) -> str:
    """What becomes of the program: "well", "signal 11" or "more than 5 s"."""
    program = Path(symusic.__file__).parent / "bin" / "abc2midi"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tune.abc").write_bytes(data)
        command = [str(program), "tune.abc", "-o", "tune.mid"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=5, check=False)
        except subprocess.TimeoutExpired:
            return "more than 5 s"
    return f"signal {-done.returncode}" if done.returncode < 0 else "well"


def main() -> None:
    """Read, compare, damage, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("books", nargs="+", type=Path)
    parser.add_argument("--most", type=int, default=500, help="tunes, drawn from all")
    settings = parser.parse_args()
    random_ = random.Random(0)
    found = [
        plain(tune.lines)
        for book in settings.books
        for tune in tunes(book.read_bytes())
        if tune.number
    ]
    chosen = random_.sample(found, min(settings.most, len(found)))
    counts: dict[str, Counter[str]] = {name: Counter() for name in READERS}
    seconds: Counter[str] = Counter()
    for text in chosen:
        read: dict[str, Onsets] = {}
        for name, reader in READERS.items():
            before = processor_seconds()
            try:
                with silence():
                    read[name] = reader(text)
            except Exception as error:  # whatever a reader raises is its answer
                counts[name][type(error).__name__] += 1
            seconds[name] += processor_seconds() - before
        for name, onsets in read.items():
            counts[name]["read"] += 1
            counts[name]["same"] += sorted(set(onsets)) == read.get("abc2midi")
    print(f"{len(chosen)} of {len(found)} tunes")
    for name, count in counts.items():
        print(f"{name:9} {1000 * seconds[name] / len(chosen):7.2f} ms a tune", dict(count))
    fates = Counter(fate_in_abc2midi(damaged(text, random_)) for text in chosen)
    print("damaged tunes in abc2midi:", dict(fates))
    raised: Counter[str] = Counter()
    for text in chosen:
        try:
            list(read_abc(damaged(text, random_), "damaged"))
            raised["read"] += 1
        except Exception as error:  # likewise
            raised[type(error).__name__] += 1
    print("damaged tunes in ours:", dict(raised))


if __name__ == "__main__":
    sys.exit(main())
