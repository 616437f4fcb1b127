"""What is refused before a run begins: sizes beyond memory, overspent budgets, unfit seeds."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sequence_tutor.errors import UserError
from sequence_tutor.execution.memory import require_memory
from sequence_tutor.sampling.measure import Task
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import most_steps


def sizes(
    settings: TuneSettings, length: int, vocab_size: int, terms: int
) -> Iterator[tuple[str, int, int]]:
    """What takes memory in proportion to a setting: its name, its value, bytes of each at least.

    Args:
        settings: of tuning.
        length: T.
        vocab_size: V.
        terms: R of the reward.
    """
    number = 4  # bytes of a float or a token
    stored = length * number * (2 + terms)  # tokens, log p and what each term pays
    yield "tune.batch", settings.batch, length * number * vocab_size  # log pi of all tokens
    yield "tune.collect", settings.collect, number * max(stored // number, vocab_size)
    yield "tune.replay.capacity", settings.replay.capacity, stored
    yield "tune.replay.warm_start", settings.replay.warm_start, stored
    if settings.critic.is_on:
        most = settings.critic.most
        yield "tune.critic.most", most, 8 * most  # a matrix of float64


def check_memory(settings: TuneSettings, length: int, vocab_size: int, terms: int) -> None:
    """Refuse a run that this machine could not hold; see `sizes` for the arguments.

    Raises:
        UserError: naming the setting that is too large.
    """
    require_memory("length", length, max(8, 4 * vocab_size, 4 * (2 + terms)))
    for size, number, each in sizes(settings, length, vocab_size, terms):
        require_memory(size, number, each)


def steps_for_budget(settings: TuneSettings, budget: int) -> int:
    """Updates of a run that scores exactly so many sequences, the last collection cut to fit.

    Args:
        settings: say how many are sampled before the first update and between updates.
        budget: sequences scored in all.
    """
    before = -(-settings.replay.warm_start // settings.collect) * settings.collect
    collections = -(-max(budget - before, 1) // settings.collect)
    return collections * settings.collect_every


def check_budget(settings: TuneSettings, seeds: int) -> None:
    """Refuse updates of a policy gradient after its budget is spent.

    Action values go on learning from replay. A policy gradient would learn from its last
    collection again and again, as if the policy, which has left it behind, had just written it.

    Args:
        settings: of the run.
        seeds: sequences that replay begins with, which count; data that are only begun with do not.

    Raises:
        UserError: there are such updates.
    """
    if settings.budget is None or not settings.traits.on_policy:
        return
    scored = 0 if settings.traits.takes_given else seeds
    fed, asked = steps_for_budget(settings, settings.budget - scored), most_steps(settings)
    if asked > fed:
        raise UserError(
            f"steps is {asked}, expected at most {fed}: {settings.algorithm} learns from what the "
            f"policy itself has just sampled, and then the budget of {settings.budget} is spent"
        )


def check_choice(settings: TuneSettings, only: Sequence[int]) -> None:
    """Refuse to limit the tokens of a method that learns from data with any of them.

    Args:
        settings: of the run.
        only: the tokens that the policy may choose; empty: all.

    Raises:
        UserError: it does.
    """
    if only and settings.traits.takes_given:
        raise UserError(
            f"{settings.algorithm} learns from data, which have other tokens than those that the "
            "run may choose, expected a method that learns from what the policy writes, such as psi"
        )


def check_seeds(seeds: Sequence[Sequence[int]], task: Task, settings: TuneSettings) -> None:
    """Refuse sequences that the policy could not have written.

    Args:
        seeds: lists of tokens.
        task: what they are for.
        settings: whose replay and budget have to have room for them.

    Raises:
        UserError: there are too many; or naming the first that is not whole, has a token of
            another vocabulary, or does not begin with the prefix.
    """
    capacity = min(settings.replay.capacity, settings.budget or sys.maxsize)
    if settings.traits.takes_given:  # they are neither stored nor scored
        capacity = sys.maxsize
    if not 1 <= len(seeds) <= capacity:
        raise UserError(f"{len(seeds)} seeds, expected 1 to replay.capacity = {capacity}")
    for number, tokens in enumerate(seeds, start=1):
        if problem := _problem(list(tokens), task):
            raise UserError(f"seed {number} {problem}")


def check_given_seeds(
    given: object, seeds: Sequence[Sequence[int]], task: Task, settings: TuneSettings
) -> None:
    """The same of seeds that were given as a file, which the sentence names, or as lists."""
    try:
        check_seeds(seeds, task, settings)
    except UserError as error:
        raise UserError(f"{given if isinstance(given, Path) else 'seeds'}: {error}") from error


def _problem(tokens: list[int], task: Task) -> str | None:
    """Why these tokens are no sequence of the task."""
    strange = [token for token in tokens if not 0 <= token < task.prior.vocab_size]
    if strange:
        return f"has the token {strange[0]}, expected 0 to {task.prior.vocab_size - 1}"
    if len(tokens) > task.length:
        return f"has {len(tokens)} tokens, expected at most {task.length}"
    if not _is_whole(tokens, task):
        return (
            f"has {len(tokens)} tokens, expected {task.length}"
            if task.end_token is None
            else "does not end with its first end token"
        )
    others = set(tokens[len(task.prefix) :]) - set(task.only)
    if task.only and others:
        return f"has the token {min(others)}, which is not among those that the run may choose"
    if tokens[: len(task.prefix)] != list(task.prefix):
        return f"begins with {tokens[: len(task.prefix)]}, expected {list(task.prefix)}"
    return None


def _is_whole(tokens: list[int], task: Task) -> bool:
    """Whether writing stops exactly after these tokens."""
    if task.end_token in tokens:
        return tokens.index(task.end_token) == len(tokens) - 1
    return len(tokens) == task.length
