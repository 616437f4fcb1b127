"""From what a user asks for to a constraint on a model's tokens, and a guide to meet it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.domain import Beginning, Constrained, SequenceBatch, Wishes, of_kind
from sequence_tutor.errors import UserError
from sequence_tutor.melody.beginnings import begin_with
from sequence_tutor.melody.encoding import (
    FIRST_NOTE,
    HOLD,
    PITCH_OFFSET,
    VOCAB_SIZE,
)
from sequence_tutor.melody.filling.constraint import MelodyConstraint, Tolerance, differing
from sequence_tutor.melody.filling.moving import moved_for, pitches_of
from sequence_tutor.melody.filling.parts import Part, parse_keep
from sequence_tutor.melody.filling.sounding import machine_of
from sequence_tutor.melody.frame import Frame, Heard
from sequence_tutor.melody.progressions import as_text, parse_progression, progression_of
from sequence_tutor.melody.reading.own_tunes import OwnTune, own_tunes
from sequence_tutor.melody.reading.sources import holds_tokens
from sequence_tutor.melody.rules.form import parse_form
from sequence_tutor.melody.scales import OCTAVE
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.sampling.echo import Kept
from sequence_tutor.sampling.guide import Guide

OF_FILE = "file"
"""In place of chords: those of the source."""

LEARNED_FROM, LEARNED_STEPS = 256, 64
"""Melodies, and steps of each, that the machine that looks ahead is counted on."""

HISTORIES = 64
"""Whole melodies that it is counted on, and an echo is learned from, where bars are kept."""

KINDS = (torch.arange(VOCAB_SIZE) >= FIRST_NOTE).long()
"""A note starts, or not: what an echo tells apart."""

Write = Callable[[int, int], SequenceBatch]
"""Melodies of the policy: how many, and of how many steps."""

Begin = Callable[[Path, MelodyOutputSettings], Beginning]
"""Reads lists of tokens, as `Domain.begin` does."""


def constrained(
    wishes: Wishes,
    settings: MelodyOutputSettings,
    frame: Frame,
    length: int | None,
    write: Write,
    begin: Begin,
) -> Constrained:
    """The constraint that the wishes describe, its guide, and how melodies are written.

    Raises:
        UserError: wishes that say nothing, contradict each other or the tune, or cannot be met.
    """
    begun = _begun(wishes, settings, frame, begin)
    settings = of_kind(MelodyOutputSettings, begun.settings)
    if wishes.chords and wishes.chords != OF_FILE:
        parse_progression(wishes.chords)  # refused here if it is none
        settings = settings.model_copy(update={"chords": wishes.chords})
    elif wishes.chords and settings.chords is None:
        raise UserError(
            "--chords file needs a tune with chord symbols: say which file with --from"
            if not wishes.has_own
            else f"--chords file: {wishes.own} has no chord symbols"
        )
    if not wishes.has_own:
        settings = moved_for(wishes, settings, frame)
    heard = settings.heard(frame)
    tune = list(begun.tokens)
    steps = length or len(tune)
    if steps < len(tune):
        raise UserError(
            f"length is {steps}, expected at least the {len(tune)} sixteenths of {wishes.own}"
        )
    bars = heard.bars(steps)
    first = 0 if heard.upbeat else 1
    parts = [Part.NOTHING] * steps
    if wishes.keep:
        theirs = first - 1 + sum(begins < len(tune) for begins, _ in bars)
        for number, part in parse_keep(wishes.keep, first, theirs).items():
            begins, ends = bars[number - first]
            ends = min(ends, len(tune))
            parts[begins:ends] = [part] * (ends - begins)
    open_steps = sum(part is not Part.ALL for part in parts[: len(tune)])
    if all(part is Part.ALL for part in parts):
        raise UserError(f"--keep {wishes.keep}: all bars are kept, expected one to write anew")
    may_start = pitches_of(wishes, heard.transpose, frame.only)
    varied = None
    if wishes.vary is not None:
        if not 0 < wishes.vary <= 1:
            raise UserError(f"vary is {wishes.vary:g}, expected above 0 and at most 1")
        varied = Tolerance.about(wishes.vary, open_steps)
    constraint = MelodyConstraint(
        parts, bars, tune + [HOLD] * (steps - len(tune)), may_start, varied, len(tune)
    )
    bar, kept = frame.meter.steps, None
    if wishes.keep:
        learned = write(HISTORIES, steps).tokens
        kept = Kept(constraint.kept, [bar // 2, bar, 2 * bar, 4 * bar, 8 * bar], KINDS, learned)
    else:
        learned = write(LEARNED_FROM, min(steps, LEARNED_STEPS)).tokens
    try:
        guide = Guide(machine_of(learned, bar), constraint, kept)
    except UserError as error:
        raise UserError(f"{error}; ask for less: another range or scale, fewer bars") from None

    def distance(batch: SequenceBatch) -> Tensor:
        known = batch.tokens[:, : len(tune)]
        return differing(known, tune).sum(1) / max(1, open_steps)

    rules = rules_asked(wishes, settings, heard, steps)
    has_tune = wishes.has_own
    remarks = [*begun.remarks, *_beyond(wishes, len(bars) - bool(heard.upbeat))]
    return Constrained(guide, settings, steps, remarks, distance if has_tune else None, rules)


def _beyond(wishes: Wishes, bars: int) -> list[str]:
    """A sentence where chords are wished for that no bar of the melody has."""
    if not wishes.chords or wishes.chords == OF_FILE:
        return []
    asked = len(parse_progression(wishes.chords))
    if asked <= bars:
        return []
    rest = f"so that the last {asked - bars} of the chords are left out"
    return [f"chords of {asked} bars: the melody has {bars}, {rest}"]


def rules_asked(
    wishes: Wishes, settings: MelodyOutputSettings, heard: Heard, steps: int
) -> dict[str, dict[str, Any]]:
    """The constants of the rules on form and chords, where they are wished for.

    Args:
        wishes: in the user's words.
        settings: with the chords.
        heard: as the melodies sound under them.
        steps: of a melody.

    Raises:
        UserError: a form that is none.
    """
    rules: dict[str, dict[str, Any]] = {}
    if wishes.form:
        try:
            parse_form(wishes.form)
        except UserError as error:
            raise UserError(f"--form: {error}") from None
        rules["form"] = {
            "sections": wishes.form,
            "meter": str(heard.meter),
            "upbeat": heard.upbeat,
            "length": steps,
        }
    if wishes.chords:
        rules["chords"] = {
            "progression": settings.chords,
            "meter": str(heard.meter),
            "upbeat": heard.upbeat,
            "transpose": heard.transpose,
        }
    return rules


def _begun(wishes: Wishes, settings: MelodyOutputSettings, frame: Frame, begin: Begin) -> Beginning:
    """The tokens of the user's tune, and settings in its meter under which it stands as it did."""
    if not wishes.has_own:
        if wishes.keep or wishes.vary is not None:
            raise UserError("--keep and --vary need a tune: say which file with --from")
        return Beginning((), settings)
    if not wishes.keep and wishes.vary is None:
        raise UserError(
            f"--from {wishes.own}: say which bars to keep, such as --keep 1-2, or how far to "
            "vary it, such as --vary 0.3"
        )
    if wishes.source is None:
        return Beginning(wishes.tokens, settings)
    if holds_tokens(wishes.source):
        return begin(wishes.source, settings)
    for tune in own_tunes(wishes.source):
        if settings.meter is None and tune.meter is not None:
            settings = settings.model_copy(update={"meter": str(tune.meter)})
        begun = begin_with(tune, settings, frame)
        settings = of_kind(MelodyOutputSettings, begun.settings)
        if tune.chords and settings.chords is None:
            chords = chords_of(tune, begun.tokens, settings, frame)
            begun = replace(begun, settings=settings.model_copy(update={"chords": chords}))
        return begun
    raise UserError(f"{wishes.source}: no melody in it")


def chords_of(
    tune: OwnTune, tokens: Sequence[int], settings: MelodyOutputSettings, frame: Frame
) -> str:
    """The chord symbols of a tune as a progression, moved as far as the tune is."""
    heard = settings.heard(frame)
    text = progression_of(tune.chords, heard.meter, heard.upbeat, len(tokens))
    first = next(token for token in tokens if token >= FIRST_NOTE)
    up = (first + PITCH_OFFSET + heard.transpose - tune.notes[0].pitch) % OCTAVE
    if up == 0:
        return text
    return as_text(
        [
            tuple(chord and chord.moved(up, heard.signature) for chord in bar)
            for bar in parse_progression(text)
        ]
    )
