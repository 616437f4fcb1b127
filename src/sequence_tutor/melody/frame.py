"""What a run knows of its music, and how its melodies are heard and written.

A model's tokens stand in a frame: the key that its rules judge in and the meter that its prior
learned. Whoever writes a melody, reads one to go on from, or draws bar lines asks for it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.melody.encoding import HIGHEST_PITCH, LOWEST_PITCH
from sequence_tutor.melody.key_names import KeyName
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.scales import C_MAJOR, OCTAVE, TONICS, Key, nearer_way
from sequence_tutor.melody.signature import Signature, mode_of, moved, on_tonic, signature_of

A_MINOR = Key(tonic="A", scale="natural_minor")
HIGHEST_MIDI = 127


@dataclass(frozen=True)
class Heard:
    """How melodies are heard and written.

    Attributes:
        key: of what sounds.
        meter: of the bars.
        tempo: quarter notes a minute.
        transpose: semitones from the tokens to what sounds.
        upbeat: sixteenths before the first bar line.
    """

    key: Key = C_MAJOR
    meter: Meter = COMMON
    tempo: float = 120.0
    transpose: int = 0
    upbeat: int = 0

    def __post_init__(self) -> None:
        """Refuse pitches that no file can hold, and an upbeat that is no part of a bar."""
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
        """How the key is written."""
        return signature_of(self.key)

    def bars(self, steps: int) -> list[tuple[int, int]]:
        """First step of each bar and the step after its last; the upbeat is a bar of its own."""
        firsts = list(range(self.upbeat, steps, self.meter.steps))
        if self.upbeat and steps:
            firsts = [0, *firsts]
        return [
            (first, min(after, steps))
            for first, after in zip(firsts, [*firsts[1:], steps], strict=True)
        ]

    def place(self, step: int) -> int:
        """Where in its bar a step is, in sixteenths."""
        return (step - self.upbeat) % self.meter.steps

    def lines(self, steps: int) -> list[tuple[int, bool]]:
        """Every step, up to the last one's end, that begins a beat, and whether it begins a bar."""
        firsts = {self.meter.beat_at(place)[0] for place in range(self.meter.steps)}
        return [
            (step, self.place(step) == 0) for step in range(steps + 1) if self.place(step) in firsts
        ]


@dataclass(frozen=True)
class Frame:
    """The key and the meter that a model's tokens are in.

    Attributes:
        key: None: the model learned tunes in keys of their own.
        meter: of the bars.
        relative: whether melodies are in that major key or in its relative minor, as those of a
            prior are; those of a tuned run are in the key of its rules.
    """

    key: Key | None = C_MAJOR
    meter: Meter = COMMON
    relative: bool = True

    @classmethod
    def of_card(cls, card: Mapping[str, Any]) -> Frame:
        """The frame of a prior.

        The meter is the one that the card names, else the first that its data was limited to, as
        in cards of before; 4/4 where it says nothing.

        Args:
            card: of the prior, JSON.
        """
        data = card.get("data")
        settings = data.get("settings") if isinstance(data, dict) else None
        settings = settings if isinstance(settings, dict) else {}
        own = card.get("melody")
        named = own.get("meter") if isinstance(own, dict) else None
        meters = settings.get("meters")
        listed = meters if isinstance(meters, list) else []
        key = C_MAJOR if settings.get("transpose", True) else None
        return cls(key, _first_meter([named, *listed]))

    def judged_in(self, key: Key) -> Frame:
        """The frame of a model that was tuned by rules of a key."""
        return replace(self, key=key, relative=False)

    def heard(
        self,
        name: KeyName | None = None,
        transpose: int = 0,
        tempo: float = 120.0,
        meter: Meter | None = None,
        upbeat: int = 0,
    ) -> Heard:
        """How melodies of this frame are heard.

        Args:
            name: of the key that is to be heard; a tonic alone keeps the scale.
            transpose: semitones; with a name whole octaves.
            tempo: quarter notes a minute.
            meter: another than the frame's.
            upbeat: sixteenths before the first bar line.

        Raises:
            UserError: the key cannot be heard from this frame, or pitches leave MIDI's range.
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
        return Heard(key, meter or self.meter, tempo, up, upbeat)

    def is_heard_in_relative(self, name: KeyName | None) -> bool:
        """Whether a minor key is asked of a run in major, which has its notes and another tonic."""
        return (
            name is not None
            and self.key is not None
            and not self.relative
            and name.is_minor
            and mode_of(self.key) == "ionian"
        )

    def _under(self, name: KeyName) -> Key:
        """The key of this frame that goes by such a name."""
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


def _first_meter(texts: list[object]) -> Meter:
    """The first text that is a meter which can be written."""
    for text in texts:
        if isinstance(text, str):
            try:
                return Meter.parse(text)
            except ValueError:
                continue
    return COMMON
