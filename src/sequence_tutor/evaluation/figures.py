"""Labels and number formats of statistics; a domain defines those of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from sequence_tutor.domain import Domain, Figure
from sequence_tutor.estimates import UNDEFINED, Estimate

FIGURES: Mapping[str, Figure] = {
    "reward_per_sequence": Figure("higher", title="reward a sequence", header="reward"),
    "log_prior_per_token": Figure("higher", title="log p(a|s) a token, nats"),
    "kl_to_prior_per_token": Figure(
        title="exact KL to the prior a token, nats", header="KL a token"
    ),
    "objective_per_sequence": Figure(
        "higher", title="objective a sequence, nats", header="objective"
    ),
    "gap_per_sequence": Figure("lower"),
    "gap_per_token": Figure("lower", header="gap a token"),
    "kl_to_optimum_per_sequence": Figure(header="KL to the optimum"),
    "entropy_per_token": Figure(title="entropy a token, nats"),
    "distinct": Figure("higher", True, title="distinct share of samples", header="distinct"),
    "in_training_data": Figure("lower", True),
    "commonest_opening": Figure(share=True),
    "opening_entropy": Figure(),
    "near_copies": Figure("lower", True),
    "outside_fence": Figure("lower", True),
    "reward_inside": Figure("higher"),
    "effective_sample_size": Figure("higher", True, title="effective sample size"),
    "seconds": Figure(header="seconds"),
}
"""Statistics of every domain. Divergence and entropy depend on the choice of c, so neither
direction is better."""


def figure(name: str, domain: Domain) -> Figure:
    """How a statistic of a domain is shown."""
    return domain.figures.get(name) or FIGURES.get(name, Figure())


def label(name: str, domain: Domain) -> str:
    """The label of a statistic in tables."""
    shown = figure(name, domain)
    of = f" of {shown.of}" if shown.of else ""
    return name.replace("_", " ") + (f" %{of}" if shown.share else "")


def titles(*names: str) -> dict[str, str]:
    """Name -> title of its curve."""
    return {name: FIGURES[name].title for name in names}


def side_by_side(
    columns: Sequence[Mapping[str, Estimate]],
) -> Iterator[tuple[str, list[Estimate]]]:
    """Every statistic that some column has a value of, in order, with the estimate of each."""
    for name in dict.fromkeys(name for column in columns for name in column):
        estimates = [column.get(name, UNDEFINED) for column in columns]
        if not all(math.isnan(estimate.value) for estimate in estimates):
            yield name, estimates


def is_at_least(name: str, value: float) -> bool:
    """Whether a statistic without an interval is an informative lower bound.

    A divergence is never negative, so a negative gap is not.
    """
    return name in ("log_z_bound", "log_z_smc") or (name.startswith("gap_per_") and value >= 0)


def decimals(value: float) -> int:
    """Decimal places for about three significant digits."""
    size = abs(value)
    return 1 if size >= 100 else 2 if size >= 10 else 3


def row_value(value: float, share: bool) -> str:
    """A row's value, a share in percent."""
    shown = 100 * value if share else value
    return f"{shown:.{decimals(shown)}f}"


def cell(estimate: Estimate, unit: int = 1, places: int | None = None) -> str:
    """`value ±reach` times `unit`; the value alone without an interval, nothing if undefined.

    `places` are decimal places; None: see `decimals`.
    """
    value, reach = unit * estimate.value, unit * estimate.reach
    if math.isnan(value):
        return ""
    places = decimals(value) if places is None else places
    text = f"{value:,.{places}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return f"{text} ±{reach:,.{places}f}" if math.isfinite(reach) else text
