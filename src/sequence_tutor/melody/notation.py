"""A melody as MusicXML: what notation programs open, and what the score pictures are drawn from.

Source: MusicXML 4.0, https://www.w3.org/2021/06/musicxml40/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from sequence_tutor.melody.abc_music import key_signature
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER as BEAT
from sequence_tutor.melody.spelling import Span, sounding_spans, spell

BAR = 4 * BEAT
BASS_BELOW = 57.0
"""A melody whose mean pitch is lower stands in the bass clef, where it needs fewer ledger lines."""

TYPES = {
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
        start: sixteenths from the bar's beginning.
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


def to_musicxml(
    tokens: Sequence[int], tempo: float = 120.0, key: str = "C", transpose: int = 0
) -> str:
    """One melody in 4/4 at concert pitch, which `read_musicxml` reads back to the same notes.

    Notes longer than a bar, and those that hide a beat, are tied. The last bar is as long as the
    melody.

    Args:
        tokens: (T,) of 0..37, one a sixteenth note.
        tempo: quarter notes a minute.
        key: such as C, Bb or F#m: how notes are spelled, not where they sound.
        transpose: semitones added to every pitch.

    Raises:
        ValueError: when there are no tokens.
    """
    spans = sounding_spans(tokens, transpose)
    signature = key_signature(key)
    root = Element("score-partwise", version="4.0")
    listed = SubElement(SubElement(root, "part-list"), "score-part", id="P1")
    SubElement(listed, "part-name")  # must be there, and has nothing to say
    part = SubElement(root, "part", id="P1")
    for number, first in enumerate(range(0, len(tokens), BAR)):
        measure = SubElement(part, "measure", number=str(number + 1))
        if number == 0:
            _open(measure, sum(signature.values()), _is_low(spans), tempo)
        _fill(measure, list(bar_pieces(spans, first, len(tokens))), signature)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def bar_pieces(spans: Sequence[Span], first: int, last: int) -> Iterator[Piece]:
    """The signs of one bar.

    Args:
        spans: of the whole melody.
        first: the bar's first step.
        last: the step after the melody's last.
    """
    end_of_bar = min(first + BAR, last)
    for start, end, pitch in spans:
        now, until = max(start, first), min(end, end_of_bar)
        while now < until:
            length = _sign(now - first, until - now, is_rest=pitch is None)
            sounds = pitch is not None
            yield Piece(
                now - first, length, pitch, sounds and now > start, sounds and now + length < end
            )
            now += length


def _sign(place: int, left: int, *, is_rest: bool) -> int:
    """The longest sign that may stand at a place of the bar, so that the beats stay visible.

    Off the beat a sign ends with the beat. Rests keep to the bar's own division: no dots, and a
    half rest only in the first or second half.
    """
    room = BEAT - place % BEAT if place % BEAT else left
    lengths = [length for length in TYPES if length <= min(left, room)]
    if is_rest:
        lengths = [length for length in lengths if not TYPES[length][1] and place % length == 0]
    return lengths[0]


def _is_low(spans: Sequence[Span]) -> bool:
    pitches = [pitch for _, _, pitch in spans if pitch is not None]
    return bool(pitches) and sum(pitches) / len(pitches) < BASS_BELOW


def _open(measure: Element, fifths: int, is_low: bool, tempo: float) -> None:
    """Key, meter, clef and tempo."""
    attributes = SubElement(measure, "attributes")
    _text(attributes, "divisions", BEAT)
    _text(SubElement(attributes, "key"), "fifths", fifths)
    time = SubElement(attributes, "time")
    _text(time, "beats", 4)
    _text(time, "beat-type", 4)
    clef = SubElement(attributes, "clef")
    _text(clef, "sign", "F" if is_low else "G")
    _text(clef, "line", 4 if is_low else 2)
    SubElement(measure, "sound", tempo=f"{tempo:g}")  # played, not written


def _fill(measure: Element, pieces: Sequence[Piece], signature: Mapping[str, int]) -> None:
    """The notes and rests of one bar, with accidentals where the key and the bar so far need them.

    A note tied from the bar before repeats none.
    """
    altered: dict[tuple[str, int], int] = {}
    beams = _beams(pieces)
    for piece in pieces:
        note = SubElement(measure, "note")
        accidental = None
        if piece.pitch is None:
            whole_bar = {"measure": "yes"} if piece.length == BAR else {}
            SubElement(note, "rest", whole_bar)
        else:
            letter, alteration, octave = spell(piece.pitch, signature)
            _pitch(note, letter, alteration, octave)
            known = altered.get((letter, octave), signature.get(letter, 0))
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


def _beams(pieces: Sequence[Piece]) -> dict[int, list[tuple[int, str]]]:
    """Start of a piece -> (level, kind) of its beams; short notes of one beat hang together."""
    found: dict[int, list[tuple[int, str]]] = {}
    short = [piece for piece in pieces if piece.length < BEAT]
    for _, beat in groupby(short, key=lambda piece: piece.start // BEAT):
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
