"""One part of the page for each domain: its runs and the prior they were tuned from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sequence_tutor.domain import Domain, Exhibit, Material
from sequence_tutor.drawing.plot import Plot
from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import NotAllowedError, Remark, UserError
from sequence_tutor.estimates import UNDEFINED
from sequence_tutor.evaluation.aimed_reward import FoundAims
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.evaluation.seeds import between_seeds, seeds_table
from sequence_tutor.evaluation.yardstick import scored_here, sharing_rewards
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reporting.account import RunFacts, run_facts, sentences, where_curves_begin
from sequence_tutor.reporting.aims import aim_curves, price_table
from sequence_tutor.reporting.comparison import JudgedTable, compare
from sequence_tutor.reporting.curves import (
    RuleShares,
    read_run_log,
    rule_shares,
    term_curves,
    training_curves,
)
from sequence_tutor.reporting.instrument import Instrument, make_instrument
from sequence_tutor.reporting.sampled import Sampled
from sequence_tutor.reporting.saved_table import SavedTable
from sequence_tutor.reporting.tradeoff import tradeoff
from sequence_tutor.reward.weighted import UnknownReward
from sequence_tutor.storage.files import PathLike
from sequence_tutor.storage.run_log import Record
from sequence_tutor.tuner.run_record import RunSpec, load_spec
from sequence_tutor.workbench.frontier import Point

PRIOR = "prior"


@dataclass(frozen=True)
class ReportedRun:
    """A finished run: the model under its name on the page, the run's record and evaluations."""

    model: Model
    spec: RunSpec
    log: Sequence[Record]


@dataclass(frozen=True)
class DomainPart:
    """Everything that is shown of one domain."""

    domain: str  # its name
    title: str  # the plural noun for its sequences
    models: Sequence[str]  # names, in the order of their styles
    account: Sequence[str]  # three sentences
    runs: Sequence[RunFacts]  # settings and versions
    comparison: JudgedTable  # the table
    seeds: Table | None  # comparison of runs that differ only in their training seed, if any
    curves: Sequence[Plot]  # figure 2, and each rule's part of the reward
    flattened: str  # a sentence if curves begin at another prior than the table's, or empty
    rules: RuleShares | None
    terms: Sequence[Plot]  # means of the numbers that terms are computed from
    aims: Sequence[Plot]  # each aim's row with its goal, and its price
    prices: Sequence[Table]  # what aims reached and cost, one table a run that has some
    tradeoff: Plot | None  # reward against divergence
    exhibit: Exhibit  # pictures, sounds or lines
    instrument: Instrument | None  # plays runs whose networks fit into a page


def load_runs(
    folders: Sequence[Path],
    rules: Path | None = None,
    *,
    trust: bool = False,
    prior: PathLike | None = None,
    scored: bool = True,
) -> list[ReportedRun]:
    """Finished runs under distinct names.

    Args:
        folders: of the runs.
        rules: new location of the user's rules.
        trust: execute the code that the folders' records name, see `trust`.
        prior: new location of a prior.
        scored: whether their sequences must be scored; otherwise a run whose reward is not allowed
            gets an `UnknownReward`.

    Raises:
        UserError: there is none, one is given twice, or one is unfinished or damaged.
    """
    if not folders:
        raise UserError("no run was given to report on, expected at least one folder of a run")
    places = [folder.resolve() for folder in folders]
    for folder, place in zip(folders, places, strict=True):
        if places.count(place) > 1:
            raise UserError(f"{folder}: given {places.count(place)} times, expected once")
    runs = []
    for folder, name in zip(folders, _names(places), strict=True):
        spec = load_spec(folder)  # first, for it says best that a folder is no run
        model = load_model(folder, rules=rules, trust=trust, prior=prior)
        log = read_run_log(folder, spec.checksums.get("log"))
        if not scored:
            model = _without_code(model)
        runs.append(ReportedRun(replace(model, name=name), spec, log))
    models = sharing_rewards(_sharing_priors([scored_here(run.model) for run in runs]))
    return [replace(run, model=model) for run, model in zip(runs, models, strict=True)]


def _without_code(model: Model) -> Model:
    """The same model, with an unknown reward if its own would execute code not allowed."""
    try:
        model.allowed_rules()
    except NotAllowedError as error:
        warnings.warn(
            f"{error}; its sequences are shown without what they are paid", Remark, stacklevel=3
        )
        return replace(model, shared_reward=UnknownReward())
    return model


