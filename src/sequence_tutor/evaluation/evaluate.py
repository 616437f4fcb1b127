"""Sampling models and estimating their statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sequence_tutor.domain import Statistics
from sequence_tutor.domain.fingerprints import WINDOWS
from sequence_tutor.domain.row_statistics import RowStatistics
from sequence_tutor.errors import UserError, shown
from sequence_tutor.estimates import UNDEFINED
from sequence_tutor.evaluation.bounds import (
    PARTICLES,
    check_particles,
    log_z_smc,
    with_best_bound,
)
from sequence_tutor.evaluation.exact_optimum import exact_figures, own_optimum
from sequence_tutor.evaluation.fence import FenceStatistics, behind_fence, fence_of
from sequence_tutor.evaluation.model import Model, check_model, executed_by
from sequence_tutor.evaluation.prices import price_list
from sequence_tutor.evaluation.real import Real, known_real, real_figures
from sequence_tutor.evaluation.statistics import OPTIMALITY, GeneralStatistics, check_samples
from sequence_tutor.evaluation.table import Column, Evaluation
from sequence_tutor.evaluation.terms import TermStatistics, weighted_parts
from sequence_tutor.evaluation.variety import Variety
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import measure, score
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.fence import Fence


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


def yardstick(models: Sequence[Model]) -> Model:
    """The model whose reward judges all: the first tuned one, if any."""
    return next((model for model in models if model.tune is not None), models[0])


def by_one_yardstick(models: Sequence[Model]) -> list[Model]:
    """The same models, all judged by the reward of `yardstick`."""
    judge = yardstick(models)
    return [_judged(model, judge) for model in models]


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


def _judged(model: Model, judge: Model) -> Model:
    """A model with the judge's reward; a prior also with its length and prefix."""
    if model is judge or (model.tune is not None and judged_alike(model, judge)):
        return model
    beside = judge if model.tune is None and judge.tune is not None else model
    return replace(
        model,
        reward_settings=judge.reward_settings,
        rules=judge.rules,
        stage=judge.stage,
        trust=judge.trust,
        aims=judge.aims,
        shared_reward=judge.reward if model.stored.is_same(judge.stored) else None,
        length=beside.length,
        prefix=beside.prefix,
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
    reached = objective.result()
    # a multiplier of a functional of the policy is paid by no reward, so log Z is not known
    knows_z = asked.aims is None or not asked.aims.of_policy
    if tune is not None and (tune.discount < 1 or not knows_z):
        reached = dict.fromkeys(OPTIMALITY, UNDEFINED)
    statistics |= {name: reached[name] for name in OPTIMALITY}
    if c is not None and knows_z:
        usual = PARTICLES if tune is not None and tune.discount == 1 else 0
        if count := usual if particles is None else particles:
            statistics["log_z_smc"] = log_z_smc(asked, own_task, c, count, seed)
        if tune is not None and tune.discount == 1:
            statistics |= exact_figures(model.policy, own_task, c)
    if model.tune is not None:
        statistics |= own_optimum(model.policy, own_task, model.tune)
    advance(newest)
    prices = None
    if asked.tune is not None and asked.aims is not None:
        every = statistics | aimed.result()
        every.pop("distinct")  # of as many as were sampled, not of as many as was aimed at
        prices = price_list(asked.aims.entries, every["kl_to_prior_per_token"].value, every)
    return Column(model, c, statistics, general.mean_length, temperature, asked, prices)


def scored_here(model: Model) -> Model:
    """The same model, scored in this process: starting workers would take longer."""
    return replace(model, reward_settings=model.domain.computed_here(model.reward_settings))


def sharing_rewards(models: Sequence[Model]) -> list[Model]:
    """The same models; those with the same reward share one reward object.

    Raises:
        UserError: rules are missing, changed or broken.
    """
    shared: list[Model] = []
    for model in models:
        alike = next((other for other in shared if judged_alike(other, model)), model)
        shared.append(replace(model, shared_reward=alike.reward))
    return shared


def judged_alike(one: Model, other: Model) -> bool:
    """Whether both have the same reward and prior."""
    return rewarded_alike(one, other) and one.stored.is_same(other.stored)


def rewarded_alike(one: Model, other: Model) -> bool:
    """Whether both were asked for the same reward, whatever their priors."""
    return (_asked(one), one.stage.weights, one.rules, one.aims) == (
        _asked(other),
        other.stage.weights,
        other.rules,
        other.aims,
    )


def _asked(model: Model) -> dict[str, Any]:
    """The settings of its reward, without those of its computation only."""
    return model.reward_settings.model_dump(exclude=set(model.domain.computing))
