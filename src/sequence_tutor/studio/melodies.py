"""Melodies in the studio: written to wishes, accounted for, read from files, written as files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from sequence_tutor.domain import Beginning, SequenceBatch, Wishes, of_kind
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.yardstick import scored_here
from sequence_tutor.melody.filling.fill import LEARNED_FROM, rules_asked
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.reward import RuleConstants
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.studio.candidates import checked, shown
from sequence_tutor.studio.messages import MOST_TOKENS, Account, Generate, Judged
from sequence_tutor.studio.own_notes import begun_with_notes
from sequence_tutor.studio.sound import frame_of, heard_as, heard_json, judged_key, output_settings
from sequence_tutor.studio.typical import typical_of
from sequence_tutor.studio.wishes import Prices
from sequence_tutor.studio.workers import in_time
from sequence_tutor.workbench.wished import (
    FEW,
    OF_WISHES,
    Typical,
    Wished,
    described,
    is_rewarded,
    with_rules,
    with_weights,
    write_wished,
)

PARTICLES, SPARE = 8, 0.5
"""Of a candidate, and candidates written beyond those asked for, as a share of these: less than
`sample --keep` takes, for a page that is to answer at once."""

LEARNED_SEED = 0
"""Of the melodies by which a model's look ahead is learned; they are kept for later requests."""

USUAL_STEPS = 128
"""Of the melodies that say what is usual for a model; longer ones are taken to be alike."""

USUAL_BARS = 8
CADENCE = "cadence"


def generate_melodies(model: Model, asked: Generate, prices: Prices) -> dict[str, Any]:
    """Candidates that meet the wishes, the best first.

    Raises:
        UserError: wishes that cannot be met, or do not fit the model.
    """
    begun = _begun(model, asked)
    settings, tokens = of_kind(MelodyOutputSettings, begun.settings), begun.tokens
    wishes = Wishes(
        keep=asked.keep,
        vary=asked.vary,
        range=asked.range or "",
        scale=asked.scale or "",
        chords=asked.chords or "",
        form=asked.form or "",
        tokens=tokens,
    )
    generator = named_generator(asked.seed, "studio", model.device)
    length = melody_length(model, settings.heard(frame_of(model)), asked.bars, tokens)
    constrained = model.framed_domain.constrain(
        wishes, settings, length, partial(_learned, _Same(model.policy))
    )
    settings = of_kind(MelodyOutputSettings, constrained.settings)
    model.check_length(constrained.length)
    judged, c = _judged_by(model, asked, settings), _temperature(model)
    alone = not (is_rewarded(judged) or asked.chords or asked.form)
    priced = prices.of(judged, asked.aims, constrained.length, alone=alone)
    if priced.aims is not None:
        judged = replace(judged, aims=priced.aims)
    written = write_wished(
        judged,
        constrained,
        asked.weights,
        c,
        asked.count,
        generator,
        in_time(),
        PARTICLES,
        asked.strength,
        asked.variety,
        groups=asked.count + math.ceil(SPARE * asked.count),
        again=False,
        typical=_typical_of(model, constrained.length) if alone and not asked.aims else None,
    )
    heard = heard_as(model, settings, asked.scale)
    remarks = [*begun.remarks, *model.framed_domain.check_output(settings), *constrained.remarks]
    return {
        "candidates": shown(written.rows, written.steps, written.reward, heard),
        "aims": list(priced.rows),
        "remarks": [*remarks, *priced.remarks, *_remarks(written, asked.count)],
        "effective_sample_size": written.found.effective,
        "drawn": written.found.drawn,
        "heard": heard_json(heard, settings, constrained.length),
    }


def _begun(model: Model, asked: Generate) -> Beginning:
    """The user's own melody, with no tokens where there is none."""
    own = asked.source
    if own is not None and own.notes is not None:
        return begun_with_notes(model, asked, own.notes)
    tokens = checked(own.tokens) if own is not None and own.tokens is not None else ()
    return Beginning(tokens, output_settings(model, asked), ())