def by_domain(runs: Sequence[ReportedRun]) -> dict[str, list[ReportedRun]]:
    """Runs of each domain, in the order given."""
    found: dict[str, list[ReportedRun]] = {}
    for run in runs:
        found.setdefault(run.spec.domain, []).append(run)
    return found


def models_of(runs: Sequence[ReportedRun]) -> list[Model]:
    """The prior, judged like the first run, and the runs.

    For runs with another prior that prior is added too, so that a comparison with a prior that a
    run was not tuned from is visible.
    """
    priors: list[Model] = []
    for run in runs:
        if not any(run.model.stored.is_same(prior.stored) for prior in priors):
            name = f"{PRIOR} of {run.model.name}" if priors else PRIOR
            priors.append(replace(prior_of(run.model), name=name))
    return [*priors, *(run.model for run in runs)]


def make_part(
    runs: Sequence[ReportedRun],
    models: Sequence[Model],
    table: SavedTable,
    sampled: Sampled,
    frontier: Sequence[Point],
    section: str,
) -> DomainPart:
    """Everything that is shown of some runs of one domain.

    `models` are `models_of` the runs, `table` their evaluation, new or saved; `section` is the
    prefix of ids on the page.
    """
    priors = len(models) - len(runs)
    logs = {run.model.name: run.log for run in runs}
    weights = {
        run.model.name: dict(
            zip(run.model.reward.names, run.model.reward.weights.tolist(), strict=True)
        )
        for run in runs
    }
    aiming = [run.model.name for run in runs if run.spec.tune.aims_alone]
    domain = runs[0].model.domain
    comparison = compare(table, domain)
    groups = between_seeds([model.model_dump(mode="json") for model in table.models])
    shown = Material(
        models,
        lambda count: [sampled.at_most(model, count) for model in models],
        lambda count: [sampled.exactly(model, count) for model in models],
        comparison.yardstick,
        section,
    )
    facts = [
        run_facts(run.model.name, place, run.spec, run.log)
        for place, run in enumerate(runs, start=priors)
    ]
    exhibit = domain.exhibit(shown)
    return DomainPart(
        domain.name,
        (domain.name if domain.sequences == Domain.sequences else domain.sequences).capitalize(),
        [model.name for model in models],
        sentences(domain.sequences, [run.spec for run in runs], comparison),
        facts,
        comparison,
        seeds_table(groups, domain) if groups else None,
        training_curves(logs, priors, aiming),
        where_curves_begin({run.model.name: run.spec.tune.prior_temperature for run in runs}),
        rule_shares(logs, weights, priors),
        term_curves(logs, priors),
        aim_curves(logs, priors),
        [_prices(run, run.model.aims, table) for run in runs if run.model.aims is not None],
        tradeoff(table, frontier, len(models)),
        exhibit,
        make_instrument(models, exhibit),
    )


def _prices(run: ReportedRun, aims: FoundAims, table: SavedTable) -> Table:
    """The price list of a run, with the values of the table."""
    of_run = (model.statistics for model in table.models if model.name == run.model.name)
    statistics = {name: one.estimate for name, one in next(of_run, {}).items()}
    kl = statistics.get("kl_to_prior_per_token", UNDEFINED).value
    return price_table(run.model.name, aims.entries, kl, statistics)


def _sharing_priors(models: Sequence[Model]) -> list[Model]:
    """The same models; those of one prior share a domain, which reads its data once."""
    shared: list[Model] = []
    for model in models:
        same = next((other for other in shared if _one_prior(model.stored, other.stored)), model)
        shared.append(replace(model, stored=same.stored, domain=same.domain))
    return shared


def _one_prior(one: StoredPrior, other: StoredPrior) -> bool:
    """Whether two priors are equal, and so is all that is stored with them."""
    kept = (one.domain, one.card, one.tensors.keys())
    return (
        kept == (other.domain, other.card, other.tensors.keys())
        and all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
        and one.is_same(other)
    )


def _names(places: Sequence[Path]) -> list[str]:
    """The folders' names, with as much of their paths as makes them distinct."""
    for depth in range(1, max(len(place.parts) for place in places) + 1):
        names = ["/".join(place.parts[-depth:]) for place in places]
        if len(set(names)) == len(names) and PRIOR not in names:
            return names
    return [str(place) for place in places]
