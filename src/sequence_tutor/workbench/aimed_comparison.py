"""Methods that are tuned with the same aims, side by side.

Each run finds multipliers of its own, so that the objectives of two methods are not of one reward
and cannot be compared. What can be: which aims each method meets, how far it misses the others, how
far it goes from the prior for that (the least divergence is the optimum), and variety.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sequence_tutor.algorithms.registry import find_algorithm
from sequence_tutor.config.presets import Tables
from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate, finite_or_none, mean_of
from sequence_tutor.evaluation.figures import FIGURES, cell, decimals
from sequence_tutor.evaluation.prices import Price, price_list
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.aimed_rows import sign_of
from sequence_tutor.workbench.comparison import MethodRun, by_method, estimate_cell, over_seeds

COLUMNS = ("kl_to_prior_per_token", "distinct", "seconds")
"""Figures beside those of the aims."""

AIMS_MET, WORST_MISS = "aims_met", "worst_miss"
PANELS = {
    AIMS_MET: "aims met",
    WORST_MISS: "worst miss, as a part of its bound",
    "kl_to_prior_per_token": "KL to the prior a token, nats",
    "distinct": "distinct share of samples",
}
"""Figures that are drawn, with their titles."""


def check_held(forms: Mapping[str, Tables]) -> None:
    """Refuse methods that cannot hold aims, before any work.

    Raises:
        UserError: it names all of them.
    """
    unable = [name for name, form in forms.items() if not _holds(form)]
    if unable:
        raise UserError(
            f"{', '.join(unable)} cannot hold aims: expected methods whose divergence from the "
            "prior is part of what they learn, such as psi, g, tb or ppo"
        )


def _holds(form: Tables) -> bool:
    return "baseline" not in form and find_algorithm(form["tune"]["algorithm"]).takes_aims


def aimed_table(runs: Sequence[MethodRun], caption: str) -> Table:
    """One row a method: aims met, the worst miss, divergence, variety, time."""
    count = len(_rows_met(_prices(runs[0])))
    header = ["method", f"aims met, of {count}", "worst miss"]
    header += [*(FIGURES[name].header for name in COLUMNS), "scored"]
    rows = []
    for name, own in by_method(runs).items():
        met = mean_of([sum(_rows_met(_prices(run)).values()) for run in own])
        rows.append(
            [
                name,
                cell(met, places=0 if len(own) == 1 else 1),
                worst_miss(own),
                *(estimate_cell(over_seeds(own, figure)) for figure in COLUMNS),
                f"{mean_of([run.scored for run in own]).value:,.0f}",
            ]
        )
    return Table(header, rows, caption)


def reached_table(runs: Sequence[MethodRun]) -> Table:
    """One row a bound: the prior's value, and what each method reached."""
    methods = by_method(runs)
    rows = []
    for place, price in enumerate(_prices(runs[0])):
        unit = 100 if price.share else 1
        prior = "" if price.prior is None else f"{unit * price.prior:.{_places(price)}f}"
        reached = [cell(_reached(own, place), unit) for own in methods.values()]
        rows.append([price.aim, prior, *reached])
    return Table(["aim", "prior", *methods], rows, "shares in percent, as the aims were written")


def worst_miss(runs: Sequence[MethodRun]) -> str:
    """The aim not met that some seed misses most, with that seed's value; `none` if all are met.

    Args:
        runs: of one method, one a seed.
    """
    missed = [(miss(one), run.seed, one) for run in runs for one in _prices(run) if not one.met]
    if not missed:
        return "none"
    _, seed, worst = max(missed, key=lambda one: one[0])
    unit = 100 if worst.share else 1
    bound = f"{unit * worst.bound:.4g}{' %' if worst.share else ''}"
    value = unit * worst.reached.value
    reached = "not seen" if math.isnan(value) else f"{value:.{decimals(value)}f} of {bound}"
    return f"{worst.row} {reached}" + (f" (seed {seed})" if len(runs) > 1 else "")


def miss(price: Price) -> float:
    """By how much a bound is missed, as a part of it; infinite where the row is undefined."""
    value = price.reached.value
    if math.isnan(value):
        return math.inf
    sign = sign_of(price.aim, price.row)
    return max(0.0, sign * (price.bound - value)) / max(abs(price.bound), 1e-3)


def with_aims(
    logs: Mapping[str, Sequence[Sequence[Record]]], panels: Mapping[str, str]
) -> tuple[Mapping[str, Sequence[Sequence[Record]]], Mapping[str, str]]:
    """What is drawn of logs: how the aims stand where all of them have aims, else as given.

    Args:
        logs: method -> one log a seed.
        panels: logged figures and their titles, of logs without aims.
    """
    own = [log for seeds in logs.values() for log in seeds]
    if not all(record.get("aims") for log in own for record in log):
        return logs, panels
    standing = {name: [with_standing(log) for log in seeds] for name, seeds in logs.items()}
    return standing, PANELS


def with_standing(records: Sequence[Record]) -> list[Record]:
    """A log whose evaluations say how many aims are met and how far the worst one is missed."""
    found = []
    for record in records:
        prices = price_list(record["aims"], record["kl_to_prior_per_token"]).prices
        found.append({**record, **_standing(prices)})
    return found


def _standing(prices: Sequence[Price]) -> dict[str, float]:
    """How many aims are met, and how far the worst one is missed."""
    worst = max((miss(one) for one in prices if not one.met), default=0.0)
    return {AIMS_MET: sum(_rows_met(prices).values()), WORST_MISS: worst}


def figures_of(run: MethodRun) -> dict[str, object]:
    """What JSON says of a run beside its statistics."""
    standing = _standing(_prices(run))
    return {
        **{name: finite_or_none(value) for name, value in standing.items()},
        "aims": run.prices.to_json()["aims"] if run.prices else [],
    }


def _prices(run: MethodRun) -> Sequence[Price]:
    assert run.prices is not None  # all runs of a comparison with aims have them
    return run.prices.prices


def _rows_met(prices: Sequence[Price]) -> dict[str, bool]:
    """Row -> whether all of its bounds are met."""
    rows: dict[str, bool] = {}
    for one in prices:
        rows[one.row] = rows.get(one.row, True) and one.met
    return rows


def _reached(runs: Sequence[MethodRun], place: int) -> Estimate:
    """The mean over seeds of a row; of a single seed its own interval."""
    reached = [_prices(run)[place].reached for run in runs]
    return reached[0] if len(reached) == 1 else mean_of([one.value for one in reached])


def _places(price: Price) -> int:
    return decimals((100 if price.share else 1) * (price.prior or 0.0))
