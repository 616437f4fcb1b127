"""MusicXML in: plain .xml and .musicxml, and compressed .mxl.

Source: MusicXML 4.0, https://www.w3.org/2021/06/musicxml40/. Read: notes with divisions, chords,
ties, backup and forward, time signatures, transposing instruments. Grace and cue notes and
unpitched percussion are dropped; repeats are not played out. Every staff becomes a part of its own.
"""

from __future__ import annotations

import zipfile
import zlib
from contextlib import suppress
from xml.etree.ElementTree import Element
from xml.parsers import expat

from sequence_tutor.errors import UserError
from sequence_tutor.foreign import door, one_line, said
from sequence_tutor.melody.reading.mxl import parse_xml, score_of
from sequence_tutor.melody.reading.score import (
    MOST_CHORDS,
    MOST_METERS,
    MOST_PARTS,
    Part,
    TuneScore,
    WrittenKey,
    counted,
    meters_in_force,
    tempo_of,
)
from sequence_tutor.melody.scales import C_MAJOR, NATURALS, OCTAVE
from sequence_tutor.melody.signature import MODES, MOST_FIFTHS, signature_of
from sequence_tutor.melody.writing.harmony import read_harmony

_LARGEST_METER = 1000  # beats of a bar, or of a whole note; more is a damaged number
_LARGEST_ALTERATION = 12  # semitones
_LONGEST_NOTE = 1e5  # in quarters; more is a damaged number
_MODE_NAMES = {"major": "ionian", "minor": "aeolian"}


def read_musicxml(data: bytes, name: str) -> TuneScore:
    """Read a whole MusicXML file, called `name` in messages; a zip archive is taken for .mxl.

    Raises:
        UserError: when the file is damaged, declares entities, or has no note.
    """
    with door(name):
        try:
            return _read_score(parse_xml(score_of(data) if data.startswith(b"PK") else data))
        except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise UserError(f"damaged MusicXML ({said(error)})") from error
        except (ValueError, LookupError, ArithmeticError) as error:  # wrong numbers, encodings
            raise UserError(f"not readable as MusicXML ({said(error)})") from error


def _read_score(root: Element) -> TuneScore:
    if root.tag not in ("score-partwise", "score-timewise"):
        raise UserError(f"root element <{one_line(root.tag)}>, expected <score-partwise>")
    names = {part.get("id"): part.findtext("part-name", "") for part in root.iter("score-part")}
    parts: list[Part] = []
    changes: list[tuple[float, int, int]] = []
    readers: list[_PartReader] = []
    for identity, measures in _measures_by_part(root).items():
        reader = _PartReader()
        for measure in measures:
            reader.read_measure(measure)
        for _, notes in sorted(reader.notes.items()):
            parts.append(Part.from_notes(names.get(identity) or "", notes))
        changes.extend(reader.meters)
        if len(changes) > MOST_METERS or len(parts) > MOST_PARTS:
            raise UserError("more parts or changes of meter than a piece of music has")
        readers.append(reader)
    parts = [part for part in parts if len(part)]
    if not parts:
        raise UserError("no note in it")
    meters = meters_in_force(changes, max(float(part.starts[-1]) for part in parts))
    bar = 4 * meters[0][0] / meters[0][1]
    upbeats = [reader.first_bar for reader in readers if 0 < reader.first_bar < bar]
    return TuneScore(
        tuple(parts),
        meters,
        next((reader.key for reader in readers if reader.key is not None), None),
        max(upbeats, default=0.0),
        max(reader.now for reader in readers),
        next((tuple(reader.chords) for reader in readers if reader.chords), ()),
        _left_out(root, sum(reader.graces for reader in readers)),
        tempo=_tempo(root),
    )


def _tempo(root: Element) -> float | None:
    """That of the first mark for players, if there is one."""
    for mark in root.iter("sound"):
        if "tempo" in mark.attrib:
            with suppress(ValueError):
                return tempo_of(float(mark.attrib["tempo"]))
    return None


def _left_out(root: Element, graces: int) -> tuple[str, ...]:
    """What of the file is not in the parts."""
    phrases = {
        "note/cue": "cue notes left out",
        "note/unpitched": "percussion left out",
        "barline/repeat": "repeats not played out",
    }
    return (
        *([f"{counted(graces, 'grace note')} left out"] if graces else []),
        *(phrase for path, phrase in phrases.items() if root.find(f".//{path}") is not None),
    )


def _measures_by_part(root: Element) -> dict[str | None, list[Element]]:
    """The elements that hold notes, in order, for each part."""
    if root.tag == "score-partwise":
        return {part.get("id"): part.findall("measure") for part in root.findall("part")}
    measures: dict[str | None, list[Element]] = {}
    for part in root.iterfind("measure/part"):
        measures.setdefault(part.get("id"), []).append(part)
    return measures


