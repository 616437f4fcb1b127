"""Melodies as ABC.

Source: the ABC standard 2.1, https://abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from sequence_tutor.melody.encoding import Span, sounding_spans
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.signature import Signature
from sequence_tutor.storage.files import write_text

_BARS_PER_LINE = 4


def write_abc(
    path: Path, tokens: Sequence[int], title: str = "melody", heard: Heard | None = None
) -> None:
    """Write one melody as an ABC file, atomically; see `to_abc`."""
    write_text(path, to_abc(tokens, title, heard))


def to_abc(tokens: Sequence[int], title: str = "melody", heard: Heard | None = None) -> str:
    """One melody as an ABC tune, which `read_abc` reads back to the same notes.

    Args:
        tokens: (T,) of 0..37.
        title: of the tune.
        heard: key, meter, tempo; None: as the tokens say.

    Raises:
        ValueError: when there are no tokens.
    """
    heard = heard or Heard()
    spans = sounding_spans(tokens, heard.transpose)
    signature = heard.signature
    chords = {span.first: str(span.chord) for span in heard.chord_spans(len(tokens))}
    bars = [
        _write_bar(spans, first, last, signature, chords) for first, last in heard.bars(len(tokens))
    ]
    lines = ["|".join(bars[i : i + _BARS_PER_LINE]) for i in range(0, len(bars), _BARS_PER_LINE)]
    return (
        f"X:1\nT:{' '.join(title.split())}\nM:{heard.meter}\nL:1/16\nQ:1/4={heard.tempo:g}\n"
        f"K:{signature.abc}\n" + "|\n".join(lines) + "|]\n"
    )


def _write_bar(
    spans: list[Span], first: int, last: int, signature: Signature, chords: Mapping[int, str]
) -> str:
    """One bar, steps first to last; notes that go on after it, or over a chord, are tied."""
    altered: dict[Hashable, int] = {}
    symbols = []
    inner = [step for step in chords if first < step < last]
    for start, end, pitch in spans:
        begins, ends = max(start, first), min(end, last)
        if ends <= begins:
            continue
        edges = [begins, *(step for step in inner if begins < step < ends), ends]
        for begun, ended in pairwise(edges):
            number = str(ended - begun) if ended - begun > 1 else ""
            chord = f'"{chords[begun]}"' if begun in chords else ""
            if pitch is None:
                symbols.append(f"{chord}z{number}")
            else:
                tie = "-" if end > ended else ""
                symbols.append(f"{chord}{_written(pitch, signature, altered)}{number}{tie}")
    return " ".join(symbols)


def _written(pitch: int, signature: Signature, altered: dict[Hashable, int]) -> str:
    """The note's name, with an accidental if the key and the bar so far imply another pitch.

    By the standard an accidental holds in every octave up to the bar line, in other programs in
    its own octave alone; where the two differ, an accidental is written. `altered` holds those of
    the bar so far, by letter, and by letter and octave; it is changed in place.
    """
    letter, alteration, octave = signature.spell(pitch)
    by_key = signature.alterations.get(letter, 0)
    readings: tuple[Hashable, ...] = (letter, (letter, octave))
    mark = ""
    if any(altered.get(reading, by_key) != alteration for reading in readings):
        mark = {2: "^^", 1: "^", 0: "=", -1: "_", -2: "__"}[alteration]
        altered |= dict.fromkeys(readings, alteration)
    if octave >= 5:
        return mark + letter.lower() + "'" * (octave - 5)
    return mark + letter + "," * (4 - octave)
