"""Sampling models and estimating their statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sequence_tutor.domain import Statistics
from sequence_tutor.domain.fingerprints import WINDOWS
from sequence_tutor.domain.row_statistics import RowStatistics
from sequence_tutor.errors import UserError, shown
from sequence_tutor.estimates import UNDEFINED, Estimate
from sequence_tutor.evaluation.bounds import (
    PARTICLES,
    check_particles,
    log_z_smc,
    with_best_bound,
)
from sequence_tutor.evaluation.exact_optimum import exact_figures, own_optimum
from sequence_tutor.evaluation.fence import FenceStatistics, behind_fence, fence_of
from sequence_tutor.evaluation.model import Model, check_model, executed_by
from sequence_tutor.evaluation.prices import PriceList, price_list
from sequence_tutor.evaluation.real import Real, known_real, real_figures
from sequence_tutor.evaluation.statistics import OPTIMALITY, GeneralStatistics, check_samples
from sequence_tutor.evaluation.table import Column, Evaluation
from sequence_tutor.evaluation.terms import TermStatistics, weighted_parts
from sequence_tutor.evaluation.variety import Variety
from sequence_tutor.evaluation.yardstick import (
    by_one_yardstick,
    judged_alike,
    rewarded_alike,
    yardstick,
)
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import Task, measure, score
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.fence import Fence
from sequence_tutor.tuner.settings import TuneSettings


def evaluate(
    models: Sequence[Model],
    samples: int = 100_000,
    seed: int = 0,
    advance: Callable[[int], None] = lambda _: None,
    particles: int | None = None,
    keep: Callable[[Model, SequenceBatch], None] = lambda *_: None,
    real: SequenceBatch | None = None,
    executor: str | None = None,
) -> Evaluation:
    """Sample every model and estimate all statistics.

    Args:
        models: of one domain. All are judged by the reward of the first tuned model, or of the
            first model if none is tuned; objective, log Z and gap are for the reward that each
            model was tuned with.
        samples: sequences of each.
        seed: every model is sampled with the same random numbers.
        advance: called with the number of sequences after each batch; after a model's last batch
            only when its statistics are complete, which for molecules takes a while.
        particles: of each run of sequential Monte Carlo that bounds log Z; 0: none; None: a few
            hundred for models tuned toward log Z.
        keep: called with each model and every batch sampled of it.
        real: sequences of the domain that were not sampled, such as held-out data, shown in a
            column of their own; None: what a prior's card says of such, if anything.
        executor: which scores, see `tune`; None: that of each model.

    Raises:
        UserError: there is no model, too few samples, models of several domains, or particles for
            a model that was tuned with gamma < 1.
    """
    check_samples(samples)
    if isinstance(models, str) or not isinstance(models, Sequence):
        raise UserError(f"models is {shown(models)}, expected a list of models")
    for model in models:
        check_model(model)
    if not models:
        raise UserError("no model to evaluate was given, expected at least one")
    domains = {model.domain.name for model in models}
    if len(domains) != 1:
        raise UserError(f"models of {' and '.join(sorted(domains))}, expected those of one domain")
    models = [executed_by(model, executor) for model in models]
    judge = yardstick(models)
    judged = by_one_yardstick(models)
    asked = [
        own if own.tune is not None and not rewarded_alike(own, judge) else model
        for own, model in zip(models, judged, strict=True)
    ]
    for model in (*judged, *asked):
        _ = model.reward  # refuse a missing file of rules before sampling
    check_particles(models, particles)

    fence = fence_of(models)
    columns = [
        _column(model, own, judge, samples, seed, particles, advance, keep, real, fence)
        for model, own in zip(judged, asked, strict=True)
    ]
    columns = [_against_best(column, columns) for column in columns]
    return Evaluation(columns, samples, seed, judge.name, _real(judge, models, real))


def _real(judge: Model, models: Sequence[Model], sequences: SequenceBatch | None) -> Real | None:
    """What is known of real sequences as long as the judge's, in its key or other frame."""
    if sequences is not None:
        return real_figures(judge.framed_domain, judge.reward_settings, sequences)
    cards = (known_real(model.stored.card, judge.length) for model in (judge, *models))
    return next((known for known in cards if known is not None), None)


def _against_best(column: Column, columns: Sequence[Column]) -> Column:
    """The column with its gap to log Z as bounded by all tuned models with the same optimum.

    A prior's own estimate of Z rests on the fewest sequences and would lower the joint bound.
    """
    same = [other for other in columns if _same_optimum(column, other)]
    tuned = [other for other in same if other.model.tune is not None]
    beside = [other.statistics for other in tuned or same]
    return replace(
        column, statistics=with_best_bound(column.statistics, beside, column.mean_length)
    )


