"""Chord symbols in MusicXML: the element `harmony`, in and out.

Source: MusicXML 4.0, https://www.w3.org/2021/06/musicxml40/musicxml-reference/elements/harmony/.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from sequence_tutor.errors import UserError
from sequence_tutor.melody.chords import QUALITIES, Chord, parse_chord
from sequence_tutor.melody.frame import Heard

_SIGNS = {"#": "1", "b": "-1"}
_ALTERATIONS = {1: "#", 0: "", -1: "b"}


def write_harmony(measure: Element, heard: Heard, first: int, last: int, steps: int) -> None:
    """Add the chords of a bar, steps first to last, each with its distance from the bar's start."""
    for begins, _, chord in heard.chord_spans(steps):
        if not first <= begins < last:
            continue
        harmony = SubElement(measure, "harmony")
        _note(SubElement(harmony, "root"), "root", chord.root)
        text = chord.quality
        kind = SubElement(harmony, "kind", {"text": text} if text else {})
        kind.text = QUALITIES[chord.quality].kind
        if chord.bass:
            _note(SubElement(harmony, "bass"), "bass", chord.bass)
        if begins > first:
            SubElement(harmony, "offset").text = str(begins - first)


def _note(parent: Element, name: str, tonic: str) -> None:
    SubElement(parent, f"{name}-step").text = tonic[0]
    if tonic[1:]:
        SubElement(parent, f"{name}-alter").text = _SIGNS[tonic[1:]]


def read_harmony(harmony: Element) -> Chord | None:
    """The chord of an element; None where it has none that is known.

    The kind's text is tried first, since kinds do not tell all of our chords apart.
    """
    root = _tonic(harmony, "root")
    kind = harmony.find("kind")
    if root is None or kind is None:
        return None
    known = next(
        (name for name, quality in QUALITIES.items() if quality.kind == (kind.text or "").strip()),
        None,
    )
    bass = _tonic(harmony, "bass")
    for quality in (kind.get("text"), known):
        if quality is not None:
            try:
                return parse_chord(f"{root}{quality}{f'/{bass}' if bass else ''}")
            except UserError:
                continue
    return None


def _tonic(harmony: Element, name: str) -> str | None:
    step = harmony.findtext(f"{name}/{name}-step", "").strip()
    alter = float(harmony.findtext(f"{name}/{name}-alter", "0") or 0)
    sign = _ALTERATIONS.get(round(alter)) if abs(alter) < 2 else None
    return None if not step or sign is None else f"{step}{sign}"
