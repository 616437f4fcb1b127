"""Aims in the page: the rows that there are, and aims met by weighing what the prior writes.

Nothing is tuned here: the multipliers of the aims are those of the optimum over the prior's own
sequences, as `aims price` has them, and pay the candidates while they are written.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sequence_tutor.config.aims import parse_aims, table_of
from sequence_tutor.domain import Domain
from sequence_tutor.errors import UserError, settings_of
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.evaluation.aimed import rows_of
from sequence_tutor.evaluation.aimed_reward import FoundAims
from sequence_tutor.evaluation.foretold import Foretold, foretell
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.evaluation.yardstick import scored_here
from sequence_tutor.studio.workers import in_time
from sequence_tutor.tuner.aimed_rows import bounds_of
from sequence_tutor.tuner.real_aims import in_numbers

SAMPLES = {"melody": 2_000}
"""Domain -> sequences that values of rows and prices are estimated from; others are slower."""

FEW_SAMPLES = 400
MOST_KEPT = 64


class RowsByModel:
    """The rows that may be aimed at, by model; each is counted once."""

    def __init__(self) -> None:
        self._found: dict[str, list[dict[str, Any]]] = {}
        self._guard = threading.Lock()

    def of(self, name: str, model: Model) -> list[dict[str, Any]]:
        """Row, its range and its value under the prior, as /v1/aims has them."""
        with self._guard:
            if name not in self._found:
                self._found[name] = [
                    {
                        "row": one.name,
                        "low": finite_or_none(one.unit * one.range.low),
                        "high": finite_or_none(one.unit * one.range.high),
                        "prior": finite_or_none(one.unit * one.prior.value),
                        "percent": one.range.is_share,
                    }
                    for one in rows_of(scored_here(prior_of(model)), samples_of(model.domain))
                ]
            return self._found[name]


def samples_of(domain: Domain) -> int:
    """Sequences that estimates in the page are made from."""
    return SAMPLES.get(domain.name, FEW_SAMPLES)


@dataclass(frozen=True)
class Priced:
    """Aims with the multipliers that meet them.

    Attributes:
        aims: as a model has them.
        rows: of each aim its text, the prior's value, the one at the optimum, and its price.
        remarks: sentences.
    """

    aims: FoundAims | None
    rows: Sequence[Mapping[str, Any]] = ()
    remarks: Sequence[str] = ()


class Prices:
    """Prices of aims, kept for the latest of them: a page asks for the same ones many times."""

    def __init__(self) -> None:
        self._found: OrderedDict[object, Priced] = OrderedDict()
        self._guard = threading.Lock()

    def of(self, model: Model, aims: Sequence[str], length: int, *, alone: bool) -> Priced:
        """The aims of a request.

        Args:
            model: a prior, with the reward that is asked for beside them.
            aims: in words.
            length: T of the sequences.
            alone: whether nothing else is rewarded.

        Raises:
            UserError: an aim that is none, or that no weights of the prior's sequences meet.
        """
        if not aims:
            return Priced(None)
        if model.tune is not None:
            raise UserError(
                f"aims: {model.name} was tuned for wishes of its own, expected a prior for others; "
                "or tune for these"
            )
        settings = model.reward_settings.model_dump_json()
        key = (model.name, tuple(aims), length, alone, settings)
        with self._guard:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        priced = _priced(replace(model, length=length), aims, alone=alone)
        with self._guard:
            self._found[key] = priced
            while len(self._found) > MOST_KEPT:
                self._found.popitem(last=False)
        return priced


def _priced(model: Model, aims: Sequence[str], *, alone: bool) -> Priced:
    """The multipliers over the prior's own sequences."""
    with settings_of("aims"):
        table = table_of(aims, "aims")
        wanted = parse_aims(in_numbers(table, model.domain, model.stored.card, model.length))
    found: Foretold = foretell(scored_here(model), wanted, samples_of(model.domain), 0, in_time())
    priced = [aim for aim in wanted if str(aim) not in found.left_out]
    bounds = bounds_of(priced)
    entries = {
        str(bound): {"row": bound.aim.row, "goal": bound.at, "multiplier": wish.multiplier}
        for bound, wish in zip(bounds, found.wishes, strict=True)
    }
    remarks = [f"{name} counts only where a model is tuned for it" for name in found.left_out]
    if not found.is_trusted:
        remarks.append(
            f"the aims are far from what the model writes: {found.counting:.0f} of "
            f"{found.samples:,} sequences count; tune for them"
        )
    rows = []
    for wish in found.wishes:
        unit = 100 if wish.share else 1
        rows.append(
            {
                "aim": wish.aim,
                "prior": None if wish.prior is None else finite_or_none(unit * wish.prior),
                "reached": finite_or_none(unit * wish.reached),
                "price": finite_or_none(wish.price),
                "nats": None if wish.alone is None else finite_or_none(wish.alone),
            }
        )
    return Priced(FoundAims(entries, alone, 1.0), rows, remarks)
