"""What was done and what came of it, in three sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sequence_tutor.reporting.comparison import JudgedTable
from sequence_tutor.storage.flat_tables import flattened
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.run_record import RunSpec


@dataclass(frozen=True)
class RunFacts:
    """One line of the list of runs.

    Attributes:
        name, style: the run's, and its place in the list of models.
        algorithm, c, discount, updates, seed: as it was tuned.
        minutes: that tuning took, as its log says.
        versions: what it was made with.
        settings: everything else, as (name, value).
    """

    name: str
    style: int
    algorithm: str
    c: str
    discount: str
    updates: str
    seed: int
    minutes: str
    versions: str
    settings: Sequence[tuple[str, str]]


def run_facts(name: str, style: int, spec: RunSpec, log: Sequence[Record]) -> RunFacts:
    """The line of one run."""
    tune, last = spec.tune, log[-1]
    seconds = last.get("seconds")
    settings = flattened({"tune": tune.model_dump(mode="json"), "reward": spec.reward})
    return RunFacts(
        name,
        style,
        tune.algorithm,
        f"{tune.c:g}",
        f"{tune.discount:g}",
        f"{last['step']:,}",
        tune.seed,
        f"{seconds / 60:.1f}" if isinstance(seconds, (int, float)) else "",
        ", ".join(f"{what} {which}" for what, which in spec.versions.items()),
        [(what, "" if value is None else str(value)) for what, value in settings.items()],
    )


def sentences(
    things: str, specs: Sequence[RunSpec], comparison: JudgedTable
) -> tuple[str, str, str]:
    """What was done, how it was measured, what came of it.

    Args:
        things: what the sequences are called.
        specs: of every run.
        comparison: the table.
    """
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
            said.append(f"{model} is surely better in {good} and worse in {bad}")
    if not said:
        return "No statistic is surely different from the prior's."
    judged = sum(bool(row.aim) for row in comparison.rows)
    return f"Of {judged} statistics that have a better side, against the prior {listed(said)}."


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
