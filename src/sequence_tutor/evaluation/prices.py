"""The price list of a run with aims: what each aim cost, and what one more unit would cost.

By the envelope theorem the derivative of the constrained optimum's divergence by a bound is
d KL / d b = lambda E[d], in nats a sequence for one more unit of the row, where E[d] is the mean of
the row's denominators. An aim that is met without a payment has the multiplier 0 and is free. From
the prior's rows to the aims, KL is the integral of prices over bounds; if prices rise about
linearly, a bound's part of it is in proportion to price x (bound - prior).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sequence_tutor.drawing.table import Table
from sequence_tutor.estimates import Estimate
from sequence_tutor.evaluation.figures import cell, row_value
from sequence_tutor.tuner.aimed_rows import sign_of
from sequence_tutor.tuner.aims_log import is_missed

NAMED = 4
"""So many free aims are named at most."""

FREE = 0.001
"""An aim whose part of the divergence is below this is called free."""


@dataclass(frozen=True)
class Price:
    """One bound.

    Attributes:
        aim: one side of it, as written.
        row: its row.
        bound: smallest or largest value that the row should have.
        share: whether it was written in percent; its price is then for one percentage point.
        prior: the row's value under the prior; None: undefined.
        reached: under the policy.
        met: whether the interval reaches the bound.
        price: nats a sequence for one more unit of the row, or one more point.
        part: of the divergence from the prior, 0..1.
    """

    aim: str
    row: str
    bound: float
    share: bool
    prior: float | None
    reached: Estimate
    met: bool
    price: float
    part: float


@dataclass(frozen=True)
class PriceList:
    """All bounds of a run.

    Attributes:
        prices: one for each bound.
        kl_per_token: divergence from the prior, in nats.
    """

    prices: Sequence[Price]
    kl_per_token: float

    def to_json(self) -> dict[str, Any]:
        """As plain JSON: `aims`, a list of the attributes of `Price`, and `kl_per_token`."""
        rows = [{**asdict(one), "reached": one.reached.to_json()} for one in self.prices]
        return {"aims": rows, "kl_per_token": self.kl_per_token}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> PriceList:
        """A price list that `to_json` has written."""
        prices = []
        for own in found["aims"]:
            ends = (_float(own["reached"][end]) for end in ("value", "low", "high"))
            prices.append(Price(**{**own, "reached": Estimate(*ends)}))
        return cls(prices, float(found["kl_per_token"]))

    def table(self, name: str = "") -> Table:
        """As a table; the name of the run, if given, is in the header of the aims."""
        heads = [
            f"{name}: aim" if name else "aim",
            "prior",
            "reached",
            "met",
            "price, nats a sequence",
            "part of the way",
        ]
        rows = [
            [
                one.aim,
                "" if one.prior is None else row_value(one.prior, one.share),
                cell(one.reached, 100 if one.share else 1),
                "yes" if one.met else "NO",
                f"{one.price:.3g} a {'point' if one.share else 'unit'}" if one.price else "0",
                f"{100 * one.part:.0f} %",
            ]
            for one in self.prices
        ]
        return Table(heads, rows, self.sentence)

    @property
    def sentence(self) -> str:
        """The whole divergence, the dearest aim, and the free aims or their number."""
        said = [f"all aims together: {self.kl_per_token:.3g} nats a token from the prior"]
        if self.prices and max(one.part for one in self.prices) > FREE:
            dearest = max(self.prices, key=lambda one: one.part)
            said.append(f"dearest {dearest.aim} ({100 * dearest.part:.0f} % of the way)")
        if free := [one.aim for one in self.prices if one.part <= FREE and one.met]:
            many = f"{len(free)} of {len(self.prices)} bounds are free"
            said.append(f"free {', '.join(free)}" if len(free) <= NAMED else many)
        return "; ".join(said)


def price_list(
    aims: Mapping[str, Mapping[str, Any]],
    kl_per_token: float,
    statistics: Mapping[str, Estimate] | None = None,
) -> PriceList:
    """The price list of a run.

    Args:
        aims: of the last entry of its log, see `tuner.aims_log.entries`.
        kl_per_token: divergence from the prior, in nats.
        statistics: row -> its estimate from more samples than those of the log.
    """
    known = statistics or {}
    ways = {
        name: max(0.0, own["price"] * abs(own["bound"] - (own["prior"] or 0.0)))
        for name, own in aims.items()
    }
    total = sum(ways.values())
    prices = []
    for name, own in aims.items():
        reached = Estimate(*(_float(own[end]) for end in ("value", "low", "high")))
        reached = known.get(own["row"], reached)
        met = own["met"]
        if own["row"] in known:
            sign = sign_of(name, own["row"])
            met = not is_missed(reached, own["bound"], sign, own.get("within", 0.0))
        price = own["price"] / (100 if own["share"] else 1)
        part = ways[name] / total if total else 0.0
        prices.append(
            Price(
                name,
                own["row"],
                own["bound"],
                own["share"],
                own["prior"],
                reached,
                met,
                price,
                part,
            )
        )
    return PriceList(prices, kl_per_token)


def _float(value: float | None) -> float:
    return float("nan") if value is None else value
