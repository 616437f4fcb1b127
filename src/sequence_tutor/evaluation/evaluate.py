"""Sampling models and gathering their statistics."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from sequence_tutor.domain.fingerprints import WINDOWS
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import UNDEFINED, wilson
from sequence_tutor.evaluation.alike import judged_alike, rewarded_alike
from sequence_tutor.evaluation.bounds import (
    PARTICLES,
    check_particles,
    exact_figures,
    log_z_smc,
    with_best_bound,
)
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.own_optimum import own_optimum
from sequence_tutor.evaluation.statistics import OPTIMALITY, GeneralStatistics
from sequence_tutor.evaluation.table import Column, Evaluation
from sequence_tutor.evaluation.terms import TermStatistics, weighted_parts
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import commonest, measure, score
from sequence_tutor.sequences import SequenceBatch

FEWEST = 2
"""Samples without which no interval exists."""


MOST_OPENINGS = 10_000
"""Sequences, about, whose openings are compared."""


def evaluate(
    models: Sequence[Model],
    samples: int = 100_000,
    seed: int = 0,
    advance: Callable[[int], None] = lambda _: None,
    particles: int | None = None,
    keep: Callable[[Model, SequenceBatch], None] = lambda *_: None,
) -> Evaluation:
    """Sample every model and estimate all statistics.

    Args:
        models: of one domain. All are judged by the reward of the first tuned model, or of the
            first where none is tuned; objective, log Z and gap are those of what each model was
            tuned toward.
        samples: sequences sampled of each.
        seed: every model is sampled with the same random numbers.
        advance: called with the number of sequences after each batch; after a model's last one
            only once its statistics are there, which for molecules takes a while.
        particles: of each run of sequential Monte Carlo that bounds log Z; 0: none is run; None: a
            few hundred wherever log Z is what a model was tuned toward.
        keep: given each model and every batch sampled of it, for who wants to show them.

    Raises:
        UserError: there is no model, too few samples, models of several domains, or particles for
            a model that was tuned at gamma < 1.
    """
    if samples < FEWEST:
        raise UserError(f"samples is {samples}, expected at least {FEWEST}")
    if not models:
        raise UserError("no model to evaluate was given, expected at least one")
    domains = {model.domain.name for model in models}
    if len(domains) != 1:
        raise UserError(f"models of {' and '.join(sorted(domains))}, expected those of one domain")
    judge = yardstick(models)
    judged = by_one_yardstick(models)
    asked = [
        own if own.tune is not None and not rewarded_alike(own, judge) else model
        for own, model in zip(models, judged, strict=True)
    ]
    for model in (*judged, *asked):
        _ = model.reward  # a missing file of rules is found before anything is sampled
    check_particles(models, particles)

    columns = [
        _column(model, own, judge, samples, seed, particles, advance, keep)
        for model, own in zip(judged, asked, strict=True)
    ]
    columns = [_against_best(column, columns) for column in columns]
    return Evaluation(columns, samples, seed, judge.name)


def yardstick(models: Sequence[Model]) -> Model:
    """The model whose reward all of some models are judged by: the first that is tuned, if any."""
    return next((model for model in models if model.tune is not None), models[0])


def by_one_yardstick(models: Sequence[Model]) -> list[Model]:
    """The same models, all judged by the reward of one of them, see `yardstick`."""
    judge = yardstick(models)
    return [_judged(model, judge) for model in models]


def _against_best(column: Column, columns: Sequence[Column]) -> Column:
    """Its gap to log Z as the models beside it bound it, those that were tuned toward the optimum.

    A prior's weights rest on the fewest sequences of all, and an estimate of Z that is known to be
    poor before it is made would only pull the mean of all down.
    """
    same = [other for other in columns if _same_optimum(column, other)]
    tuned = [other for other in same if other.model.tune is not None]
    beside = [other.statistics for other in tuned or same]
    return replace(
        column, statistics=with_best_bound(column.statistics, beside, column.mean_length)
    )


def _same_optimum(one: Column, other: Column) -> bool:
    """Whether p(x) exp(r/c) / Z is the same for both."""
    a, b = one.tuned_for, other.tuned_for
    return (
        (one.c, one.prior_temperature, a.length, a.prefix)
        == (other.c, other.prior_temperature, b.length, b.prefix)
    ) and judged_alike(a, b)


def _judged(model: Model, judge: Model) -> Model:
    """A model with the reward of the judge; a prior with a tuned one's length and beginning too."""
    if model is judge or (model.tune is not None and judged_alike(model, judge)):
        return model
    beside = judge if model.tune is None and judge.tune is not None else model
    return replace(
        model,
        reward_settings=judge.reward_settings,
        rules=judge.rules,
        stage=judge.stage,
        trust=judge.trust,
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
) -> Column:
    tune = model.tune or judge.tune
    c = tune.c if tune else None
    reward = model.reward
    windows = model.stored.tensors.get(WINDOWS)
    general = GeneralStatistics(reward.names, reward.weights, c, windows)
    objective = general  # of what it was tuned toward
    if asked is not model:
        objective = GeneralStatistics(asked.reward.names, asked.reward.weights, c)
    own = model.domain.statistics(model.reward_settings)
    terms = TermStatistics(reward)
    generator = named_generator(seed, "evaluate", model.device)
    temperature = tune.prior_temperature if tune else 1.0
    task = replace(model.task, prior_temperature=temperature)
    own_task = replace(asked.task, prior_temperature=temperature)
    openings: list[Hashable] = []
    opener = model.domain.opener()
    newest = 0  # sequences that are not counted as done yet
    for measured in measure(model.policy, task, samples, generator):
        advance(newest)
        general.update(measured)
        if objective is not general:
            paid = score(asked.reward, measured.batch)
            objective.update(replace(measured, terms=paid))
        own.update(measured.batch)
        terms.update(measured.batch)
        if opener is not None and len(openings) < MOST_OPENINGS:
            openings += opener.openings(measured.batch, len(model.prefix))
        keep(model, measured.batch)
        newest = len(measured.batch)
    found = general.result()
    parts = weighted_parts(found, reward.names, reward.weights.tolist())
    statistics = {**terms.result(), **own.result(), **found, **parts}
    if openings:
        share = wilson(commonest(openings), len(openings))
        statistics = {"commonest_opening": share, **statistics}
    reached = objective.result()
    if tune is not None and tune.discount < 1:  # no objective or log Z that it was tuned toward
        reached = dict.fromkeys(OPTIMALITY, UNDEFINED)
    statistics |= {name: reached[name] for name in OPTIMALITY}
    if c is not None:
        usual = PARTICLES if tune is not None and tune.discount == 1 else 0
        if count := usual if particles is None else particles:
            statistics["log_z_smc"] = log_z_smc(asked, own_task, c, count, seed)
        if tune is not None and tune.discount == 1:
            statistics |= exact_figures(model.policy, own_task, c)
    if model.tune is not None:
        statistics |= own_optimum(model.policy, own_task, model.tune)
    advance(newest)
    return Column(model, c, statistics, general.mean_length, temperature, asked)
