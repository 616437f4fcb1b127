"""Rules on form: sections that come back, and phrases that close.

A form such as ``A A' B A`` names the sections of a melody. Sections of one letter are equal, those
with a prime up to transposition or to their ending (Caplin, Classical Form, 1998, chapters 3 and 4,
on repetition and on phrases that begin alike and end otherwise). The amounts are ours.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar, NamedTuple

import torch
from pydantic import Field, field_validator
from torch import Tensor

from sequence_tutor.config.settings import refused_by_value
from sequence_tutor.errors import UserError, shown
from sequence_tutor.melody.encoding import FIRST_NOTE
from sequence_tutor.melody.meter import Meter
from sequence_tutor.melody.view import NO_PITCH, TOKEN_BITS, Melodies, Rule

_SECTION = re.compile(r"([A-Z])('?)")
MOST_SECTIONS = 64


class Section(NamedTuple):
    """One section of a form.

    Attributes:
        letter: which sections it is like.
        varied: whether it may differ by transposition, and in its last bar.
    """

    letter: str
    varied: bool


@lru_cache(maxsize=64)
def parse_form(text: str) -> tuple[Section, ...]:
    """The sections of a form such as ``A A' B A``, spaces or none between them.

    Raises:
        UserError: it is none, or nothing comes back in it.
    """
    wanted = re.sub(r"[\s,|-]", "", text.replace("\u2019", "'"))
    sections = tuple(Section(letter, bool(prime)) for letter, prime in _SECTION.findall(wanted))
    written = "".join(letter + "'" * varied for letter, varied in sections)
    if written != wanted or not 2 <= len(sections) <= MOST_SECTIONS:
        raise UserError(f"{shown(text)} is no form, expected sections such as A A' B A")
    if len({section.letter for section in sections}) == len(sections):
        raise UserError(f"{shown(text)}: nothing comes back in it, expected such as A A' B A")
    return sections


class Form(Rule):
    """Pays for each step of a section that sounds like the same step of its letter's first one.

    A melody is divided into sections of equal length, in whole bars. In a section with a prime
    pitches are compared by their distance from the section's first note, so that it may be
    transposed, and its last bar is free. The first section of a further letter should differ from
    the first section of all.
    """

    name: ClassVar[str] = "form"
    sections: str = Field(description="such as A A' B A, the sections of the whole melody")
    meter: str | None = Field(None, description="of the bars, such as 6/8; the prior's if unset")
    length: int = Field(128, ge=2, description="sixteenths of the whole melody")
    upbeat: int = Field(0, ge=0, description="sixteenths before the first bar")
    same: float = Field(0.1, ge=0, description="paid for a step that sounds the same")
    other: float = Field(-0.1, le=0, description="paid for a step that does not")
    contrast: float = Field(
        -0.1,
        le=0,
        description="paid for a step of a new letter that sounds as the first section",
    )

    @field_validator("sections")
    @classmethod
    def _is_form(cls, text: str) -> str:
        with refused_by_value():
            parse_form(text)
        return text

    @property
    def section_steps(self) -> int:
        """Steps of a section: the melody's bars divided evenly, at least one."""
        bar = Meter.or_common(self.meter).steps
        bars = (self.length - self.upbeat) // bar
        return max(1, bars // len(parse_form(self.sections))) * bar

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64."""
        same, compared, is_new = self.matches(melodies)
        paid = torch.where(same, self.same, self.other) * compared + self.contrast * (same & is_new)
        return melodies.zero_beyond(paid.double())

    def matches(self, melodies: Melodies) -> tuple[Tensor, Tensor, Tensor]:
        """Where steps sound the same (B, T); which should (T,), and which should not (T,); bool."""
        tokens, sound = melodies.tokens, melodies.sounding
        steps = tokens.shape[1]
        starts = melodies.is_pitched
        same = torch.zeros_like(starts)
        compared = torch.zeros(steps, dtype=torch.bool, device=tokens.device)
        is_new = torch.zeros_like(compared)
        size = self.section_steps
        bar = Meter.or_common(self.meter).steps
        firsts: dict[str, int] = {}
        for number, section in enumerate(parse_form(self.sections)):
            begins = self.upbeat + number * size
            ends = min(begins + (size - bar * section.varied if size > bar else size), steps)
            first = firsts.setdefault(section.letter, begins)
            if first == begins:
                first = self.upbeat
            if first == begins or begins >= ends:
                continue
            here, there = slice(begins, ends), slice(first, first + ends - begins)
            alike = sound[:, here]
            if section.varied:
                up = _first_pitch(sound[:, here]) - _first_pitch(sound[:, there])  # (B,)
                alike = torch.where(alike >= FIRST_NOTE, alike - up[:, None], alike)
            same[:, here] = (alike == sound[:, there]) & (starts[:, here] == starts[:, there])
            (is_new if firsts[section.letter] == begins else compared)[here] = True
        return same, compared, is_new


def _first_pitch(sound: Tensor) -> Tensor:
    """(B,) the first pitch that sounds in a section (B, N); 0 where none does."""
    sounds = sound != NO_PITCH
    first = sounds.to(torch.int8).argmax(1)
    return sound.gather(1, first[:, None]).squeeze(1)


class Cadence(Rule):
    """Pays for a phrase that closes: its last bar ends on a held note of the tonic chord.

    On the last beat of the phrase a tonic, third or fifth of the key should sound that began before
    the beat or on it, and no other note begins after it.
    """

    name: ClassVar[str] = "cadence"
    bars: int = Field(4, ge=1, description="bars of a phrase")
    meter: str | None = Field(None, description="of the bars, such as 6/8; the prior's if unset")
    upbeat: int = Field(0, ge=0, description="sixteenths before the first bar")
    closed: float = Field(1.0, ge=0, description="paid for a phrase that closes")
    open: float = Field(-1.0, le=0, description="paid for one that does not")

    def __call__(self, melodies: Melodies) -> Tensor:
        """(B, T) float64; paid at the last step of each phrase."""
        meter = Meter.or_common(self.meter)
        tokens, key, sound = melodies.tokens, melodies.key, melodies.sounding
        total = tokens.shape[1]
        paid = torch.zeros_like(tokens, dtype=torch.float64)
        chord = torch.zeros(1 << TOKEN_BITS, dtype=torch.bool, device=tokens.device)
        chord[list(key.tonics | key.thirds | key.fifths)] = True
        size = self.bars * meter.steps
        for ends in range(self.upbeat + size, total + 1, size):
            beat = ends - meter.beats[-1]
            moves = melodies.is_pitched[:, beat + 1 : ends].any(1)
            closes = chord[sound[:, beat]] & ~moves
            paid[:, ends - 1] = torch.where(closes, self.closed, self.open).double()
        return melodies.zero_beyond(paid)
