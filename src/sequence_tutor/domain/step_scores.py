"""The reward of given sequences, term by term and token by token, for JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import weighted_total
from sequence_tutor.sequences import SequenceBatch

CHUNK = 4096
"""Sequences in memory at a time."""

BATCH_TOKENS = 2**16

Scored = dict[str, Any]
"""The scores of one sequence as JSON; domains add fields of their own."""


def step_scores(reward: Reward, sequences: Iterable[Sequence[int]]) -> Iterator[Scored]:
    """Score a stream of sequences of any lengths, in batches of similar length.

    Yields:
        `{"tokens": [...], "reward": {term: [...]}, "total": [...]}`, one number a token, in the
        order of the sequences. Terms are multiplied by their weights, so that they add up to the
        total.
    """
    stream = iter(sequences)
    while chunk := list(islice(stream, CHUNK)):
        yield from _scored(reward, chunk)


def summed(scored: Mapping[str, Any]) -> dict[str, str]:
    """The row of a table: what each term pays to the whole sequence."""
    sums = {name: sum(values) for name, values in scored["reward"].items()}
    sums["total"] = sum(scored["total"])
    return {
        "tokens": str(len(scored["tokens"])),
        **{name: f"{value:.2f}" for name, value in sums.items()},
    }


def _scored(reward: Reward, sequences: Sequence[Sequence[int]]) -> list[Scored]:
    order = sorted(range(len(sequences)), key=lambda place: len(sequences[place]))
    scored: list[Scored] = [{}] * len(sequences)
    for places in _batches(order, sequences):
        batch = SequenceBatch.from_lists([sequences[place] for place in places])
        terms = reward(batch)  # (B, T, R)
        paid = terms * reward.weights.to(terms) + 0.0  # adding 0 turns -0 into 0
        by_rule = paid.permute(2, 0, 1).tolist()
        totals = (weighted_total(terms, reward.weights) + 0.0).tolist()
        for row, place in enumerate(places):
            length = len(sequences[place])
            scored[place] = {
                "tokens": list(sequences[place]),
                "reward": {
                    name: values[row][:length]
                    for name, values in zip(reward.names, by_rule, strict=True)
                },
                "total": totals[row][:length],
            }
    return scored


def _batches(order: Sequence[int], sequences: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Split places, sorted by length, so that no padded batch exceeds `BATCH_TOKENS`."""
    batch: list[int] = []
    for place in order:
        if batch and (len(batch) + 1) * len(sequences[place]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