def _same_optimum(one: Column, other: Column) -> bool:
    """Whether p(x) exp(r/c) / Z among the sequences that they may write is the same for both."""
    a, b = one.tuned_for, other.tuned_for
    return (
        (
            (one.c, one.prior_temperature, a.length, a.prefix, a.only)
            == (other.c, other.prior_temperature, b.length, b.prefix, b.only)
        )
        and judged_alike(a, b)
        and (a.tune is None or b.tune is None or a.tune.fence == b.tune.fence)
    )


def _column(
    model: Model,
    asked: Model,
    judge: Model,
    samples: int,
    seed: int,
    particles: int | None,
    advance: Callable[[int], None],
    keep: Callable[[Model, SequenceBatch], None],
    real: SequenceBatch | None,
    fence: Fence | None,
) -> Column:
    tune = model.tune or judge.tune
    c = tune.c if tune else None
    reward = model.reward
    windows = model.stored.tensors.get(WINDOWS)
    general = GeneralStatistics(reward.names, reward.weights, c, windows)
    own = model.domain.statistics(model.reward_settings)
    terms = TermStatistics(reward)
    rows = None if asked.tune is None else asked.aimed_rows
    aimed = RowStatistics({} if rows is None else rows.ranges())
    generator = named_generator(seed, "evaluate", model.device)
    temperature = tune.prior_temperature if tune else 1.0
    task = replace(model.task, prior_temperature=temperature)
    own_task = replace(asked.task, prior_temperature=temperature)
    if tune is not None and tune.fence.is_on:  # part of what it was tuned toward
        own_task = behind_fence(asked, own_task, tune)
    objective = general  # of what it was tuned toward
    if own_task.reward is not reward:
        objective = GeneralStatistics(own_task.reward.names, own_task.reward.weights, c)
    likeness = None if real is None else model.domain.likeness(real, model.reward_settings)
    variety = Variety(model.domain.opener(), len(model.prefix))
    beside: list[Statistics] = [own, terms, *([likeness] if likeness else []), variety]
    fenced = None if fence is None else FenceStatistics(fence, reward.weights)
    newest = 0  # sequences that are not counted as done yet
    for measured in measure(model.policy, task, samples, generator):
        advance(newest)
        general.update(measured)
        if objective is not general:
            paid = score(own_task.reward, measured.batch)
            objective.update(replace(measured, terms=paid))
        for gathered in beside:
            gathered.update(measured.batch)
        if fenced is not None:
            fenced.update(measured)
        if rows is not None:
            aimed.add(rows.count(measured.batch))
        keep(model, measured.batch)
        newest = len(measured.batch)
    found = general.result()
    parts = weighted_parts(found, reward.names, reward.weights.tolist())
    alike = likeness.result() if likeness else {}
    common = variety.result()
    near = {"near_copies": common.pop("near_copies", UNDEFINED)}
    domains = {**terms.result(), **own.result(), **alike}
    where = {} if fenced is None else fenced.result()
    statistics = {**common, **domains, **found, **where, **near, **parts}
    statistics |= _optimality(model, asked, own_task, tune, objective.result(), particles, seed)
    advance(newest)
    prices = _prices(asked, statistics | aimed.result())
    return Column(model, c, statistics, general.mean_length, temperature, asked, prices)


def _optimality(
    model: Model,
    asked: Model,
    task: Task,
    tune: TuneSettings | None,
    measured: Mapping[str, Estimate],
    particles: int | None,
    seed: int,
) -> dict[str, Estimate]:
    """How near a model is to the optimum of what it was tuned toward, `asked` and its `task`.

    Args:
        model: the model.
        asked: the model with the reward that it was tuned toward.
        task: what it was tuned on; the fence is part of it.
        tune: its settings, of a prior those of the judge; None: nothing was tuned.
        measured: the statistics of that reward, among them those of `OPTIMALITY`.
        particles: see `evaluate`; likewise `seed`.
    """
    # a multiplier of a functional of the policy is paid by no reward, so log Z is not known
    knows_z = asked.aims is None or not asked.aims.of_policy
    found = {name: measured[name] for name in OPTIMALITY}
    if tune is not None and (tune.discount < 1 or not knows_z):
        found = dict.fromkeys(OPTIMALITY, UNDEFINED)
    if tune is not None and knows_z:
        usual = PARTICLES if tune.discount == 1 else 0
        if count := usual if particles is None else particles:
            found["log_z_smc"] = log_z_smc(asked, task, tune.c, count, seed)
        if tune.discount == 1:
            found |= exact_figures(model.policy, task, tune.c)
    if model.tune is not None:
        found |= own_optimum(model.policy, task, model.tune)
    return found


def _prices(asked: Model, measured: Mapping[str, Estimate]) -> PriceList | None:
    """The price list of a model with aims; `measured` has their rows too. None: it has no aims."""
    if asked.tune is None or asked.aims is None:
        return None
    # distinct is of as many as were sampled, not of as many as was aimed at
    rows = {name: one for name, one in measured.items() if name != "distinct"}
    return price_list(asked.aims.entries, rows["kl_to_prior_per_token"].value, rows)
