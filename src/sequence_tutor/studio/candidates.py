"""Melodies as candidates of a reply: what each is paid, as ABC, with a few figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.melody.encoding import VOCAB_SIZE, decode
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.writing.abc import to_abc
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.studio.own_notes import as_notes


def checked(tokens: Sequence[int]) -> list[int]:
    """Tokens of a melody.

    Raises:
        UserError: one that no melody has.
    """
    for place, token in enumerate(tokens):
        if not 0 <= token < VOCAB_SIZE:
            raise UserError(
                f"tokens: {token} at step {place} is none of a melody, expected 0 to "
                f"{VOCAB_SIZE - 1}"
            )
    return list(tokens)


def shown(
    rows: Sequence[Mapping[str, Any]],
    steps: Tensor | None,
    reward: Reward | None,
    heard: Heard,
    first: int = 1,
) -> list[dict[str, Any]]:
    """Candidates as a page gets them.

    Args:
        rows: N objects of `described`.
        steps: (N, T, R) weighted payments; None: nothing is rewarded.
        reward: whose they are.
        heard: how the melodies sound.
        first: rank of the first.
    """
    paid_by = [] if reward is None else [n for n, w in enumerate(reward.weights.tolist()) if w]
    found = []
    for place, row in enumerate(rows):
        tokens, by_rule, rank = row["tokens"], dict[str, list[float]](), first + place
        if reward is not None and steps is not None:
            for rule in paid_by:
                amounts = steps[place, : len(tokens), rule].tolist()
                by_rule[reward.names[rule]] = [round(amount, 4) + 0.0 for amount in amounts]
        found.append(
            {
                "rank": rank,
                "tokens": tokens,
                "notes": as_notes(tokens, heard.transpose),
                "reward": row["reward"],
                "paid": {name: round(row["paid"][name], 4) + 0.0 for name in by_rule},
                "steps": by_rule,
                "log_prior": finite_or_none(row["log_prior"]),
                "log_prior_per_token": finite_or_none(row["log_prior_per_token"]),
                "text": to_abc(tokens, f"melody {rank}", heard),
                "properties": _properties(tokens, heard, row),
            }
        )
    return found


def _properties(tokens: Sequence[int], heard: Heard, row: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of a melody that a page shows beside it."""
    pitches = [note.pitch + heard.transpose for note in decode(tokens)]
    found: dict[str, Any] = {"notes": len(pitches)}
    if pitches:
        found |= {"lowest": min(pitches), "highest": max(pitches)}
    return found | {
        name: round(row[name], 4) for name in ("distance", "unusual") if row.get(name) is not None
    }
