"""The scoring of a REINVENT 4 configuration as tables of a reward.

REINVENT multiplies a weighted mean of scores by filters (0 where an unwanted pattern matches) and
penalties (.5 where a wanted pattern is missing). A geometric mean is the product of the powers
w_i / sum w, so that mean, filters and penalties are together one product here, exactly. An
arithmetic mean has no such form: its filters are named as not translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.reading.reinvent_terms import (
    ALERTS,
    MATCHING,
    Table,
    UntranslatableError,
    plain_name,
    term_of,
)

OF_THE_PROGRAM = ("run_type", "device", "use_cuda", "json_out_config", "tb_logdir")
"""Entries of a configuration that say how the program runs; they are left out without a remark."""

INSTEAD = {
    "diversity_filter": "see reward.diversity, whose penalties are terms with weights",
    "inception": "see --seeds",
    "learning_strategy": "see --algorithm and --c",
    "parameters": "see --prior, --out and --seeds",
    "max_score": "see until_reward of a stage",
    "max_steps": "see steps of a stage",
}
"""Other entries -> what does so here."""


@dataclass
class Translated:
    """A reward, and what could not be translated.

    Attributes:
        reward: the tables of ``[reward]``.
        left_out: a sentence for each component or part that is not translated.
    """

    reward: dict[str, Any]
    left_out: list[str] = field(default_factory=list)


def translate(tables: Table, stage: int = 1) -> Translated:
    """The reward of a configuration.

    Args:
        tables: of the configuration, for scoring or for staged learning.
        stage: of staged learning, from 1.

    Raises:
        UserError: it has no scoring, or no such stage.
    """
    scoring = _scoring(tables, stage)
    kind = scoring.get("type", "geometric_mean")
    if kind not in ("geometric_mean", "arithmetic_mean"):
        raise UserError(f"scoring.type is {kind!r}, expected geometric_mean or arithmetic_mean")
    is_product = kind == "geometric_mean"
    found = Translated({"aggregation": "product" if is_product else "arithmetic"})
    terms: dict[str, dict[str, Any]] = {}
    weights: dict[str, float] = {}
    factors: set[str] = set()
    for component, endpoint in _endpoints(scoring):
        title = str(endpoint.get("name", component))
        name = _free(title, terms)
        try:
            is_factor = plain_name(component) in (ALERTS, MATCHING)
            if is_factor and not is_product:
                raise UntranslatableError("a filter beside an arithmetic mean")
            terms[name] = term_of(component, endpoint)
            weights[name] = 1.0 if is_factor else _weight(endpoint)
            factors |= {name} if is_factor else set()
        except UntranslatableError as why:
            found.left_out.append(f"{title} ({component}): {why}")
        except (TypeError, ValueError, AttributeError) as error:
            raise UserError(f"{title} ({component}): {error}, expected other values") from error
    if not terms:
        raise UserError("none of the scoring components can be translated")
    total = sum(weight for name, weight in weights.items() if name not in factors)
    if not total and factors != set(weights):
        raise UserError("all weights are 0, expected one above 0: a mean divides by their sum")
    if is_product:
        weights |= {one: w / total for one, w in weights.items() if one not in factors}
    found.reward |= {"weights": weights, "terms": terms}
    found.left_out += _other_tables(tables, stage)
    return found


def _other_tables(tables: Table, stage: int) -> Iterator[str]:
    """A sentence for each table and setting beside the scoring, which is all that is translated."""
    stages = tables.get("stage", [])
    own = {} if "scoring" in tables else stages[stage - 1]
    for name in [name for name in tables if name not in ("scoring", "stage", *OF_THE_PROGRAM)]:
        yield f"{name}: {INSTEAD.get(name, 'no table of a reward')}"
    for name in [name for name in own if name != "scoring"]:
        yield f"stage.{name}: {INSTEAD.get(name, 'see stages, such as their until_reward')}"
    if "scoring" not in tables and len(stages) > 1:
        others = [str(number) for number in range(1, len(stages) + 1) if number != stage]
        yield f"stage {', '.join(others)}: --stage translates another one"


def _scoring(tables: Table, stage: int) -> Table:
    """The table of scoring."""
    found = tables.get("scoring")
    if found is not None and stage != 1:
        raise UserError(f"stage {stage}: the configuration has no stages, leave --stage out")
    if found is None:
        stages = tables.get("stage")
        if not isinstance(stages, list) or not stages:
            raise UserError("no table scoring and no stage, expected a configuration of REINVENT 4")
        if not 1 <= stage <= len(stages):
            raise UserError(f"stage {stage}: expected 1 to {len(stages)}")
        found = stages[stage - 1].get("scoring") if isinstance(stages[stage - 1], dict) else None
    if not isinstance(found, dict):
        raise UserError("scoring is no table, expected one with components")
    if "filename" in found:
        raise UserError(
            f"the components are in another file, {found['filename']!r}: translate that one"
        )
    return found


def _endpoints(scoring: Table) -> Iterator[tuple[str, Table]]:
    """(component, endpoint) of all components.

    Raises:
        UserError: they are no tables of the expected form.
    """
    components = scoring.get("component", [])
    try:
        for one in components:
            for component, body in one.items():
                for endpoint in body["endpoint"]:
                    yield component, {**endpoint, "params": _params(body, endpoint)}
    except (TypeError, AttributeError, KeyError) as error:
        raise UserError(
            "scoring.component is not a list of components with endpoints, expected a "
            "configuration of REINVENT 4"
        ) from error


def _params(body: Table, endpoint: Table) -> dict[str, Any]:
    """Parameters of a component that hold for all endpoints, and those of one."""
    return {**body.get("params", {}), **endpoint.get("params", {})}


def _weight(endpoint: Table) -> float:
    """Of a component in the mean.

    Raises:
        ValueError: it is below 0, which means divided by their sum would turn round.
    """
    weight = float(endpoint.get("weight", 1.0))
    if weight < 0:
        raise ValueError(f"weight is {weight:g}")
    return weight


def _free(title: str, taken: Mapping[str, Any]) -> str:
    """A name for a term, from what its user called it."""
    name = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_") or "term"
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