class _Same:
    """A policy as a key: equal to itself alone."""

    def __init__(self, policy: Prior) -> None:
        self.policy = policy

    def __hash__(self) -> int:
        return id(self.policy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.policy is self.policy


@lru_cache(maxsize=32)
def _learned(same: _Same, number: int, steps: int) -> SequenceBatch:
    """Melodies of a policy, always the same ones."""
    return rollout(same.policy, number, steps, named_generator(LEARNED_SEED, "look ahead")).batch


def _typical_of(model: Model, length: int) -> Typical:
    """Of melodies of a model, whose own first steps are taken for the usual."""
    return _usual(_Same(model.stored.prior), min(length, USUAL_STEPS))


@lru_cache(maxsize=32)
def _usual(same: _Same, steps: int) -> Typical:
    return typical_of(same.policy, _learned(same, LEARNED_FROM, steps))


def account_of_melodies(model: Model, asked: Account, prices: Prices) -> dict[str, Any]:
    """What melodies of the user's are paid, in the order given.

    Raises:
        UserError: tokens, rules or sound that cannot be used.
    """
    settings = output_settings(model, asked)
    heard = heard_as(model, settings, asked.scale)
    wishes = Wishes(chords=asked.chords or "", form=asked.form or "")
    judged, c = _judged_by(model, asked, settings), _temperature(model)
    alone = not (is_rewarded(judged) or asked.chords or asked.form)
    candidates: list[dict[str, Any]] = []
    for rank, tokens in enumerate(asked.tokens, start=1):
        batch = SequenceBatch.from_lists([checked(tokens)])
        rules = rules_asked(wishes, settings, heard, len(tokens))
        priced = prices.of(judged, asked.aims, len(tokens), alone=alone)
        one = replace(judged, aims=priced.aims) if priced.aims is not None else judged
        one = with_rules(one, rules, asked.weights, c)
        reward = scored_here(one).reward if is_rewarded(one) else None
        rows, steps = described(one, batch, reward)
        candidates += shown(rows, steps, reward, heard, rank)
    longest = max(map(len, asked.tokens))
    return {"candidates": candidates, "heard": heard_json(heard, settings, longest)}


def _remarks(written: Wished, count: int) -> list[str]:
    """How well the writing went, in the words of a page."""
    found, said = written.found, list[str]()
    if len(found.batch) < count:
        said.append(
            f"only {len(found.batch)} of {count} different melodies came: what is kept leaves "
            "little else"
        )
    if found.effective < FEW * found.drawn:
        said.append(
            f"these wishes are far from what the model writes: {found.drawn} melodies drawn are "
            f"worth {found.effective:.1f}; ask for less, with fewer kept bars, lower weights or "
            "less strength, or tune for them"
        )
    return said


def melody_length(
    model: Model, heard: Heard, bars: int | None, tokens: Sequence[int]
) -> int | None:
    """Tokens of a melody; None: those of the user's own."""
    if bars is None and tokens:
        return None
    if bars is None:
        fitting = (model.length - heard.upbeat) // heard.meter.steps
        bars = max(1, min(USUAL_BARS, fitting)) if model.is_bound else USUAL_BARS
    length = heard.upbeat + bars * heard.meter.steps
    if length > MOST_TOKENS:
        raise UserError(
            f"{bars} bars of {heard.meter} are {length} sixteenths, expected at most {MOST_TOKENS}"
        )
    return length


def _temperature(model: Model) -> float:
    return 1.0 if model.tune is None else model.tune.c


def _judged_by(model: Model, asked: Judged, settings: MelodyOutputSettings) -> Model:
    """The model with the weights that are asked for, in the key that is asked for.

    Raises:
        UserError: a weight of a rule that there is not, or that has nothing to judge by.
    """
    key = judged_key(model, settings, asked.scale)
    if key is not None:
        reward = model.reward_settings.model_copy(update={"key": key})
        model = replace(model, reward_settings=reward)
    for rule, field in zip(OF_WISHES, (asked.chords, asked.form), strict=True):
        if asked.weights.get(rule) and not field and not _has(model, rule):
            raise UserError(f"weights.{rule} needs the field {rule}, which is not given")
    weights = {name: weight for name, weight in asked.weights.items() if name not in OF_WISHES}
    if not weights:
        return model
    heard = settings.heard(frame_of(model))
    brings = {"meter": str(heard.meter), "upbeat": heard.upbeat}
    has_cadence = weights.get(CADENCE) and not _has(model, CADENCE)
    return with_weights(model, weights, {CADENCE: brings} if has_cadence else {})


def _has(model: Model, rule: str) -> bool:
    """Whether a model's reward has a rule beside the nine."""
    rules = getattr(model.reward_settings, "rules", RuleConstants())
    return getattr(rules, rule, None) is not None
