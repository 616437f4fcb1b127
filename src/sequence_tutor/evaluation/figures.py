"""How every statistic is called and shown, whatever the domain; a domain says it of its own."""

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
    "effective_sample_size": Figure("higher", True, title="effective sample size"),
    "seconds": Figure(header="seconds"),
}
"""What is shown of every domain. Divergence and entropy are what a choice of c buys, neither way
better; what is not named here or by the domain is a number without any of this."""


def figure(name: str, domain: Domain) -> Figure:
    """How a statistic of a domain is shown."""
    return domain.figures.get(name) or FIGURES.get(name, Figure())


def label(name: str, domain: Domain) -> str:
    """How a table calls a statistic."""
    shown = figure(name, domain)
    of = f" of {shown.of}" if shown.of else ""
    return name.replace("_", " ") + (f" %{of}" if shown.share else "")


def titles(*names: str) -> dict[str, str]:
    """What stands over the curves of some figures."""
    return {name: FIGURES[name].title for name in names}


def side_by_side(
    columns: Sequence[Mapping[str, Estimate]],
) -> Iterator[tuple[str, list[Estimate]]]:
    """Every statistic that some column has a value of, in order, with its estimate in each."""
    for name in dict.fromkeys(name for column in columns for name in column):
        estimates = [column.get(name, UNDEFINED) for column in columns]
        if not all(math.isnan(estimate.value) for estimate in estimates):
            yield name, estimates


def is_at_least(name: str, value: float) -> bool:
    """Whether a statistic without an interval is a lower bound that says something.

    A divergence is never below 0, so a negative gap bounds nothing.
    """
    return name in ("log_z_bound", "log_z_smc") or (name.startswith("gap_per_") and value >= 0)


def decimals(value: float) -> int:
    """As many as leave about three digits that count."""
    size = abs(value)
    return 1 if size >= 100 else 2 if size >= 10 else 3


def cell(estimate: Estimate, unit: int = 1, places: int | None = None) -> str:
    """`value ±reach`, the value alone where there is no interval, nothing where it is undefined.

    Args:
        estimate: of a number.
        unit: what both are multiplied by.
        places: after the point; None: see `decimals`.
    """
    value, reach = unit * estimate.value, unit * estimate.reach
    if math.isnan(value):
        return ""
    places = decimals(value) if places is None else places
    text = f"{value:,.{places}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return f"{text} ±{reach:,.{places}f}" if math.isfinite(reach) else text
