"""Candidates: more sequences than will be scored, of which a chooser picks those that are.

Every kind of collector (the policy, regrowing, breeding) keeps a fixed share of what is scored, and
its candidates are compared with one another only: what was bred for a high prediction would leave
nothing to the policy. A share of each kind is scored unranked. It tells how the policy stands,
which the ranked ones do not, and a critic that is wrong is found out by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.sampling.choosing import Candidates, Chooses, ChoosingOptions
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.critic_settings import CriticSettings


def choosing_options(settings: CriticSettings, seed: int) -> ChoosingOptions:
    """What a domain's chooser is made with."""
    return ChoosingOptions(
        settings.most, settings.noise, settings.lowest_beta, settings.highest_beta, seed
    )


def checked_chooser(
    settings: CriticSettings, chooser: Chooses | None, weights: Tensor
) -> Choosing | None:
    """What picks the sequences to be scored; None where there is no critic.

    Args:
        settings: of the critic.
        chooser: that of the domain.
        weights: (R,) of the reward's terms to begin with.

    Raises:
        UserError: a critic is asked for, and the domain has none.
    """
    if not settings.is_on:
        return None
    if chooser is None:
        raise UserError(
            f"critic.candidates is {settings.candidates}, expected 0: nothing predicts the scores "
            "of these sequences"
        )
    chooser.reweigh(weights)
    return Choosing(chooser, settings)


class Written(NamedTuple):
    """What one collector wrote.

    Attributes:
        batch: its candidates.
        wanted: of which so many are scored, or fewer where fewer are new.
        inside: (B,) bool, those that may be chosen, where there is a fence; None: all.
    """

    batch: SequenceBatch
    wanted: int
    inside: Tensor | None = None

    @property
    def possible(self) -> SequenceBatch:
        """The candidates that may be chosen."""
        return self.batch if self.inside is None else self.batch[self.inside]


class Choosing:
    """Picks what is scored.

    Args:
        chooser: ranks.
        settings: see `CriticSettings`.
    """

    def __init__(self, chooser: Chooses, settings: CriticSettings) -> None:
        self.chooser, self.settings = chooser, settings

    def asked(self, count: int) -> int:
        """Candidates to be written for `count` sequences that are scored."""
        return count * self.settings.candidates

    def __call__(self, written: Sequence[Written]) -> tuple[SequenceBatch, int]:
        """What is collected of the candidates of each collector.

        What is not ranked is collected inside a fence or outside, so that a policy learns where the
        fence is.

        Args:
            written: of each collector, the policy first.

        Returns:
            The sequences, those of the policy that are not ranked first, and how many these are.
        """
        kinds: list[Candidates] = []
        for batch, wanted, inside in written:
            unranked = min(round(self.settings.unranked * wanted), len(batch))
            if not kinds:
                unranked = max(unranked, 1)
            if inside is not None:
                kept = inside.clone()
                kept[:unranked] = True
                batch = batch[kept]
            kinds.append(Candidates(batch, unranked, wanted - unranked))
        chosen = self.chooser.choose(kinds)
        parts = [kind.batch[: kind.unranked] for kind in kinds]
        parts += [kind.batch[rows] for kind, rows in zip(kinds, chosen, strict=True)]
        batch = parts[0]
        for part in parts[1:]:
            batch = batch + part
        return batch, kinds[0].unranked
