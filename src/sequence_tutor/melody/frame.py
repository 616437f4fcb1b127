"""The key and meter of a model's tokens, and those in which its melodies are written.

The frame of a model is the key that its rules judge in and the meter that its prior learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import HIGHEST_PITCH, LOWEST_PITCH
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.progressions import Bar, ChordSpan, chord_spans
from sequence_tutor.melody.scales import C_MAJOR, OCTAVE, TONICS, Key, nearer_way
from sequence_tutor.melody.signature import (
    KeyName,
    Signature,
    mode_of,
    moved,
    on_tonic,
    signature_of,
)

A_MINOR = Key(tonic="A", scale="natural_minor")
HIGHEST_MIDI = 127


@dataclass(frozen=True)
class Heard:
    """How melodies sound and are written.

    Attributes:
        key: after the transposition.
        meter: of the bars.
        tempo: quarter notes a minute.
        transpose: semitones added to the pitches of the tokens.
        upbeat: sixteenths before the first bar line.
        chords: bars of a progression that is written above the melody; empty: none.
        accompanied: whether the chords sound too.
    """

    key: Key = C_MAJOR
    meter: Meter = COMMON
    tempo: float = 120.0
    transpose: int = 0
    upbeat: int = 0
    chords: tuple[Bar, ...] = ()
    accompanied: bool = False

    def __post_init__(self) -> None:
        """Refuse pitches out of MIDI's range, and an upbeat of a bar or more."""
        lowest, highest = LOWEST_PITCH + self.transpose, HIGHEST_PITCH + self.transpose
        if lowest < 0 or highest > HIGHEST_MIDI:
            raise UserError(
                f"transpose is {self.transpose}, expected {-LOWEST_PITCH} to "
                f"{HIGHEST_MIDI - HIGHEST_PITCH} semitones in all, so that pitches are of MIDI"
            )
        if not 0 <= self.upbeat < self.meter.steps:
            raise UserError(
                f"upbeat is {self.upbeat} sixteenths, expected 0 to {self.meter.steps - 1}, less "
                f"than a bar of {self.meter}"
            )

    @property
    def signature(self) -> Signature:
        """The key's signature."""
        return signature_of(self.key)

    def bars(self, steps: int) -> list[tuple[int, int]]:
        """First step of each bar and the step after its last; an upbeat counts as a bar."""
        firsts = list(range(self.upbeat, steps, self.meter.steps))
        if self.upbeat and steps:
            firsts = [0, *firsts]
        return [
            (first, min(after, steps))
            for first, after in zip(firsts, [*firsts[1:], steps], strict=True)
        ]

    def chord_spans(self, steps: int) -> list[ChordSpan]:
        """The chords of a melody of so many steps."""
        if not self.chords:
            return []
        return chord_spans(self.chords, self.meter, self.upbeat, steps)

    def place(self, step: int) -> int:
        """The position of a step in its bar, in sixteenths."""
        return (step - self.upbeat) % self.meter.steps

    def lines(self, steps: int) -> list[tuple[int, bool]]:
        """Every step, up to and including `steps`, that begins a beat; whether it begins a bar."""
        firsts = {self.meter.beat_at(place)[0] for place in range(self.meter.steps)}
        return [
            (step, self.place(step) == 0) for step in range(steps + 1) if self.place(step) in firsts
        ]


@dataclass(frozen=True)
class Frame:
    """The key and the meter that a model's tokens are in.

    Attributes:
        key: None: the model learned tunes in any key.
        meter: of the bars.
        relative: whether melodies may also be in the key's relative minor, as those of a prior;
            those of a tuned run are in the key of its rules.
        chords: bars of the progression that a run was tuned over, in its key; empty: none.
        only: the tokens that a run may choose; empty: all.
    """

    key: Key | None = C_MAJOR
    meter: Meter = COMMON
    relative: bool = True
    chords: tuple[Bar, ...] = ()
    only: tuple[int, ...] = ()

    @classmethod
    def of_card(cls, card: Mapping[str, Any]) -> Frame:
        """The frame of a prior, from its card (JSON).

        The meter is the one that the card names, else the first valid one that its data was limited
        to, as in cards of older versions, else 4/4.
        """

        def table(value: object) -> dict[str, Any]:
            return value if isinstance(value, dict) else {}

        settings = table(table(card.get("data")).get("settings"))
        listed = settings.get("meters")
        meter = COMMON
        for text in (
            table(card.get("melody")).get("meter"),
            *(listed if isinstance(listed, list) else []),
        ):
            with suppress(TypeError, ValueError):
                meter = Meter.parse(text)
                break
        return cls(C_MAJOR if settings.get("transpose", True) else None, meter)

    def judged_in(self, key: Key, chords: tuple[Bar, ...] = ()) -> Frame:
        """The frame of a model that was tuned by rules in a key, and over chords."""
        return replace(self, key=key, relative=False, chords=chords)

    def heard(
        self,
        name: KeyName | None = None,
        transpose: int = 0,
        tempo: float = 120.0,
        meter: Meter | None = None,
        upbeat: int = 0,
    ) -> Heard:
        """How melodies of this frame sound.

        Args:
            name: of the key that they should sound in; a tonic alone keeps the scale.
            transpose: semitones; with a name whole octaves.
            tempo: quarter notes a minute.
            meter: None: the frame's.
            upbeat: sixteenths before the first bar line.

        Raises:
            UserError: transposition does not lead to this key, or pitches leave MIDI's range.
        """
        key, up = (self.key or C_MAJOR), transpose
        if name is None:
            key = moved(key, up)
        else:
            if transpose % OCTAVE:
                raise UserError(
                    f"transpose is {transpose} with key {name}: expected whole octaves, such as 12 "
                    "or -12, since the key says where it sounds"
                )
            own = self._under(name)
            up += nearer_way(TONICS[name.tonic] - TONICS[own.tonic])
            key = on_tonic(own, name.tonic)
            if self.is_heard_in_relative(name):
                key = moved(self.key or C_MAJOR, up)
        signature = signature_of(key)
        chords = self.chords
        if up % OCTAVE:
            chords = tuple(
                tuple(chord and chord.moved(up, signature) for chord in bar) for bar in chords
            )
        return Heard(key, meter or self.meter, tempo, up, upbeat, chords)

    def is_heard_in_relative(self, name: KeyName | None) -> bool:
        """Whether the relative minor is asked of a run in major: the same notes, another tonic."""
        return (
            name is not None
            and self.key is not None
            and not self.relative
            and name.is_minor
            and mode_of(self.key) == "ionian"
        )

    def _under(self, name: KeyName) -> Key:
        """The key of this frame that a name stands for."""
        if self.key is None:
            raise UserError(
                f"key is {name}, but this prior learned tunes in keys of their own and writes in "
                "any; transpose moves them"
            )
        if name.agrees_with(self.key):
            return self.key
        if name.is_minor and mode_of(self.key) == "ionian":
            return moved(A_MINOR, TONICS[self.key.tonic])
        own = signature_of(self.key)
        raise UserError(
            f"key is {name}, but this {'prior writes' if self.relative else 'run was tuned'} in "
            f"{own}{' or its relative minor' if self.relative else ''}, expected a tonic alone, "
            f"such as {name.tonic} for {name.tonic} {own.scale}; another scale is tuned by "
            "the table reward.key"
        )


AS_TOKENS = Frame()
"""C major or A minor, and 4/4."""
