"""Aims in a run: rows are counted, multipliers follow, the learner is told what they pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from sequence_tutor.config.aims import Aim
from sequence_tutor.domain.rows import Rows
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.distinct import rarity
from sequence_tutor.objectives.divergences import token_entropy, token_kl
from sequence_tutor.objectives.forward_kl import normalised_weights
from sequence_tutor.prior.protocol import device_of
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import Measured, Task, measure
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.aimed_rows import ENTROPY, KL, AimedRows, Likelihoods, bounds_of
from sequence_tutor.tuner.collecting import Fresh
from sequence_tutor.tuner.multipliers import FOLLOWS, Multipliers, features
from sequence_tutor.tuner.payments import Payments

PRIOR_SAMPLES = 4096
"""Sequences of the prior from which its own rows are measured before the first update."""

COUNTING = 0.5
"""Share of the sequences that still counts where they are weighed to predict the policy."""


class Aiming:
    """The aims of one run.

    Args:
        aims: what the rows should be; none: nothing is aimed at.
        rows: of the domain.
        task: whose prior the policy begins with.
        seed: of the sequences that the prior's rows are measured on.
        leans: whether the algorithm's optimum is that of KL-control, so that the policy's own
            sequences say where it is going.
        alone: whether nothing but the aims parts the optimum from the prior, so that the prior's
            sequences say what the multipliers begin with.

    Raises:
        UserError: an aim that nothing measures or meets.
    """

    def __init__(
        self,
        aims: Sequence[Aim],
        rows: Rows,
        task: Task,
        seed: int,
        *,
        leans: bool = True,
        alone: bool = False,
    ) -> None:
        self.rows = AimedRows(aims, rows)
        self.bounds = bounds_of(aims)
        self.given = len(task.prefix)
        self.draws = next((aim.draws for aim in aims if aim.draws is not None), None)
        device = device_of(task.prior)
        generator = named_generator(seed, "aims", device)
        counted = [
            self.measured(one) for one in measure(task.prior, task, PRIOR_SAMPLES, generator)
        ]
        counts = torch.cat([counts for counts, _ in counted]).cpu()
        rare = torch.cat([rare for _, rare in counted]).cpu()
        phi = features(self.bounds, counts, rare)
        self.multipliers = Multipliers(self.bounds, self.rows.ranges, counts, phi)
        if leans and alone:
            self.multipliers.begin(phi)
        self.level, self.leans = 0.0, leans

    def measured(self, measured: Measured) -> tuple[Tensor, Tensor]:
        """Counts (B, 2 M) and rarity (B,) of sampled sequences, functionals included."""
        counts = self.rows.of_sequences(measured.batch, measured.log_prior, measured.terms)
        said = Likelihoods(
            measured.log_prior.double().sum(1),
            measured.log_policy.double().sum(1),
            measured.kl.sum(1),
            measured.entropy.sum(1),
            measured.chosen,
        )
        return self.rows.with_policy(counts, said), self._rarity(said)

    def counts(
        self, batch: SequenceBatch, log_prior: Tensor | None, terms: Tensor | None
    ) -> Tensor:
        """What replay keeps of collected sequences, (B, 2 M).

        Args:
            batch: B sequences.
            log_prior: (B, T, V), log p(.|s); None where nobody asked.
            terms: (B, T, R) of the reward.
        """
        own = None
        if log_prior is not None:
            own = taken(log_prior, batch.tokens).where(self._chosen(batch), 0.0)
        return self.rows.of_sequences(batch, own, terms)

    def follow(
        self,
        fresh: Fresh,
        counts: Tensor,
        energy: Tensor,
        done: float,
        step: float,
    ) -> None:
        """Move the multipliers by what the policy itself has just sampled.

        Args:
            fresh: a collection, whose first B sequences are the policy's own.
            counts: (B, 2 M) of them.
            energy: (B,) log p plus all that is paid but for being rare.
            done: share of the run that is done.
            step: share of it between two collections.
        """
        assert fresh.log_prior is not None  # a run with aims compares policy and prior
        assert fresh.log_policy is not None
        own = slice(0, fresh.own)
        said = self._likelihoods(fresh.batch[own], fresh.log_prior[own], fresh.log_policy[own])
        counts = self.rows.with_policy(counts.double(), said).cpu()
        rare, payments = self._rarity(said), self.payments
        surplus = energy.to(rare) + payments.mu / payments.scale * rare - said.log_policy  # (B,)
        self.level += min(0.5, step / FOLLOWS) * (float(surplus.mean()) - self.level)
        phi = features(self.bounds, counts, rare.cpu(), self.multipliers.goals)
        weights = normalised_weights(surplus, COUNTING).cpu() if self.leans else None
        self.multipliers.follow(counts, phi, done, step, weights)

    @property
    def payments(self) -> Payments:
        """What the multipliers pay now."""
        found = {"nu": 0.0, "eta": 0.0, "mu": 0.0}
        for bound, value in zip(self.bounds, self.multipliers.values.tolist(), strict=True):
            name = {KL: "nu", ENTROPY: "eta"}.get(bound.aim.row)
            name = "mu" if bound.aim.draws is not None else name
            if name is not None:
                found[name] = value
        return Payments(
            self.multipliers.weights(), draws=self.draws or 2, level=self.level, **found
        )

    def _likelihoods(
        self, batch: SequenceBatch, log_prior: Tensor, log_policy: Tensor
    ) -> Likelihoods:
        chosen = self._chosen(batch)
        log_p, log_pi = (
            taken(log_probs, batch.tokens).where(chosen, 0.0).double().sum(1)
            for log_probs in (log_prior, log_policy)
        )
        return Likelihoods(
            log_p,
            log_pi,
            token_kl(log_policy, log_prior).where(chosen, 0.0).sum(1),
            token_entropy(log_policy).where(chosen, 0.0).sum(1),
            chosen.sum(1),
        )

    def _rarity(self, said: Likelihoods) -> Tensor:
        if self.draws is None:
            return torch.zeros_like(said.log_policy)
        return rarity(said.log_policy, self.draws)

    def _chosen(self, batch: SequenceBatch) -> Tensor:
        """(B, T) bool: tokens that were chosen."""
        chosen = batch.mask
        chosen[:, : self.given] = False
        return chosen

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on exactly."""
        level = torch.tensor(self.level, dtype=torch.float64)
        return {**self.multipliers.state(), "level": level}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.multipliers.restore(dict(state))
        self.level = float(state["level"])
