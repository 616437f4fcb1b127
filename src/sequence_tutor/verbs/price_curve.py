"""`frontier --aim`: what one aim costs as it is raised, and whether its price says so."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from sequence_tutor.config.aims import asked_table
from sequence_tutor.drawing.figures import Curve, Panel, learning_curves
from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import UserError, shown
from sequence_tutor.estimates import Estimate
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.figures import cell
from sequence_tutor.storage.files import PathLike, named_path, write_json
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.storage.own_results import check_results
from sequence_tutor.tuner.aimed_rows import sign_of
from sequence_tutor.verbs.tune import tune

_SEVERAL = re.compile(r"(.+?)\s*(>=|<=)\s*([-\d.]+(?:\s*,\s*[-\d.]+)+)\s*(%?)")
"""An aim with several values, such as `motif_comes_back >= 1,2,5 %`."""


@dataclass(frozen=True)
class PricePoint:
    """One value of the aim that is raised.

    Attributes:
        aim: as it was tuned with.
        share: whether it is in percent; price and slope are then of one point.
        reached: the row under the tuned policy.
        kl: nats a sequence from the prior.
        price: nats a sequence for one more unit, from the multiplier; below 0 for `<=`.
        expected: the mean price of this value and the one before, what the slope should be.
        slope: the rise of KL from the value before over the rise of the row; None: the first, or
            the row did not move.
    """

    aim: str
    share: bool
    reached: Estimate
    kl: Estimate
    price: float
    expected: float | None = None
    slope: float | None = None


@dataclass(frozen=True)
class PriceCurve:
    """The points in the order of the values."""

    row: str
    points: Sequence[PricePoint]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON: `row`, and `points` with the attributes of `PricePoint`."""
        points = (
            {**asdict(one), "reached": one.reached.to_json(), "kl": one.kl.to_json()}
            for one in self.points
        )
        return {"row": self.row, "points": list(points)}

    def table(self) -> Table:
        """As people read it."""
        rows = [
            [
                one.aim,
                cell(one.reached, 100 if one.share else 1),
                cell(one.kl),
                f"{one.price:.3g}",
                "" if one.expected is None else f"{one.expected:.3g}",
                "" if one.slope is None else f"{one.slope:.3g}",
            ]
            for one in self.points
        ]
        unit = "point" if any(one.share for one in self.points) else "unit"
        heads = ["aim", "reached", "KL, nats a sequence", "price", "mean price", "slope"]
        caption = (
            f"prices and slopes in nats a sequence for one more {unit} of the row; the slope of KL "
            "from one value to the next is the mean of their prices where runs are at the optimum"
        )
        return Table(heads, rows, caption)

    def _repr_html_(self) -> str:
        return self.table().html()


def price_curve(
    domain: str,
    out: PathLike,
    aims: Sequence[str],
    *,
    samples: int = 4096,
    seed: int = 0,
    **given: Any,  # arguments of `tune`
) -> PriceCurve:
    """Tune once for each value of one aim, others fixed, and compare price and slope.

    The same call continues an interrupted one.

    Args:
        domain: such as "melody".
        out: folder for a run of each value, numbers and a picture.
        aims: as on the command line; one of them has several values, `ROW >= 1,2,5 %`.
        samples: sequences that each point is measured with.
        seed: of the sampling.
        given: further arguments of `tune`.

    Raises:
        UserError: not just one aim has several values, or `tune` cannot use what is given.
    """
    out = named_path(out)
    row, values, fixed = several(aims)
    check_results(out, ("price_curve.json", "price_curve.png"), "points")
    found = []
    with writing_in(out):
        for number, value in enumerate(values):
            table = {**fixed, row: [*fixed.get(row, []), value]}
            model = tune(domain, out / f"value_{number}", aims=table, **given)
            model = replace(model, name=f"{row} {value}")
            (column,) = evaluate([model], samples, seed, particles=0).columns
            assert column.prices is not None  # it has aims
            sign = 1 if value.startswith(">=") else -1
            (own,) = [
                one
                for one in column.prices.prices
                if one.row == row and sign_of(one.aim, row) == sign
            ]
            price = sign * own.price
            kl = column.statistics["kl_to_prior_per_sequence"]
            found.append(PricePoint(own.aim, own.share, own.reached, kl, price))
        curve = PriceCurve(row, with_slopes(found))
        write_json(out / "price_curve.json", curve.to_json())
        _draw(curve, out)
    return curve


def several(aims: Sequence[str]) -> tuple[str, list[str], dict[str, Any]]:
    """The row that is raised, what is wanted of it value by value, and the other aims.

    Raises:
        UserError: not just one aim has several values.
    """
    matches = {aim: match for aim in aims if (match := _SEVERAL.fullmatch(aim.strip()))}
    if len(matches) != 1:
        said = ", ".join(map(shown, aims)) or "none"
        raise UserError(
            f"aims with several values: {len(matches)} of {said}, expected one, such as "
            "'motif_comes_back >= 1,2,5 %'"
        )
    ((raised, match),) = matches.items()
    row, sign, listed, percent = match.groups()
    numbers = [value.strip() for value in listed.split(",")]
    if len(set(map(_value, numbers))) < len(numbers):
        raise UserError(f"aim {shown(raised)}: two values are the same, expected different ones")
    fixed = asked_table([aim for aim in aims if aim != raised], "--aim")
    return row, [f"{sign} {value} {percent}".strip() for value in numbers], fixed


def _value(text: str) -> float | str:
    """A number; its own text where it is none, which is refused as an aim later."""
    try:
        return float(text)
    except ValueError:
        return text


def with_slopes(points: Sequence[PricePoint]) -> list[PricePoint]:
    """The points with the slope of KL from the one before, and the price that it should be."""
    found = list(points[:1])
    for before, one in pairwise(points):
        rise = (one.reached.value - before.reached.value) * (100 if one.share else 1)
        slope = (one.kl.value - before.kl.value) / rise if rise else None
        expected = (one.price + before.price) / 2
        found.append(replace(one, expected=expected, slope=slope))
    return found


def _draw(curve: PriceCurve, out: PathLike) -> None:
    """KL and prices against the row."""
    points = curve.points
    unit = 100 if any(one.share for one in points) else 1
    reached = [unit * one.reached.value for one in points]
    middle = [(a + b) / 2 for a, b in pairwise(reached)]
    slopes = [math.nan if one.slope is None else one.slope for one in points[1:]]
    kl = [one.kl for one in points]
    ends = [[one.low for one in kl], [one.high for one in kl]]
    cost = Curve("KL", reached, [one.value for one in kl], *ends)
    panels = [
        Panel("KL to the prior, nats a sequence", [cost]),
        Panel(
            "price, nats a sequence",
            [
                Curve("price", reached, [one.price for one in points]),
                Curve("slope of KL", middle, slopes),
            ],
        ),
    ]
    percent = ", %" if unit == 100 else ""
    name = curve.row.replace("_", " ")
    learning_curves(panels, named_path(out) / "price_curve.png", x_label=f"{name}{percent}")
