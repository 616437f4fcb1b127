"""What is kept of a tune, and what new notes may be, as a constraint on tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sequence_tutor.melody.encoding import FIRST_NOTE, HOLD, NOTE_OFF, VOCAB_SIZE
from sequence_tutor.melody.filling.parts import Part
from sequence_tutor.melody.filling.sounding import AFTER, NOTHING, sound_of, states_along
from sequence_tutor.sampling.echo import UNKNOWN


@dataclass(frozen=True)
class Tolerance:
    """How many steps are to sound otherwise than in the tune: at least, and at most."""

    fewest: int
    most: int

    @classmethod
    def about(cls, distance: float, steps: int) -> Tolerance:
        """A share of so many steps, to within a fiftieth of them or one step."""
        wanted, reach = round(distance * steps), max(1, round(steps / 50))
        fewest = max(min(1, wanted), wanted - reach)
        return cls(fewest, min(steps, max(fewest, wanted + reach)))


class MelodyConstraint:
    """Satisfies `sampling.guide.Constraint`; the states are those of `sounding`.

    Args:
        parts: (T,) what is kept at each step.
        bars: first step of each bar and the step after its last.
        tune: (T,) the tokens of the tune; what they are where nothing is kept plays no part
            unless a variation is asked for.
        may_start: (V,) bool, the pitches that a new note may have. A note of the tune may always
            stay.
        varied: how much is to sound otherwise than in the first `known` steps of the tune; None:
            as it comes.
        known: steps that the tune has; later ones have no counterpart.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        bars: Sequence[tuple[int, int]],
        tune: Sequence[int],
        may_start: Tensor,
        varied: Tolerance | None = None,
        known: int | None = None,
    ) -> None:
        self._parts, self._tune = list(parts), list(tune)
        self._known = len(self._tune) if known is None else known
        along = states_along(torch.tensor([self._tune]))[0]
        self._state = along.tolist()  # before each step, and after the last
        self._sound = sound_of(along).tolist()
        self._may_start = may_start.clone()
        self._may_start[[NOTE_OFF, HOLD]] = False
        self._varied, self._notes = varied, self._notes_of_bars(bars)
        most = max((len(notes) for notes, _ in self._notes if notes is not None), default=0)
        self._widths = (most + 1, 1 if varied is None else varied.most + 1)

    def _notes_of_bars(
        self, bars: Sequence[tuple[int, int]]
    ) -> list[tuple[tuple[int, ...] | None, int]]:
        """(T,) the notes of each step's bar, if its pitches are kept, and the bar's end."""
        notes: list[tuple[tuple[int, ...] | None, int]] = [(None, 0)] * len(self._parts)
        for first, last in bars:
            if self._parts[first] is Part.PITCHES:
                own = tuple(token for token in self._tune[first:last] if token >= FIRST_NOTE)
                notes[first:last] = [(own, last)] * (last - first)
        return notes

    @property
    def counters(self) -> int:
        """Notes used in the bar, times steps that sound otherwise so far."""
        return self._widths[0] * self._widths[1]

    @property
    def free(self) -> Tensor:
        """(T,) bool: the steps of which not all is kept."""
        return torch.tensor([part is not Part.ALL for part in self._parts])

    @property
    def kept(self) -> Tensor:
        """(T,) the tokens of the steps of which all is kept, `UNKNOWN` at the others."""
        whole = zip(self._tune, self._parts, strict=True)
        return torch.tensor([token if part is Part.ALL else UNKNOWN for token, part in whole])

    def follow(self, t: int, state: Tensor, counter: Tensor) -> tuple[Tensor, Tensor]:
        """See `sampling.guide.Constraint`."""
        used, changed = counter % self._widths[0], counter // self._widths[0]
        part = self._parts[t]
        if part is Part.ALL:
            allowed = self._kept(t, state)
        elif part is Part.RHYTHM:
            allowed = self._in_rhythm(t, state)
        else:
            allowed = self._open(t).expand(len(state), -1)
        used = used[:, None].expand(-1, VOCAB_SIZE)
        notes, end = self._notes[t]
        if notes is not None:
            allowed, used = self._by_pitches(notes, end - t, used[:, 0])
        if self._varied is None:
            return allowed, used
        changed, near = self._otherwise(t, state, changed)
        return allowed & near, changed * self._widths[0] + used

    def _open(self, t: int) -> Tensor:
        """(V,) what may come where nothing is kept."""
        allowed = self._may_start.clone()
        allowed[[NOTE_OFF, HOLD, self._tune[t]]] = True
        return allowed

    def _kept(self, t: int, state: Tensor) -> Tensor:
        """(N, V): the token of the tune, or another that sounds the same.

        Where a note of the tune is held into what is kept, and another one sounds, it starts anew;
        likewise a rest.
        """
        allowed = torch.zeros(len(state), VOCAB_SIZE, dtype=torch.bool)
        token, sound = self._tune[t], self._sound[t + 1]
        if token >= FIRST_NOTE:
            allowed[:, token] = True
            return allowed
        same = sound_of(state) == sound
        allowed[:, HOLD] = same
        allowed[:, sound if sound else NOTE_OFF] = ~same
        if self._state[t + 1] == NOTHING:  # silence before the first note
            allowed[:, token] |= same
        return allowed

    def _in_rhythm(self, t: int, state: Tensor) -> Tensor:
        """(N, V): starts where the tune starts a note, holds or rests where it does."""
        starts = self._may_start.clone()
        if self._tune[t] >= FIRST_NOTE:
            starts[self._tune[t]] = True
            return starts.expand(len(state), -1)
        starts[self._sound[t + 1]] |= self._sound[t + 1] >= FIRST_NOTE
        sounds = sound_of(state) > 0
        allowed = torch.zeros(len(state), VOCAB_SIZE, dtype=torch.bool)
        if self._sound[t + 1]:  # a note goes on: where nothing sounds, one starts
            allowed[:, HOLD] = sounds
            return allowed | (starts & ~sounds[:, None])
        allowed[:, HOLD], allowed[:, NOTE_OFF] = ~sounds, sounds
        return allowed

    def _by_pitches(self, notes: tuple[int, ...], left: int, used: Tensor) -> tuple[Tensor, Tensor]:
        """Allowed tokens (N, V) that leave room for the notes to come, and the notes used then."""
        allowed = torch.zeros(len(used), VOCAB_SIZE, dtype=torch.bool)
        missing = len(notes) - used
        allowed[:, [NOTE_OFF, HOLD]] = (missing < left)[:, None]
        following = torch.tensor([*notes, NOTE_OFF])[used.clamp(max=len(notes))]
        starts = (missing > 0) & (missing <= left)
        rows = starts.nonzero().squeeze(1)
        allowed[rows, following[rows]] = True
        after = used[:, None].repeat(1, VOCAB_SIZE)
        after[:, FIRST_NOTE:] += 1
        return allowed, torch.zeros_like(after) if left == 1 else after.clamp(max=len(notes))

    def _otherwise(self, t: int, state: Tensor, changed: Tensor) -> tuple[Tensor, Tensor]:
        """Steps that sound otherwise after each token (N, V), and which numbers are possible."""
        assert self._varied is not None
        if t < self._known:
            starts = torch.arange(VOCAB_SIZE) >= FIRST_NOTE
            other = (sound_of(AFTER[state]) != self._sound[t + 1]) | (
                starts != (self._tune[t] >= FIRST_NOTE)
            )
            changed = changed[:, None] + other
        else:
            changed = changed[:, None].expand(-1, VOCAB_SIZE)
        near = changed <= self._varied.most
        if t == len(self._parts) - 1:
            near = near & (changed >= self._varied.fewest)
        return changed.clamp(max=self._varied.most), near


def differing(tokens: Tensor, tune: Sequence[int]) -> Tensor:
    """(B, T) bool: the steps of melodies (B, T) that sound otherwise than those of a tune (T,).

    A step sounds otherwise if another pitch or silence sounds, or if a note starts in only one of
    the two.
    """
    own = torch.tensor([list(tune)])
    sounds = sound_of(states_along(tokens)[:, 1:]) != sound_of(states_along(own)[:, 1:])
    return sounds | ((tokens.cpu() >= FIRST_NOTE) != (own >= FIRST_NOTE))
