"""Sequences that end when they want, molecules and lines: drawn, weighed by what they are paid.

Their rewards come at the end, so that nothing can be resampled on the way. More are drawn than
asked for, and those that are shown are chosen by exp(strength r / c) without replacement: the
largest of log weight plus Gumbel noise (Kool et al. 2019, stochastic beams, section 2).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sequence_tutor.config.presets import build
from sequence_tutor.domain import Designer, Draws, SequenceBatch
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.yardstick import scored_here
from sequence_tutor.prior.neural import tempered
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sampling.tutoring import TutoredPolicy
from sequence_tutor.studio.messages import Account, Generate
from sequence_tutor.studio.wishes import Prices
from sequence_tutor.workbench.wished import FEW, described, is_rewarded, with_weights

DRAWN_FOR_EACH, FEWEST_DRAWN = 16, 128
"""Sequences drawn for each that is asked for, and at least in all."""

ATTEMPTS = 4
"""Times that so many are drawn, while too few differ."""


@dataclass(frozen=True)
class Kind:
    """What differs between domains of such sequences.

    Attributes:
        encode: the tokens that a beginning in the user's words stands for.
        text: of tokens.
        same: what is equal of sequences that are the same; None: one that is not to be shown.
        shown: fields of candidates beside the usual ones, all at once.
        terms: tables of terms of a reward that a request brings.
        around: what writes around a part that the request gives; None: it gives a beginning.
    """

    encode: Callable[[Model, str], list[int]]
    text: Callable[[Model, Sequence[int]], str]
    same: Callable[[Model, Sequence[int]], Hashable | None]
    shown: Callable[[Model, SequenceBatch], list[dict[str, Any]]]
    terms: Callable[[Generate | Account], Mapping[str, Mapping[str, Any]]]
    around: Callable[[Model, Generate], Designer | None] = lambda _model, _asked: None


def generate_ended(kind: Kind, model: Model, asked: Generate, prices: Prices) -> dict[str, Any]:
    """Candidates that meet the wishes, the best first.

    Raises:
        UserError: wishes that cannot be met, or are of melodies.
    """
    if asked.source is not None or asked.keep or asked.vary is not None:
        raise UserError(
            f"from, keep and vary are of melodies, not of {model.domain.name}; fragment says what "
            "all are to hold"
        )
    judged, reward, remarks, rows = _judged_by(kind, model, asked, prices)
    generator = named_generator(asked.seed, "studio", model.device)
    draw = _drawing(kind, model, asked, generator)
    seen: set[Hashable] = set()
    kept: list[Sequence[int]] = []
    drawn, wanted = 0, asked.count
    pool = max(FEWEST_DRAWN, DRAWN_FOR_EACH * wanted) if reward is not None else 2 * wanted
    for _ in range(ATTEMPTS):
        drawn += pool
        for tokens in draw(pool):
            same = kind.same(model, tokens)
            if same is not None and same not in seen:
                seen.add(same)
                kept.append(tokens)
        if len(kept) >= wanted:
            break
    if not kept:
        raise UserError(f"none of {drawn} that were drawn can be shown; ask for another fragment")
    batch = SequenceBatch.from_lists(kept)
    described_rows, paid = described(judged, batch, reward)
    effective = float(len(kept))
    chosen = list(range(min(wanted, len(kept))))
    if reward is not None:
        log_weights = (
            asked.strength / asked.variety * _log_weights(model, asked, batch, described_rows)
        )
        effective = float(1 / log_weights.softmax(0).square().sum())
        noise = torch.empty_like(log_weights).exponential_(generator=generator).log()
        chosen = (log_weights - noise).topk(len(chosen)).indices.tolist()
        chosen.sort(key=lambda place: -described_rows[place]["reward"])
        if effective < FEW * wanted:
            remarks.append(
                f"these wishes are far from what the model writes: {len(kept)} drawn are worth "
                f"{effective:.1f}; ask for less, or tune for them"
            )
    if len(chosen) < wanted:
        remarks.append(f"only {len(chosen)} different {model.domain.sequences} came")
    places = torch.tensor(chosen)
    candidates = _candidates(
        kind,
        judged,
        batch[places],
        [described_rows[place] for place in chosen],
        None if paid is None else paid[places],
        reward,
    )
    return {
        "candidates": candidates,
        "aims": rows,
        "remarks": remarks,
        "effective_sample_size": effective,
        "drawn": drawn,
        "heard": None,
    }


def _log_weights(
    model: Model, asked: Generate, batch: SequenceBatch, rows: Sequence[Mapping[str, Any]]
) -> Tensor:
    """Reward over c of each sequence, (N,); of a run what is paid beyond what it was tuned for."""
    paid = torch.tensor([row["reward"] for row in rows]).double()
    if model.tune is None:
        return paid
    if not asked.weights:  # the policy itself has been tuned for it
        return torch.zeros_like(paid)
    own, _ = described(model, batch, scored_here(model).reward)
    return (paid - torch.tensor([row["reward"] for row in own]).double()) / model.tune.c


def _drawing(
    kind: Kind, model: Model, asked: Generate, generator: torch.Generator
) -> Callable[[int], Sequence[Sequence[int]]]:
    """What draws so many sequences of tokens, which hold what is given."""
    policy = _policy(model, asked.strength, asked.variety)
    designer = kind.around(model, asked)
    if designer is not None:
        prior = model.stored.prior
        return lambda pool: designer.write(Draws(policy, prior, pool, generator)).tokens
    beginning = kind.encode(model, asked.fragment) if asked.fragment else []
    if len(beginning) >= model.length:
        raise UserError(f"fragment has {len(beginning)} tokens, expected below {model.length}")
    end = model.domain.end_token
    prime = torch.tensor(beginning, dtype=torch.int64) if beginning else None

    def draw(pool: int) -> list[list[int]]:
        return rollout(
            policy, pool, model.length, generator, end_token=end, prime=prime
        ).batch.to_lists()

    return draw


def account_of_ended(kind: Kind, model: Model, asked: Account, prices: Prices) -> dict[str, Any]:
    """What sequences of the user's are paid, in the order given.

    Raises:
        UserError: tokens or terms that cannot be used.
    """
    judged, reward, _, _ = _judged_by(kind, model, asked, prices)
    batch = SequenceBatch.from_lists([checked(model, tokens) for tokens in asked.tokens])
    rows, paid = described(judged, batch, reward)
    return {"candidates": _candidates(kind, judged, batch, rows, paid, reward), "heard": None}


def checked(model: Model, tokens: Sequence[int]) -> list[int]:
    """Tokens that a model can write, with the end token at the end and nowhere else.

    Raises:
        UserError: others.
    """
    size, end = model.domain.vocab_size, model.domain.end_token
    for place, token in enumerate(tokens):
        if not 0 <= token < size:
            raise UserError(f"tokens: {token} at {place} is none of 0 to {size - 1}")
    body = [*tokens[:-1]] if tokens[-1] == end else [*tokens]
    if end in body:
        raise UserError(f"tokens: the end token {end} is before the end")
    return body if end is None else [*body, end]


class _Judged(NamedTuple):
    """A model with what is asked for: its reward, remarks, and the prices of aims."""

    model: Model
    reward: Reward | None
    remarks: list[str]
    rows: list[Mapping[str, Any]]


def _policy(model: Model, strength: float, variety: float) -> Prior:
    policy = model.policy
    if model.tune is not None and strength != 1:
        policy = TutoredPolicy(model.stored.prior, policy, strength, model.own)
    return tempered(policy, variety)


def _judged_by(kind: Kind, model: Model, asked: Generate | Account, prices: Prices) -> _Judged:
    """The model with the reward that is asked for.

    Raises:
        UserError: a term or an aim that there is not.
    """
    brought = kind.terms(asked)
    weights = {name: weight for name, weight in asked.weights.items() if weight}
    weights |= {name: asked.weights.get(name, BROUGHT) for name in brought}
    if model.tune is None and weights:
        table = model.reward_settings.model_dump(mode="json")
        known = {name: one for name, one in table.get("terms", {}).items() if name in weights}
        asked_for = {"weights": weights, "terms": {**known, **brought}}
        own = build(model.domain.reward_settings, {**table, **asked_for}, "weights")
        model = replace(model, reward_settings=own)
    elif model.tune is not None and (asked.weights or brought):
        if brought:
            raise UserError(f"{', '.join(brought)} needs a prior, and {model.name} was tuned")
        model = with_weights(model, asked.weights, {})  # 0 turns one of its own off
    priced = prices.of(model, asked.aims, model.length, alone=not (weights or model.tune))
    if priced.aims is not None:
        model = replace(model, aims=priced.aims)
    is_paid = bool(weights or asked.aims or model.tune)  # a prior's usual terms were not asked for
    reward = scored_here(model).reward if is_paid and is_rewarded(model) else None
    return _Judged(model, reward, list(priced.remarks), list(priced.rows))


BROUGHT = 20.0
"""Weight of a term from 0 to 1 that a request brings, such as similarity."""


def _candidates(
    kind: Kind,
    model: Model,
    batch: SequenceBatch,
    rows: Sequence[Mapping[str, Any]],
    paid: Tensor | None,
    reward: Reward | None,
) -> list[dict[str, Any]]:
    found = []
    for rank, (row, more) in enumerate(zip(rows, kind.shown(model, batch), strict=True), start=1):
        steps = dict[str, list[float]]()
        if reward is not None and paid is not None:
            for place, (name, weight) in enumerate(
                zip(reward.names, reward.weights.tolist(), strict=True)
            ):
                if weight:
                    amounts = paid[rank - 1, : len(row["tokens"]), place].tolist()
                    steps[name] = [round(amount, 4) + 0.0 for amount in amounts]
        found.append(
            {
                "rank": rank,
                "tokens": row["tokens"],
                "reward": row["reward"],
                "paid": {name: round(row["paid"][name], 4) + 0.0 for name in steps},
                "steps": steps,
                "log_prior": finite_or_none(row["log_prior"]),
                "log_prior_per_token": finite_or_none(row["log_prior_per_token"]),
                "text": kind.text(model, row["tokens"]),
                **more,
            }
        )
    return found
