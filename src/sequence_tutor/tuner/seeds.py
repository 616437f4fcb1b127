"""Sequences that a run is given to begin with."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from sequence_tutor.errors import UserError
from sequence_tutor.sampling.measure import Task
from sequence_tutor.tuner.settings import TuneSettings


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
    if not 1 <= len(seeds) <= capacity:
        raise UserError(f"{len(seeds)} seeds, expected 1 to replay.capacity = {capacity}")
    for number, tokens in enumerate(seeds, start=1):
        if problem := _problem(list(tokens), task):
            raise UserError(f"seed {number} {problem}")


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
    if tokens[: len(task.prefix)] != list(task.prefix):
        return f"begins with {tokens[: len(task.prefix)]}, expected {list(task.prefix)}"
    return None


def _is_whole(tokens: list[int], task: Task) -> bool:
    """Whether writing stops exactly after these tokens."""
    if task.end_token in tokens:
        return tokens.index(task.end_token) == len(tokens) - 1
    return len(tokens) == task.length
