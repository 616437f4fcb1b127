"""The reward of a run with aims: the reward's own terms, and the payments of the multipliers.

With this reward objective, log Z and gap have their usual meaning: c divides the own terms alone,
and the aims pay lambda . phi nats a sequence: at the steps at which a row counts, where the domain
knows them before a sequence ends, else at the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.domain.rows import Rows, RowsByStep
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import Reweighted
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.aimed_rows import is_of_policy, sign_of

TERM = "aims"
"""The term that pays lambda . phi."""


@dataclass(frozen=True)
class FoundAims:
    """Multipliers and goals of the aims at the end of a run.

    Attributes:
        entries: of the last line of its log, see `tuner.aims_log.entries`.
        alone: whether the aims replace the reward's weights.
        c: temperature of the run; it divides the reward's own terms, not the payments of aims.
    """

    entries: Mapping[str, Mapping[str, Any]]
    alone: bool
    c: float

    @property
    def rows(self) -> list[str]:
        """Rows that are counted on sequences, each once."""
        return list(dict.fromkeys(own["row"] for own in self.entries.values() if _counted(own)))

    @property
    def of_policy(self) -> bool:
        """Whether a functional of the policy has a multiplier, whose payment no reward contains."""
        return any(own["multiplier"] > 0 for own in self.entries.values() if not _counted(own))


def _counted(own: Mapping[str, Any]) -> bool:
    return not is_of_policy(own["row"])


class AimedReward(Reweighted):
    """A reward with the payments of aims as one more term.

    Args:
        reward: its own terms.
        found: multipliers and goals.
        rows: count the rows.
    """

    def __init__(self, reward: Reward, found: FoundAims, rows: Rows) -> None:
        own = reward.weights.double()
        own = torch.zeros_like(own) if found.alone else own
        super().__init__(reward, torch.cat([own, own.new_tensor([found.c])]))
        self._found, self.rows = found, rows

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the reward, and `aims`."""
        return (*self.reward.names, TERM)

    def __call__(self, batch: SequenceBatch) -> Tensor:
        """(B, T, R + 1) float64."""
        terms = self.reward(batch).double()
        paid = torch.zeros_like(batch.tokens, dtype=torch.float64)
        held = {
            name: own
            for name, own in self._found.entries.items()
            if own["multiplier"] > 0 and _counted(own)
        }
        by_step = self.rows.steps(batch, terms) if isinstance(self.rows, RowsByStep) else {}
        known = all(own["row"] in by_step for own in held.values())
        counts = {} if known else self.rows.count(batch, terms)
        for name, own in held.items():
            weight = sign_of(name, own["row"]) * own["multiplier"]
            if own["row"] in by_step:
                step = by_step[own["row"]]
                phi = step.numerators.double() - own["goal"] * step.denominators.double()
                paid += weight * phi.to(paid)
            else:
                row = counts[own["row"]]
                whole = (row.numerators - own["goal"] * row.denominators).to(paid)
                paid += (weight * whole)[:, None].where(batch.last, 0.0)
        return torch.cat([terms, paid[:, :, None]], 2)
