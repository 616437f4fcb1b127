"""A melody as MusicXML, for notation programs and for the score pictures.

Source: MusicXML 4.0, https://www.w3.org/2021/06/musicxml40/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import mean
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sequence_tutor.melody.encoding import STEPS_PER_QUARTER as BEAT
from sequence_tutor.melody.encoding import Span, sounding_spans
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.signature import Signature
from sequence_tutor.melody.writing.harmony import write_harmony

BASS_BELOW = 57.0
"""A melody whose mean pitch is lower is written in the bass clef, with fewer ledger lines."""

TYPES = {
    32: ("breve", False),
    24: ("whole", True),
    16: ("whole", False),
    12: ("half", True),
    8: ("half", False),
    6: ("quarter", True),
    4: ("quarter", False),
    3: ("eighth", True),
    2: ("eighth", False),
    1: ("16th", False),
}
"""Sixteenths -> the note's type, and whether it has a dot."""

ACCIDENTALS = {2: "double-sharp", 1: "sharp", 0: "natural", -1: "flat", -2: "flat-flat"}


@dataclass(frozen=True)
class Piece:
    """One sign: a note or rest, or a part of one.

    Attributes:
        start: sixteenths from the beginning of the bar; an upbeat is the end of a whole bar.
        length: sixteenths, one of `TYPES`.
        pitch: MIDI number; None: a rest.
        tied_from, tied_to: whether the note is tied to the sign before, and to the next.
    """

    start: int
    length: int
    pitch: int | None
    tied_from: bool = False
    tied_to: bool = False


def to_musicxml(tokens: Sequence[int], heard: Heard | None = None) -> str:
    """One melody at concert pitch, which `read_musicxml` reads back to the same notes.

    Notes that cross a bar line or hide a beat are written as tied signs. The last bar ends with
    the melody, and an upbeat is a bar of its own before the first.

    Args:
        tokens: (T,) of 0..37.
        heard: key, meter, tempo; None: as the tokens say.

    Raises:
        ValueError: when there are no tokens.
    """
    heard = heard or Heard()
    spans = sounding_spans(tokens, heard.transpose)
    meter = heard.meter
    root = Element("score-partwise", version="4.0")
    listed = SubElement(SubElement(root, "part-list"), "score-part", id="P1")
    SubElement(listed, "part-name")  # required, may be empty
    part = SubElement(root, "part", id="P1")
    for number, (first, last) in enumerate(heard.bars(len(tokens)), start=0 if heard.upbeat else 1):
        measure = SubElement(part, "measure", number=str(number))
        if number == 0:
            measure.set("implicit", "yes")  # not counted
        if first == 0:
            pitches = [pitch for _, _, pitch in spans if pitch is not None]
            _open(measure, heard, bool(pitches) and mean(pitches) < BASS_BELOW)
        write_harmony(measure, heard, first, last, len(tokens))
        pieces = list(bar_pieces(spans, first, last, meter, heard.place(first)))
        _fill(measure, pieces, heard.signature, meter)
        if last == len(tokens):
            _text(SubElement(measure, "barline", location="right"), "bar-style", "light-heavy")
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def bar_pieces(
    spans: Sequence[Span], first: int, last: int, meter: Meter = COMMON, place: int = 0
) -> Iterator[Piece]:
    """The signs of one bar.

    Args:
        spans: of the whole melody.
        first: the first step of the bar.
        last: the step after the melody's last, or any after the bar's.
        meter: of the bar.
        place: the position of the first step in the bar; above 0 in an upbeat.
    """
    end_of_bar = min(first + meter.steps - place, last)
    for start, end, pitch in spans:
        now, until = max(start, first), min(end, end_of_bar)
        while now < until:
            length = _sign(place + now - first, until - now, meter, is_rest=pitch is None)
            sounds = pitch is not None
            yield Piece(
                place + now - first,
                length,
                pitch,
                sounds and now > start,
                sounds and now + length < end,
            )
            now += length


def _sign(place: int, left: int, meter: Meter, *, is_rest: bool) -> int:
    """The longest sign at a position of the bar that keeps the beats visible.

    A sign that begins off the beat ends with the beat, and in beats of three eighths one that
    begins off the eighths is an eighth at most. On a beat that is no quarter a sign longer than the
    beat ends with a beat. Rests follow the division of the bar: only whole beats have dotted rests,
    a half rest is the first or second half of the bar, and a rest that fills a bar is one sign.
    """
    if is_rest and left == meter.steps:
        return left
    begun, ended = meter.beat_at(place)
    within = ended - place
    room = left if place == begun else min(left, within)
    if ended - begun == 6 and (place - begun) % 2:
        room = min(room, 2)
    return next(
        length
        for length in TYPES
        if length <= room
        and (
            meter.is_in_quarters
            or length <= within
            or meter.beat_at(place + length - 1)[1] == place + length
        )
        and (not is_rest or _may_rest(place, length, meter))
    )


