"""`score`: what every rule pays at every step of given sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sequence_tutor.config.presets import build, read_toml
from sequence_tutor.domain import find_domain
from sequence_tutor.progress import progress
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import weighted_total
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.token_lines import write_json_lines

BATCH_TOKENS = 2**16

Scored = dict[str, Any]
"""`{"tokens": [...], "reward": {rule: [...]}, "total": [...]}`, one number a token."""


def score(
    domain: str,
    files: Sequence[Path],
    out: Path | None = None,
    *,
    rules: Path | None = None,
    config: Path | None = None,
    quiet: bool = False,
) -> list[Scored]:
    """Score the sequences of files: all rules with weight 1 unless a configuration says otherwise.

    Args:
        domain: such as "melody".
        files: token lists (JSONL) or files of the domain; everything is read and scored before
            anything is written.
        out: JSONL file to write, one line a sequence in the order read; None: write nothing.
        rules: Python file with rules of the user's own, scored beside the others.
        config: TOML file; its table `reward` gives weights and constants.
        quiet: show no progress.

    Returns:
        For each sequence its tokens, every rule's unscaled reward and the weighted total.

    Raises:
        UserError: with the file, and the line or field, that cannot be used.
    """
    room = find_domain(domain)
    tables = read_toml(config).get("reward", {}) if config else {}
    settings = build(room.reward_settings, tables, f"{config}: reward")
    reward = room.reward(settings, rules)
    sequences = [sequence for file in files for sequence in room.read_sequences(file)]
    with progress("scoring", len(sequences), quiet=quiet) as advance:
        scored = score_sequences(reward, sequences, advance)
    if out is not None:
        with progress("writing", len(scored), quiet=quiet) as advance:
            write_json_lines(out, _counted(scored, advance))
    return scored


def score_sequences(
    reward: Reward,
    sequences: Sequence[Sequence[int]],
    advance: Callable[[int], None] = lambda _: None,
) -> list[Scored]:
    """Score sequences of any lengths; those of similar length go in one batch.

    Args:
        reward: scores them.
        sequences: tokens of each.
        advance: called with the number of sequences after each batch.
    """
    order = sorted(range(len(sequences)), key=lambda place: len(sequences[place]))
    scored: list[Scored] = [{}] * len(sequences)
    for places in _batches(order, sequences):
        batch = SequenceBatch.from_lists([sequences[place] for place in places])
        terms = reward(batch) + 0.0  # (B, T, R); adding 0 turns -0 into 0
        by_rule = terms.permute(2, 0, 1).tolist()
        totals = weighted_total(terms, reward.weights).tolist()
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
        advance(len(places))
    return scored


def _counted(scored: Sequence[Scored], advance: Callable[[int], None]) -> Iterator[Scored]:
    """The same, reported as they are taken."""
    for entry in scored:
        yield entry
        advance(1)


def _batches(order: Sequence[int], sequences: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Cut places, sorted by length, so that no padded batch has more than `BATCH_TOKENS`."""
    batch: list[int] = []
    for place in order:
        if batch and (len(batch) + 1) * len(sequences[place]) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
