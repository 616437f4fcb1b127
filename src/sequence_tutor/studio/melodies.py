"""Melodies in the studio: written to wishes, accounted for, read from files, written as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from sequence_tutor.domain import SequenceBatch, Wishes, of_kind
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.evaluation.evaluate import scored_here
from sequence_tutor.evaluation.model import Model
from sequence_tutor.melody.encoding import VOCAB_SIZE, decode
from sequence_tutor.melody.filling.fill import rules_asked
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.reward import RuleConstants
from sequence_tutor.melody.writing.abc import to_abc
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.studio.messages import MOST_TOKENS, Account, Generate, Judged
from sequence_tutor.studio.sound import frame_of, heard_as, heard_json, judged_key, output_settings
from sequence_tutor.studio.wishes import Prices
from sequence_tutor.studio.workers import in_time
from sequence_tutor.workbench.wished import (
    FEW,
    OF_WISHES,
    Wished,
    described,
    is_rewarded,
    with_rules,
    with_weights,
    write_wished,
)

PARTICLES = 16
"""Of a candidate: a quarter of what `sample --keep` takes, for a page that is to answer at once."""

USUAL_BARS = 8
CADENCE = "cadence"


def generate_melodies(model: Model, asked: Generate, prices: Prices) -> dict[str, Any]:
    """Candidates that meet the wishes, the best first.

    Raises:
        UserError: wishes that cannot be met, or do not fit the model.
    """
    settings = output_settings(model, asked)
    tokens = checked(asked.source.tokens) if asked.source is not None else ()
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

    def write(number: int, steps: int) -> SequenceBatch:
        return rollout(model.policy, number, steps, generator).batch

    length = melody_length(model, settings.heard(frame_of(model)), asked.bars, tokens)
    constrained = model.framed_domain.constrain(wishes, settings, length, write)
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
    )
    heard = heard_as(model, settings, asked.scale)
    remarks = [*model.framed_domain.check_output(settings), *constrained.remarks]
    return {
        "candidates": shown(written.rows, written.steps, written.reward, heard),
        "aims": list(priced.rows),
        "remarks": [*remarks, *priced.remarks, *_remarks(written, asked.count)],
        "effective_sample_size": written.found.effective,
        "drawn": written.found.drawn,
        "heard": heard_json(heard, settings, constrained.length),
    }


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


def checked(tokens: Sequence[int]) -> list[int]:
    """Tokens of a melody.

    Raises:
        UserError: one that no melody has.
    """
    for place, token in enumerate(tokens):
        if not 0 <= token < VOCAB_SIZE:
            raise UserError(
                f"tokens: {token} at step {place} is none of a melody, expected 0 to "
                f"{VOCAB_SIZE - 1}"
            )
    return list(tokens)


def shown(
    rows: Sequence[Mapping[str, Any]],
    steps: Tensor | None,
    reward: Reward | None,
    heard: Heard,
    first: int = 1,
) -> list[dict[str, Any]]:
    """Candidates as a page gets them.

    Args:
        rows: N objects of `described`.
        steps: (N, T, R) weighted payments; None: nothing is rewarded.
        reward: whose they are.
        heard: how the melodies sound.
        first: rank of the first.
    """
    paid_by = [] if reward is None else [n for n, w in enumerate(reward.weights.tolist()) if w]
    found = []
    for place, row in enumerate(rows):
        tokens, by_rule, rank = row["tokens"], dict[str, list[float]](), first + place
        if reward is not None and steps is not None:
            for rule in paid_by:
                amounts = steps[place, : len(tokens), rule].tolist()
                by_rule[reward.names[rule]] = [round(amount, 4) + 0.0 for amount in amounts]
        found.append(
            {
                "rank": rank,
                "tokens": tokens,
                "reward": row["reward"],
                "paid": {name: round(row["paid"][name], 4) + 0.0 for name in by_rule},
                "steps": by_rule,
                "log_prior": finite_or_none(row["log_prior"]),
                "log_prior_per_token": finite_or_none(row["log_prior_per_token"]),
                "text": to_abc(tokens, f"melody {rank}", heard),
                "properties": _properties(tokens, heard, row.get("distance")),
            }
        )
    return found


def _properties(tokens: Sequence[int], heard: Heard, distance: float | None) -> dict[str, Any]:
    """Figures of a melody that a page shows beside it."""
    pitches = [note.pitch + heard.transpose for note in decode(tokens)]
    found: dict[str, Any] = {"notes": len(pitches)}
    if pitches:
        found |= {"lowest": min(pitches), "highest": max(pitches)}
    if distance is not None:
        found["distance"] = round(distance, 4)
    return found


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