class _PartReader:
    """Reads the measures of one part; times in quarter notes from the start."""

    def __init__(self) -> None:
        self.notes: dict[str, list[tuple[float, float, int]]] = {}  # by staff
        self.meters: list[tuple[float, int, int]] = []
        self.key: WrittenKey | None = None  # the first, at concert pitch
        self.first_bar = 0.0  # quarter notes, where there is a second bar
        self.graces = 0
        self.chords: list[tuple[float, str]] = []
        self._bars = 0
        self._tied: dict[tuple[str, int], int] = {}  # (staff, pitch) -> index in its notes
        self.now = 0.0  # after all measures: where the last one ends
        self._chord_start = 0.0
        self._divisions = 1.0
        self._transpose = 0

    def read_measure(self, measure: Element) -> None:
        """Read one measure; it ends where the longest of its voices does."""
        self._bars += 1
        if self._bars == 2:
            self.first_bar = self.now
        furthest = self.now
        for element in measure:
            if element.tag == "attributes":
                self._read_attributes(element)
            elif element.tag == "note":
                self._read_note(element)
            elif element.tag == "harmony":
                self._read_harmony(element)
            elif element.tag == "forward":
                self._advance(self._duration(element))
            elif element.tag == "backup":
                self._advance(-self._duration(element))
            furthest = max(furthest, self.now)
        self.now = furthest

    def _read_harmony(self, harmony: Element) -> None:
        chord = read_harmony(harmony)
        if chord is not None and len(self.chords) < MOST_CHORDS:
            offset = float(harmony.findtext("offset", "0")) / self._divisions
            if self._transpose % OCTAVE:
                chord = chord.moved(self._transpose, signature_of(C_MAJOR))
            self.chords.append((self.now + offset, str(chord)))

    def _read_attributes(self, attributes: Element) -> None:
        divisions = attributes.findtext("divisions")
        if divisions is not None:
            self._divisions = float(divisions)
            if not 0 < self._divisions < 1e6:
                raise UserError(one_line(f"{divisions} divisions of a quarter, expected 1 or more"))
        for time in attributes.iterfind("time"):
            beats, unit = time.findtext("beats"), time.findtext("beat-type")
            if beats and unit:  # absent where the music has no measure
                numerator, denominator = sum(map(int, beats.split("+"))), int(unit)
                if max(numerator, denominator) > _LARGEST_METER:
                    raise UserError(f"a time signature of {one_line(f'{beats}/{unit}')}")
                if self.meters[-1:] != [(self.now, numerator, denominator)]:
                    self.meters.append((self.now, numerator, denominator))
        transpose = attributes.find("transpose")
        if transpose is not None:
            chromatic = int(transpose.findtext("chromatic", "0"))
            self._transpose = chromatic + 12 * int(transpose.findtext("octave-change", "0"))
        key = attributes.find("key")
        if key is not None and self.key is None:
            self.key = self._written_key(key)

    def _written_key(self, key: Element) -> WrittenKey | None:
        """A traditional key at concert pitch: that of a clarinet in B flat has two flats more."""
        fifths = key.findtext("fifths")
        if fifths is None or not abs(int(fifths)) <= MOST_FIFTHS:
            return None
        name = (key.findtext("mode") or "").strip().lower()
        mode = _MODE_NAMES.get(name, name)
        return WrittenKey(int(fifths), mode if mode in MODES else None).moved(self._transpose)

    def _read_note(self, note: Element) -> None:
        if note.find("grace") is not None:
            self.graces += 1
            return
        duration = self._duration(note)
        if note.find("chord") is None:
            self._chord_start = self.now
            self._advance(duration)
        pitch = note.find("pitch")
        if pitch is not None and note.find("cue") is None:
            end = round(self._chord_start + duration, 6)
            self._add(note, note.findtext("staff", "1"), end, self._sounding(pitch))

    def _add(self, note: Element, staff: str, end: float, pitch: int) -> None:
        notes = self.notes.setdefault(staff, [])
        ties = {tie.get("type") for tie in note.iterfind("tie")}
        index = self._tied.pop((staff, pitch), None)
        if index is not None and "stop" in ties and notes[index][1] == self._chord_start:
            notes[index] = (notes[index][0], end, pitch)
        else:
            index = len(notes)
            notes.append((self._chord_start, end, pitch))
        if "start" in ties:
            self._tied[staff, pitch] = index

    def _sounding(self, pitch: Element) -> int:
        step = pitch.findtext("step", "").strip()
        if step not in NATURALS:
            raise UserError(f"pitch step {one_line(step)!r}, expected A to G")
        octave = int(pitch.findtext("octave", ""))
        alteration = float(pitch.findtext("alter", "0"))
        if not abs(alteration) <= _LARGEST_ALTERATION:
            raise UserError(f"an alteration of {alteration:g} semitones")
        altered = round(alteration)  # quarter tones go to the nearest
        number = 12 * (octave + 1) + NATURALS[step] + altered + self._transpose
        if not 0 <= number <= 127:
            raise UserError(one_line(f"pitch {step}{octave} is outside MIDI's range"))
        return number

    def _duration(self, element: Element) -> float:
        quarters = float(element.findtext("duration", "0")) / self._divisions
        if not 0 <= quarters <= _LONGEST_NOTE:
            raise UserError(f"a duration of {quarters:g} quarter notes")
        return quarters

    def _advance(self, quarters: float) -> None:
        # rounded, so that three thirds of a quarter are one quarter
        self.now = max(0.0, round(self.now + quarters, 6))