def _may_rest(place: int, length: int, meter: Meter) -> bool:
    """Whether a rest of this length may begin at a position."""
    begun, ended = meter.beat_at(place)
    if length == ended - begun:
        return place == begun
    if length < ended - begun:
        return not TYPES[length][1] and (place - begun) % length == 0
    halves = meter.steps % (2 * length) == 0 or not meter.is_in_quarters
    return place % length == 0 and halves and (not TYPES[length][1] or not meter.is_in_quarters)


def _open(measure: Element, heard: Heard, is_low: bool) -> None:
    """Add key, meter, clef and tempo."""
    attributes = SubElement(measure, "attributes")
    _text(attributes, "divisions", BEAT)
    key = SubElement(attributes, "key")
    _text(key, "fifths", heard.signature.fifths)
    _text(key, "mode", heard.signature.musicxml_mode)
    time = SubElement(attributes, "time")
    _text(time, "beats", heard.meter.numerator)
    _text(time, "beat-type", heard.meter.denominator)
    clef = SubElement(attributes, "clef")
    _text(clef, "sign", "F" if is_low else "G")
    _text(clef, "line", 4 if is_low else 2)
    direction = SubElement(measure, "direction", placement="above")
    metronome = SubElement(SubElement(direction, "direction-type"), "metronome")
    _text(metronome, "beat-unit", "quarter")
    _text(metronome, "per-minute", f"{heard.tempo:g}")
    SubElement(direction, "sound", tempo=f"{heard.tempo:g}")  # for playback


def _fill(measure: Element, pieces: Sequence[Piece], signature: Signature, meter: Meter) -> None:
    """Add the notes and rests of one bar, with the accidentals that the key and the bar require.

    A note tied from the bar before has no accidental.
    """
    altered: dict[tuple[str, int], int] = {}
    beams = _beams(pieces, meter)
    for piece in pieces:
        note = SubElement(measure, "note")
        accidental = None
        if piece.pitch is None:
            fills = piece.length == meter.steps
            SubElement(note, "rest", {"measure": "yes"} if fills else {})
        else:
            letter, alteration, octave = signature.spell(piece.pitch)
            pitch = SubElement(note, "pitch")
            _text(pitch, "step", letter)
            if alteration:
                _text(pitch, "alter", alteration)
            _text(pitch, "octave", octave)
            known = altered.get((letter, octave), signature.alterations.get(letter, 0))
            if alteration != known and not piece.tied_from:
                accidental = ACCIDENTALS[alteration]
                altered[letter, octave] = alteration
        _text(note, "duration", piece.length)
        ties = [
            kind for kind, holds in (("stop", piece.tied_from), ("start", piece.tied_to)) if holds
        ]
        for kind in ties:
            SubElement(note, "tie", type=kind)
        _text(note, "voice", 1)
        if piece.pitch is not None or piece.length < meter.steps:
            name, dotted = TYPES[piece.length]
            _text(note, "type", name)
            if dotted:
                SubElement(note, "dot")
        if accidental is not None:
            _text(note, "accidental", accidental)
        for level, kind in beams.get(piece.start, ()):
            SubElement(note, "beam", number=str(level)).text = kind
        if ties:
            notations = SubElement(note, "notations")
            for kind in ties:
                SubElement(notations, "tied", type=kind)


def _beams(pieces: Sequence[Piece], meter: Meter) -> dict[int, list[tuple[int, str]]]:
    """Start of a piece -> (level, kind) of its beams, which join the short notes of one beat."""
    beams: dict[int, list[tuple[int, str]]] = {}
    short = [piece for piece in pieces if piece.length < BEAT]
    for _, beat in groupby(short, key=lambda piece: meter.beat_at(piece.start)):
        for _, run in groupby(beat, key=lambda piece: piece.pitch is None):
            group = list(run)
            if len(group) < 2 or group[0].pitch is None:
                continue
            last = len(group) - 1
            for place, piece in enumerate(group):
                kind = "begin" if place == 0 else "end" if place == last else "continue"
                beams[piece.start] = [(1, kind)]
                if piece.length == 1:
                    beams[piece.start].append((2, _second(group, place)))
    return beams


def _second(group: Sequence[Piece], place: int) -> str:
    """The second beam of a sixteenth: joined to neighbouring sixteenths, else a hook."""
    before = place > 0 and group[place - 1].length == 1
    after = place + 1 < len(group) and group[place + 1].length == 1
    if before and after:
        return "continue"
    if before or after:
        return "end" if before else "begin"
    return "forward hook" if place == 0 else "backward hook"


def _text(parent: Element, name: str, value: object) -> None:
    SubElement(parent, name).text = str(value)
