"""A melody as MusicXML: what notation programs open, and what the score pictures are drawn from.

Source: MusicXML 4.0, https://www.w3.org/2021/06/musicxml40/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sequence_tutor.melody.encoding import STEPS_PER_QUARTER as BEAT
from sequence_tutor.melody.encoding import Span, sounding_spans
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.signature import Signature

BASS_BELOW = 57.0
"""A melody whose mean pitch is lower stands in the bass clef, where it needs fewer ledger lines."""

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
    """A part of a note or rest that one sign stands for.

    Attributes:
        start: sixteenths from the beginning of the bar, of a whole one if it is an upbeat.
        length: sixteenths, one of `TYPES`.
        pitch: MIDI number; None: a rest.
        tied_from, tied_to: whether the note came from the sign before, and goes on in the next.
    """

    start: int
    length: int
    pitch: int | None
    tied_from: bool = False
    tied_to: bool = False

    @property
    def end(self) -> int:
        """Sixteenths from the bar's beginning."""
        return self.start + self.length


_AS_TOKENS = Heard()


def to_musicxml(tokens: Sequence[int], heard: Heard = _AS_TOKENS) -> str:
    """One melody at concert pitch, which `read_musicxml` reads back to the same notes.

    Notes longer than a bar, and those that hide a beat, are tied. The last bar is as long as the
    melody, and an upbeat is a bar of its own before the first.

    Args:
        tokens: (T,) of 0..37, one a sixteenth note.
        heard: key, meter, tempo.

    Raises:
        ValueError: when there are no tokens.
    """
    spans = sounding_spans(tokens, heard.transpose)
    meter = heard.meter
    root = Element("score-partwise", version="4.0")
    listed = SubElement(SubElement(root, "part-list"), "score-part", id="P1")
    SubElement(listed, "part-name")  # must be there, and has nothing to say
    part = SubElement(root, "part", id="P1")
    for number, (first, last) in enumerate(heard.bars(len(tokens)), start=0 if heard.upbeat else 1):
        measure = SubElement(part, "measure", number=str(number))
        if number == 0:
            measure.set("implicit", "yes")  # not counted
        if first == 0:
            _open(measure, heard, _is_low(spans))
        pieces = list(bar_pieces(spans, first, last, meter, heard.place(first)))
        _fill(measure, pieces, heard.signature, meter)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def bar_pieces(
    spans: Sequence[Span], first: int, last: int, meter: Meter = COMMON, place: int = 0
) -> Iterator[Piece]:
    """The signs of one bar.

    Args:
        spans: of the whole melody.
        first: the first step of the bar.
        last: a step after the bar's last, such as that after the melody's.
        meter: of the bar.
        place: where in the bar the first step is: not at its beginning in an upbeat.
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
    """The longest sign that may stand at a place of the bar, so that the beats stay visible.

    Off the beat a sign ends with the beat, and in beats of three eighths one that begins off the
    eighths is an eighth at most. On a beat that is no quarter a sign that goes on after the beat
    ends with one. Rests keep to the bar's own division: no dots but those of whole beats, and a
    half rest only in the first or second half; one that fills a bar is one sign.
    """
    if is_rest and left == meter.steps:
        return left
    begun, ended = meter.beat_at(place)
    within = ended - place
    room = left if place == begun else min(left, within)
    if ended - begun == 6 and (place - begun) % 2:
        room = min(room, 2)
    lengths = [length for length in TYPES if length <= room]
    if not meter.is_in_quarters:
        lengths = [
            length
            for length in lengths
            if length <= within or meter.beat_at(place + length - 1)[1] == place + length
        ]
    if is_rest:
        lengths = [length for length in lengths if _may_rest(place, length, meter)]
    return lengths[0]


def _may_rest(place: int, length: int, meter: Meter) -> bool:
    """Whether a rest of this length may stand there."""
    begun, ended = meter.beat_at(place)
    if length == ended - begun:
        return place == begun
    if length < ended - begun:
        return not TYPES[length][1] and (place - begun) % length == 0
    halves = meter.steps % (2 * length) == 0 or not meter.is_in_quarters
    return place % length == 0 and halves and (not TYPES[length][1] or not meter.is_in_quarters)


def _is_low(spans: Sequence[Span]) -> bool:
    pitches = [pitch for _, _, pitch in spans if pitch is not None]
    return bool(pitches) and sum(pitches) / len(pitches) < BASS_BELOW


def _open(measure: Element, heard: Heard, is_low: bool) -> None:
    """Key, meter, clef and tempo."""
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
    SubElement(measure, "sound", tempo=f"{heard.tempo:g}")  # played, not written


def _fill(measure: Element, pieces: Sequence[Piece], signature: Signature, meter: Meter) -> None:
    """The notes and rests of one bar, with accidentals where the key and the bar so far need them.

    A note tied from the bar before repeats none.
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
            _pitch(note, letter, alteration, octave)
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


def _pitch(note: Element, letter: str, alteration: int, octave: int) -> None:
    pitch = SubElement(note, "pitch")
    _text(pitch, "step", letter)
    if alteration:
        _text(pitch, "alter", alteration)
    _text(pitch, "octave", octave)


def _beams(pieces: Sequence[Piece], meter: Meter) -> dict[int, list[tuple[int, str]]]:
    """Start of a piece -> (level, kind) of its beams; short notes of one beat hang together."""
    found: dict[int, list[tuple[int, str]]] = {}
    short = [piece for piece in pieces if piece.length < BEAT]
    for _, beat in groupby(short, key=lambda piece: meter.beat_at(piece.start)):
        for _, run in groupby(beat, key=lambda piece: piece.pitch is None):
            group = list(run)
            if len(group) < 2 or group[0].pitch is None:
                continue
            for place, piece in enumerate(group):
                found[piece.start] = [(1, _kind(place, len(group)))]
            for place, piece in enumerate(group):
                if piece.length == 1:
                    found[piece.start].append((2, _second(group, place)))
    return found


def _kind(place: int, count: int) -> str:
    return "begin" if place == 0 else "end" if place == count - 1 else "continue"


def _second(group: Sequence[Piece], place: int) -> str:
    """The second beam of a sixteenth: joined to the sixteenths beside it, else a hook."""
    before = place > 0 and group[place - 1].length == 1
    after = place + 1 < len(group) and group[place + 1].length == 1
    if before and after:
        return "continue"
    if before or after:
        return "end" if before else "begin"
    return "forward hook" if place == 0 else "backward hook"


def _text(parent: Element, name: str, value: object) -> None:
    SubElement(parent, name).text = str(value)
