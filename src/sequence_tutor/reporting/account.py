"""A summary of what was done and found, in three sentences, and the facts of each run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sequence_tutor.reporting.comparison import JudgedTable
from sequence_tutor.storage.flat_tables import flattened
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.run_record import RunSpec

RunFacts = dict[str, Any]
"""One row of the list of runs, for the template."""


def run_facts(name: str, style: int, spec: RunSpec, log: Sequence[Record]) -> RunFacts:
    """One row of the list of runs: name -> text, and `settings` as (name, value)."""
    tune, last = spec.tune, log[-1]
    seconds = last.get("seconds")
    settings = flattened({"tune": tune.model_dump(mode="json"), "reward": spec.reward})
    return {
        "name": name,
        "style": style,
        "algorithm": tune.algorithm,
        "c": f"{tune.c:g}",
        "discount": f"{tune.discount:g}",
        "updates": f"{last['step']:,}",
        "seed": tune.seed,
        "minutes": f"{seconds / 60:.1f}" if isinstance(seconds, (int, float)) else "",
        "versions": ", ".join(f"{what} {which}" for what, which in spec.versions.items()),
        "settings": [
            (what, "" if value is None else str(value)) for what, value in settings.items()
        ],
    }


def sentences(
    things: str, specs: Sequence[RunSpec], comparison: JudgedTable
) -> tuple[str, str, str]:
    """What was done, how it was measured, what was found; `things` is the sequences' noun."""
    return _done(things, specs), _measured(things, comparison), _found(comparison)


def _done(things: str, specs: Sequence[RunSpec]) -> str:
    counts = Counter(spec.tune.algorithm for spec in specs)
    ways = listed([name if n == 1 else f"{name} ({n} runs)" for name, n in counts.items()])
    priors = listed([repr(name) for name in dict.fromkeys(Path(spec.prior).name for spec in specs)])
    held = any(spec.tune.traits.held for spec in specs)
    price = "a price on every step away from" if held else "nothing that holds it to"
    return (
        f"A generator of {things}, the prior {priors}, was tuned toward a reward by {ways}, with "
        f"{price} what the prior had learned from data{' (KL-control)' if held else ''}."
    )


def _measured(things: str, comparison: JudgedTable) -> str:
    each = "it" if len(comparison.models) == 1 else f"each of {listed(comparison.models)}"
    return (
        f"Then {comparison.samples:,} {things} of {each} were sampled with seed "
        f"{comparison.seed} and every statistic below was estimated with its 95 % interval."
    )


def _found(comparison: JudgedTable) -> str:
    said = []
    for place, model in enumerate(comparison.models):
        good, bad = (len(comparison.labels(verdict, place)) for verdict in ("better", "worse"))
        if good or bad:
            said.append(f"{model} is significantly better in {good} and worse in {bad}")
    if not said:
        return "No statistic differs significantly from the prior's."
    judged = len(comparison.counted)
    return (
        f"Of {judged} statistics with a preferred direction, compared to the prior, {listed(said)}."
    )


def where_curves_begin(temperatures: Mapping[str, float]) -> str:
    """A sentence if curves begin at another prior than the table's, or nothing.

    Args:
        temperatures: run -> the prior temperature of its tuning.
    """
    told = [f"{name} at {one:g}" for name, one in temperatures.items() if one != 1]
    if not told:
        return ""
    return (
        f"Curves begin at the prior flattened by prior_temperature ({listed(told)}), not at the "
        "prior of the table."
    )


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
