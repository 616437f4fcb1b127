"""Sequences that meet a user's wishes, ranked, with what each is paid and how likely it is.

Rules that nothing has given a weight are off for a prior: it was not tuned to follow them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.config.presets import build
from sequence_tutor.domain import Constrained, SequenceBatch
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.yardstick import scored_here
from sequence_tutor.progress import Advance
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.measure import log_likelihood, score
from sequence_tutor.tuner.own_reward import NamesOthers
from sequence_tutor.workbench.filled import PARTICLES, Candidates, candidates

NATS_A_POINT = 2.0
"""What a point of a rule that a wish brings counts, unless it is given a weight."""

OF_WISHES = ("chords", "form")
"""Rules that wishes bring, and not settings."""

FEW = 0.25
"""An effective sample size below this share of the candidates drawn is worth a remark."""


Typical = Callable[[SequenceBatch, Sequence[Mapping[str, Any]]], Sequence[float]]
"""How unusual sequences, with their rows, are for their model; 0: not at all."""


@dataclass(frozen=True)
class Wished:
    """Distinct sequences that meet wishes, the best first.

    Attributes:
        batch: N sequences.
        rows: one object for each, JSON: `tokens`, `reward` (null where nothing is rewarded),
            `paid` (rule -> weighted sum), `log_prior`, `log_prior_per_token` and, where there is a
            sequence of the user's, `distance`.
        steps: (N, T, R) what each rule pays at each step, weighted; None: nothing is rewarded.
        reward: what is rewarded, if anything.
        found: of the sampling.
    """

    batch: SequenceBatch
    rows: Sequence[Mapping[str, Any]]
    steps: Tensor | None
    reward: Reward | None
    found: Candidates

    def remarks(self, count: int) -> list[str]:
        """Sentences on how well the sampling of so many went."""
        found, said = self.found, list[str]()
        if len(found.batch) < count:
            said.append(
                f"{count} distinct sequences were asked for, but only {len(found.batch)} came: "
                "what is kept leaves little else"
            )
        if found.effective < FEW * found.drawn:
            said.append(
                f"the {found.drawn} candidates drawn are worth {found.effective:.1f} independent "
                "ones: what is kept and rewarded is far from what the model writes; more "
                "--particles or a larger --c help"
            )
        return said


def write_wished(
    model: Model,
    asked: Constrained,
    weights: Mapping[str, float],
    c: float | None,
    count: int,
    generator: torch.Generator,
    advance: Advance,
    particles: int = PARTICLES,
    strength: float = 1.0,
    variety: float = 1.0,
    *,
    groups: int | None = None,
    again: bool = True,
    typical: Typical | None = None,
) -> Wished:
    """Sample distinct sequences that meet a constraint, and rank them.

    Args:
        model: with the reward and the weights that were asked for, see `with_weights`.
        asked: the constraint, and rules that it brings.
        weights: of those rules, where they were given.
        c: temperature; None: that of the run, of a prior 1.
        count: sequences to draw.
        generator: source of randomness.
        advance: called with the number of new sequences.
        particles: of a sequence.
        strength: of the reward, see `candidates`; likewise `variety`, `groups` and `again`.
        typical: ranks sequences where nothing is rewarded; None: log p a token does.
    """
    c = c or (1.0 if model.tune is None else model.tune.c)
    model = with_rules(model, asked.rules, weights, c)
    reward = scored_here(model).reward if is_rewarded(model) else None
    found = candidates(
        model,
        asked.guide,
        reward,
        c,
        count,
        generator,
        advance,
        particles,
        strength,
        variety,
        groups=groups,
        again=again,
    )
    rows, steps = described(model, found.batch, reward)
    if asked.distance is not None:
        for row, distance in zip(rows, asked.distance(found.batch).tolist(), strict=True):
            row["distance"] = distance
    if reward is None and typical is not None:
        for row, unusual in zip(rows, typical(found.batch, rows), strict=True):
            row["unusual"] = unusual
    order = sorted(range(len(rows)), key=lambda n: worth(rows[n]), reverse=True)
    places = torch.tensor(order, dtype=torch.int64)
    ranked = [rows[place] for place in order]
    steps = None if steps is None else steps[places]
    return Wished(found.batch[places], ranked, steps, reward, found)


def with_rules(
    model: Model, rules: Mapping[str, Mapping[str, Any]], weights: Mapping[str, float], c: float
) -> Model:
    """The model with the rules that a wish brings, at the weights given or the usual ones.

    Args:
        model: any.
        rules: rule -> its constants.
        weights: of some of them.
        c: temperature.
    """
    if not rules:
        return model
    own = {name: weights.get(name, NATS_A_POINT * c) for name in rules}
    return with_weights(model, own, rules)


def with_weights(
    model: Model, weights: Mapping[str, float], rules: Mapping[str, Mapping[str, Any]]
) -> Model:
    """The model with more or other weights, and rules that need constants."""
    settings = model.reward_settings
    kind: object = model.domain.reward_settings
    if _has_weights(model) or not isinstance(kind, NamesOthers):
        table = settings.model_dump(mode="json")
    else:
        table = {**settings.model_dump(mode="json"), **kind.others_off({"weights": {}})}
    table["weights"] = {**table.get("weights", {}), **weights}
    if rules:
        table["rules"] = {**table.get("rules", {}), **rules}
    return replace(model, reward_settings=build(model.domain.reward_settings, table, "weights"))


def _has_weights(model: Model) -> bool:
    return model.tune is not None or "weights" in model.reward_settings.model_fields_set


def is_rewarded(model: Model) -> bool:
    """Whether the user asked for a reward: by a run, weights, aims, or rules of their own."""
    return _has_weights(model) or model.rules is not None or model.aims is not None


def worth(row: Mapping[str, Any]) -> float:
    """What sequences are ranked by."""
    if "unusual" in row:
        return -float(row["unusual"])
    return float(row["log_prior_per_token"] if row["reward"] is None else row["reward"])


def described(
    model: Model, batch: SequenceBatch, reward: Reward | None
) -> tuple[list[dict[str, Any]], Tensor | None]:
    """One object a sequence, as `Wished.rows` has them, and what each rule pays at each step.

    Args:
        model: whose prior is asked for log p.
        batch: N sequences.
        reward: pays them; None: nothing is rewarded.

    Returns:
        The objects, and (N, T, R) weighted payments or None.
    """
    log_prior = log_likelihood(model.stored.prior, batch.to(model.device), 0)
    rows: list[dict[str, Any]] = [
        {
            "tokens": tokens,
            "reward": None,
            "paid": {},
            "log_prior": one,
            "log_prior_per_token": one / max(1, len(tokens)),
        }
        for tokens, one in zip(batch.to_lists(), log_prior, strict=True)
    ]
    if reward is None:
        return rows, None
    steps = score(reward, batch.to(model.device))
    steps = (steps * reward.weights.to(steps)).cpu()
    paid = steps.sum(1)  # (N, R)
    for row, each, total in zip(rows, paid.tolist(), paid.sum(1).tolist(), strict=True):
        row["paid"] = dict(zip(reward.names, each, strict=True))
        row["reward"] = total
    return rows, steps
