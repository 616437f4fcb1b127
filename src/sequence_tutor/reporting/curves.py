"""Charts of the logs of runs: figure 2 of the paper, and the parts of the reward."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sequence_tutor.drawing.plot import Plot, Series, plot
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.figures import titles
from sequence_tutor.storage.run_log import Record, number, read_log
from sequence_tutor.tuner.logbook import LOG_FILE
from sequence_tutor.workbench.aimed_comparison import AIMS_MET, PANELS, WORST_MISS, with_standing

REWARD = "reward_per_sequence"
CHARTS = {
    **titles(REWARD),
    AIMS_MET: PANELS[AIMS_MET],
    WORST_MISS: PANELS[WORST_MISS],
    **titles("log_prior_per_token", "kl_to_prior_per_token"),
    **titles("entropy_per_token", "distinct", "effective_sample_size"),
}
"""Logged figure -> title of its chart."""


def read_run_log(folder: Path, sha256: str | None = None) -> list[Record]:
    """The evaluations of a run; `sha256` is the digest of its log in the run's record.

    Raises:
        UserError: there are none, a line is not an evaluation, or the log has another digest.
    """
    path = folder / LOG_FILE
    records = read_log(path, sha256)
    if not records:
        raise UserError(f"{path}: no evaluation in it, expected those that tuning wrote")
    return records


def training_curves(
    logs: Mapping[str, Sequence[Record]], first_style: int, aiming: Collection[str] = ()
) -> list[Plot]:
    """One chart a figure, one line a run, against updates.

    Runs named in `aiming` are paid for aims alone, so that their logged reward is always 0; how
    their aims stand is drawn instead.
    """
    shown = {run: _aimed(log) if run in aiming else log for run, log in logs.items()}
    return list(charts_of(CHARTS, logs, shown, first_style).values())


def _aimed(log: Sequence[Record]) -> list[Record]:
    """The evaluations of a run that is paid for aims alone."""
    stood = with_standing(log) if all(record.get("aims") for record in log) else log
    return [{name: own for name, own in one.items() if name != REWARD} for one in stood]


@dataclass(frozen=True)
class RuleShares:
    """What each rule adds to the reward of a sequence, weighted."""

    charts: Sequence[Plot]  # one a rule, against updates
    runs: Sequence[str]  # their names
    # (rule, for each run its final points and their share in percent of the sum of absolute
    # values, or None if the run has no such rule)
    last: Sequence[tuple[str, Sequence[tuple[float, float] | None]]]


def rule_shares(
    logs: Mapping[str, Sequence[Record]],
    weights: Mapping[str, Mapping[str, float]],
    first_style: int,
) -> RuleShares | None:
    """The share of every rule; None if the logs do not contain them."""
    paid = {run: _paid(log, weights[run]) for run, log in logs.items()}
    rules = dict.fromkeys(rule for own in weights.values() for rule in own if own[rule])
    charts = charts_of({rule: words_of(rule) for rule in rules}, logs, paid, first_style)
    last = [(words_of(rule), [_at_end(own[-1], rule) for own in paid.values()]) for rule in charts]
    return RuleShares(list(charts.values()), list(logs), last) if charts else None


def term_curves(logs: Mapping[str, Sequence[Record]], first_style: int) -> list[Plot]:
    """The mean of every number that reward terms are computed from, against updates."""
    means = {run: [mapping_of(record, "term_means") for record in log] for run, log in logs.items()}
    names = dict.fromkeys(name for own in means.values() for record in own for name in record)
    return list(
        charts_of({name: words_of(name) for name in names}, logs, means, first_style).values()
    )


def charts_of(
    titles: Mapping[str, str],
    logs: Mapping[str, Sequence[Record]],
    figures: Mapping[str, Sequence[Mapping[str, object]]],
    first_style: int,
) -> dict[str, Plot]:
    """Name -> chart of a figure, for the runs that have it, against the updates of their logs."""
    charts = {}
    for name, title in titles.items():
        chart = plot(title, "updates", series_of(logs, figures, name, first_style))
        if chart is not None:
            charts[name] = chart
    return charts


def series_of(
    logs: Mapping[str, Sequence[Record]],
    figures: Mapping[str, Sequence[Mapping[str, object]]],
    name: str,
    first_style: int,
) -> list[Series]:
    """A figure of the runs that have it, against the updates of their logs."""
    return [
        Series(
            run,
            place,
            [float(record["step"]) for record in logs[run]],
            [number(record, name) for record in own],
        )
        for place, (run, own) in enumerate(figures.items(), first_style)
        if any(name in record for record in own)
    ]


def _paid(log: Sequence[Record], weights: Mapping[str, float]) -> list[dict[str, float]]:
    """What each rule added at each evaluation."""
    terms = [mapping_of(record, "reward_terms") for record in log]
    return [{rule: w * number(own, rule) for rule, w in weights.items()} for own in terms]


def _at_end(paid: Mapping[str, float], rule: str) -> tuple[float, float] | None:
    if not math.isfinite(paid.get(rule, math.nan)):
        return None
    everything = sum(abs(points) for points in paid.values() if math.isfinite(points))
    return paid[rule], 100 * abs(paid[rule]) / (everything or 1.0)


def mapping_of(record: Mapping[str, object], name: str) -> Mapping[str, object]:
    """A table in a record; empty if there is none."""
    found = record.get(name)
    return found if isinstance(found, dict) else {}


def words_of(name: str) -> str:
    """A name or an aim as it is read."""
    return name.replace("_", " ").replace("<=", "≤").replace(">=", "≥")
