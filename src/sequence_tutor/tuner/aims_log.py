"""What a run says of its aims: an entry for each bound, the worst of them, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.config.aims import Aim
from sequence_tutor.domain.row_statistics import RowStatistics
from sequence_tutor.domain.rows import Counts
from sequence_tutor.estimates import Estimate, finite_or_none
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.aimed_rows import Bound
from sequence_tutor.tuner.aiming import Aiming
from sequence_tutor.tuner.settings import TuneSettings

STRETCH = 0.1
"""Of a run: its end, over which aims and multipliers should have come to rest."""

RESTLESS = 0.1
"""A multiplier that moves by more of the largest one's size over that stretch is not at rest."""

FIGHTS = -0.2
"""A correlation of two rows, with the signs of their bounds, below which they pull apart."""

RISING = 1.2
"""Two bounds fight where both multipliers have grown by such a factor in the last half."""

FEWEST = 3
"""Evaluations with all aims met, after which a run may end early."""


def entries(aiming: Aiming, counts: Tensor) -> dict[str, dict[str, Any]]:
    """The log's table of aims.

    Args:
        aiming: of the run.
        counts: (B, 2 M) of the evaluation's samples.

    Returns:
        Bound -> `row`; its `value` with its 95 % interval from `low` to `high`, null where nothing
        defines it, and that of the `prior`; its `bound` and its `goal` now; `multiplier` in nats a
        unit of phi, `price` in nats a sequence for one more unit of the row; whether it was
        written as a `share`; by how much it may be missed, `within`, where that is said; whether
        it is `met`, which it is where the interval reaches the bound; JSON.
    """
    found = aiming.multipliers
    statistics = RowStatistics({aim.row: aiming.rows.ranges[aim.row] for aim in aiming.rows.aims})
    columns = counts.cpu().unbind(1)
    statistics.add(
        {
            aim.row: Counts(columns[2 * place], columns[2 * place + 1])
            for place, aim in enumerate(aiming.rows.aims)
        }
    )
    rows = statistics.result()
    return {
        str(bound): {
            "row": bound.aim.row,
            "bound": bound.at,
            "share": bound.aim.share,
            **({"within": bound.aim.within} if bound.aim.within else {}),
            "prior": finite_or_none(prior),
            **rows[bound.aim.row].to_json(),
            "goal": goal,
            "multiplier": multiplier,
            "price": price,
            "met": not is_missed(rows[bound.aim.row], bound.at, bound.sign, bound.aim.within),
        }
        for bound, prior, goal, multiplier, price in zip(
            found.bounds,
            found.prior.tolist(),
            found.goals.tolist(),
            found.values.tolist(),
            found.prices.tolist(),
            strict=True,
        )
    }


def is_missed(reached: Estimate, at: float, sign: int, within: float = 0.0) -> bool:
    """Whether a row misses its bound by more than its 95 % interval.

    Args:
        reached: the row.
        at: the bound.
        sign: 1: at least; -1: at most.
        within: by so much it may be missed.
    """
    best = reached.high if sign > 0 else reached.low
    return not sign * (best - at) >= -within


def standing(aims: Sequence[Aim], record: Record) -> str:
    """How many aims are met and which is worst, such as `11 of 13, worst tonic 84.1 of 90 %`."""
    rows = {own["row"]: own["value"] for own in record["aims"].values()}
    unmet = {own["row"] for own in record["aims"].values() if not own["met"]}
    missed = {aim: _miss(aim, rows[aim.row]) for aim in aims if aim.row in unmet}
    met = f"{len(aims) - len(missed)} of {len(aims)}"
    if not missed:
        return met
    worst = max(missed, key=lambda aim: missed[aim])
    return f"{met}, worst {worst.row} {_of(worst, rows[worst.row])}"


def _miss(aim: Aim, value: float | None) -> float:
    """By how much it is missed, as a part of its bound; infinite where it was not seen."""
    if value is None:
        return math.inf
    ends = [abs(end) for end in (aim.low, aim.high) if end is not None]
    return aim.miss(value) / max(*ends, 1e-3)


def _of(aim: Aim, value: float | None) -> str:
    """`84.1 of 90 %`: a value and the bound that it misses."""
    if value is None:
        return "not seen"
    at = aim.low if aim.low is not None and value < aim.low else aim.high
    end = aim.number(value) if at is None else aim.bound(at)
    return f"{aim.number(value).removesuffix(' %')} of {end}"


