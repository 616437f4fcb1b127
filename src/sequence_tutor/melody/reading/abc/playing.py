"""Measures played out: repeats in order, ties joined, and notes with times.

Source: the ABC standard 2.1, sections 3.1.9, 4.2 and 4.8 to 4.11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reading.abc.fields import WHOLE
from sequence_tutor.melody.reading.abc.measures import Event, Measure, Pitch

MOST_EVENTS = 200_000
"""Most notes, rests and bars of a tune when played; an hour of sixteenths has some 30,000."""

_QUARTER = WHOLE / 4

PlayedNote = tuple[float, float, int]
"""Start and end in quarter notes, and the MIDI number."""


def in_order(measures: Sequence[Measure]) -> Iterator[Measure]:
    """The measures in the order they sound, with repeats and endings played out.

    The end of a repeat goes back to its beginning, else to the last double bar or end of a repeat
    (section 4.8). Each jump back raises the pass, of which a repeat has a bounded number, so that
    this always ends.
    """
    start, passes, position = 0, 1, 0
    opened = False
    while position < len(measures):
        measure = measures[position]
        following = measures[position + 1] if position + 1 < len(measures) else Measure()
        if measure.opens:
            opened = True
            if position != start:
                start, passes = position, 1
        position += 1
        if measure.ending and passes not in measure.ending:
            yield Measure()  # silent, but counted: passes times measures may be many
            continue
        yield measure
        if measure.closes and _again(measure, following, passes, measures[start].opens):
            position, passes = start, passes + 1
        elif measure.closes or (measure.ending and not following.ending):
            start, passes, opened = position, 1, False
        elif measure.ends_section and not opened and not measure.ending:
            start, passes = position, 1


def _again(measure: Measure, following: Measure, passes: int, opens: int) -> bool:
    if not measure.ending:
        return passes <= max(measure.closes, opens)
    return passes == 1 or passes + 1 in measure.ending or bool(following.ending)


@dataclass(frozen=True)
class Played:
    """One voice as it sounds; times in quarter notes.

    Attributes:
        layers: the notes of the voice, then of each overlay.
        meters: (time, numerator, denominator) of each change.
        upbeat: the length of an incomplete first bar; 0 if it is full or the only one.
        end: of the last bar.
        events: notes, rests and bars in all.
        chords: time in quarter notes and text of what is above notes in quotation marks.
    """

    layers: list[list[PlayedNote]]
    meters: list[tuple[float, int, int]]
    upbeat: float
    end: float
    events: int
    chords: list[tuple[float, str]]


def sound(measures: Iterable[Measure], most: int) -> Played:
    """The notes of measures in playing order.

    Raises:
        UserError: when there are more than `most` notes, rests and bars.
    """
    layers: list[_Layer] = []
    meters: list[tuple[float, int, int]] = []
    chords: list[tuple[float, str]] = []
    now = played = upbeat = bars = 0
    for measure in measures:
        played += 1 + sum(map(len, measure.layers))
        if played > most:
            raise UserError(f"it plays out to more than {MOST_EVENTS} notes, rests and bars")
        if measure.meter is not None and measure.meter != (meters[-1][1:] if meters else None):
            meters.append((now / _QUARTER, *measure.meter))
        altered: dict[object, int] = {}  # by accidentals, up to the bar line
        following = now
        chords += _chords(measure.layers[0], now)
        for number, events in enumerate(measure.layers):
            if number == len(layers):
                layers.append(_Layer())
            end = layers[number].play(events, now, altered)
            if number == 0:
                following = end
        if following > now:
            bars += 1
            if bars == 1:
                upbeat = following
        now = following
    is_full = not meters or upbeat * meters[0][2] >= WHOLE * meters[0][1]
    return Played(
        [layer.ended() for layer in layers],
        meters,
        0.0 if is_full or bars == 1 else upbeat / _QUARTER,
        now / _QUARTER,
        played,
        chords,
    )


def _chords(events: Iterable[Event], now: int) -> Iterator[tuple[float, str]]:
    """The texts above events that begin at tick `now`, with their times in quarter notes."""
    for event in events:
        if event.chord:
            yield now / _QUARTER, event.chord
        now += event.duration


class _Layer:
    """The notes of a voice or of one of its overlays, and the open ties."""

    def __init__(self) -> None:
        self._notes: list[PlayedNote] = []
        self._held: dict[int, tuple[int, int]] = {}  # pitch -> start and end so far, in ticks
        self._places: dict[tuple[str, int], int] = {}  # their `Pitch.place` -> pitch

    def play(self, events: Iterable[Event], now: int, altered: dict[object, int]) -> int:
        """Add events that begin at tick `now`; return the tick where they end."""
        for event in events:
            if not event.duration:
                for pitch in event.pitches:  # grace notes
                    _sounding(pitch, altered)
                continue
            sounding: dict[int, tuple[int, int]] = {}
            tied: dict[tuple[str, int], int] = {}
            for pitch in event.pitches:
                number = self._number(pitch, altered)
                start, end = self._held.get(number, (now, now))
                if end == now:  # else an overlay ended bars ago
                    self._held.pop(number, None)
                else:
                    start = now
                sounding[number] = (start, now + event.duration)
                if event.tied or pitch.tied:
                    tied[pitch.place] = number
            now += event.duration
            self._release()
            for number, (start, end) in sounding.items():
                if number in tied.values():
                    self._held[number] = (start, end)
                else:
                    self._note(start, end, number)
            self._places = tied
        return now

    def ended(self) -> list[PlayedNote]:
        """All notes, with open ties ended."""
        self._release()
        return self._notes

    def _number(self, pitch: Pitch, altered: dict[object, int]) -> int:
        # a tie carries the accidental over the bar line, for its own note alone
        if pitch.mark is None and pitch.place in self._places:
            return self._places[pitch.place]
        return _sounding(pitch, altered)

    def _release(self) -> None:
        for number, (start, end) in self._held.items():
            self._note(start, end, number)
        self._held = {}

    def _note(self, start: int, end: int, number: int) -> None:
        self._notes.append((start / _QUARTER, end / _QUARTER, number))


def _sounding(pitch: Pitch, altered: dict[object, int]) -> int:
    """The MIDI number of a note with the accidentals of its bar, by octaves into 0..127."""
    if pitch.mark is not None and pitch.lasting is not None:
        altered[pitch.lasting] = pitch.mark
    alteration = pitch.by_key if pitch.mark is None else pitch.mark
    if pitch.mark is None and pitch.lasting is not None:
        alteration = altered.get(pitch.lasting, alteration)
    number = pitch.natural + alteration
    if 0 <= number <= 127:
        return number
    return number % 12 if number < 0 else 120 + number % 12 - (12 if number % 12 > 7 else 0)