def optimum_remark(settings: TuneSettings) -> str | None:
    """A sentence where aims are given to an algorithm whose optimum is the greedy one."""
    if not settings.aims or settings.traits.fits != "hard":
        return None
    return (
        f"aims with {settings.algorithm}: it learns the single best sequence and is sampled from "
        "the softmax of its values, so that its aims are not met at the least divergence, and its "
        "multipliers are no prices; those of psi and g are"
    )


def is_settled(records: Sequence[Record], steps: int) -> bool:
    """Whether all aims have been met, with multipliers still, for the last evaluations.

    Args:
        records: evaluations so far, whose goals are the aims.
        steps: of the run.
    """
    last = records[-FEWEST:]
    stretch = len(last) == FEWEST and last[-1]["step"] - last[0]["step"] >= STRETCH * steps
    return (
        stretch
        and all(own["met"] for record in last for own in record["aims"].values())
        and not _restless(last)
    )


def _restless(records: Sequence[Record]) -> list[str]:
    """Bounds whose price has moved over some evaluations, with from where to where."""
    first, last = records[0]["aims"], records[-1]["aims"]
    largest = max((abs(own["price"]) * _scale(own) for own in last.values()), default=0.0)
    return [
        f"{name} ({first[name]['multiplier']:.3g} to {own['multiplier']:.3g})"
        for name, own in last.items()
        if abs(own["price"] - first[name]["price"]) * _scale(own) > RESTLESS * largest
    ]


def _scale(own: Mapping[str, Any]) -> float:
    """The size of a row, by which prices of different units are compared."""
    return max(abs(float(own["goal"])), 1e-3)


def remarks(records: Sequence[Record], aiming: Aiming, steps: int, *, is_last: bool) -> list[str]:
    """What a user should know of the aims at an evaluation, a sentence each.

    Args:
        records: evaluations so far, the newest last.
        aiming: of the run.
        steps: of the run.
        is_last: whether the run is over.
    """
    last, found = records[-1], aiming.multipliers
    missed = [bound for bound in found.bounds if not last["aims"][str(bound)]["met"]]
    said = []
    hopeless = [bound for bound in missed if bool(found.at_ceiling[found.bounds.index(bound)])]
    if hopeless:
        said.append(
            f"aims out of reach: {_list(hopeless, last, aiming, records)}; the multiplier is at "
            "its ceiling, so a miss costs no more than that and the run ends with a compromise"
        )
    if not is_last:
        return said
    if others := [bound for bound in missed if bound not in hopeless]:
        said.append(f"aims missed: {_list(others, last, aiming, records)}")
    course = records[:-1] if "kept" in last else records  # the last is of an earlier stretch
    stretch = [one for one in course if one["step"] >= (1 - STRETCH) * steps - 1]
    stretch = stretch if len(stretch) > 1 else list(course[-2:])
    if len(course) > 1 and (moved := _restless(stretch)):
        said.append(
            f"aims not settled: from update {stretch[0]['step']} to {stretch[-1]['step']} the "
            f"multiplier moved of {', '.join(moved)}; more steps would settle them"
        )
    return said


def _list(missed: Sequence[Bound], last: Record, aiming: Aiming, records: Sequence[Record]) -> str:
    """Missed bounds with how near the run came, and which others they fight."""
    parts = []
    for bound in missed:
        value = last["aims"][str(bound)]["value"]
        came = "not seen" if value is None else bound.aim.number(value)
        against = _rival(bound, aiming, records)
        parts.append(f"{bound} ({came}{f', against {against}' if against else ''})")
    return ", ".join(parts)


def _rival(bound: Bound, aiming: Aiming, records: Sequence[Record]) -> Bound | None:
    """The bound that pulls most against this one: both multipliers up, phi anticorrelated."""
    found = aiming.multipliers
    place = found.bounds.index(bound)
    correlation = found.correlation(place)
    before = records[len(records) // 2]["aims"] if len(records) > 2 else {}
    grown = [
        value > RISING * before.get(str(one), {}).get("multiplier", 0.0) and value > 0
        for one, value in zip(found.bounds, found.values.tolist(), strict=True)
    ]
    rising = torch.tensor(grown) | found.at_ceiling
    same = torch.tensor([one.aim.row == bound.aim.row for one in found.bounds])
    correlation = correlation.where(rising & ~same, 0.0)
    least = int(correlation.argmin())
    return found.bounds[least] if float(correlation[least]) < FIGHTS else None
