"""Aims in a run: rows are counted, multipliers follow, the learner is told what they pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from sequence_tutor.config.aims import DISTINCT, Aim
from sequence_tutor.domain.rows import RewardRows, Rows
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.objectives.distinct import answer, rarity
from sequence_tutor.objectives.divergences import token_entropy, token_kl
from sequence_tutor.objectives.forward_kl import normalised_weights
from sequence_tutor.prior.protocol import device_of
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import Measured, Task, measure
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.checkpoints import named, under
from sequence_tutor.tuner.aimed_rows import ENTROPY, KL, AimedRows, Likelihoods, bounds_of
from sequence_tutor.tuner.bound_features import features
from sequence_tutor.tuner.class_counts import ClassCounts, Property
from sequence_tutor.tuner.collecting import Fresh
from sequence_tutor.tuner.multipliers import FOLLOWS, Multipliers
from sequence_tutor.tuner.payments import Payments
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stages import most_steps

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
        properties: row -> the property whose distinct values it is the share of.
        reacts_at_end: see `Multipliers`; likewise `margin` and `updates`.

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
        properties: Mapping[str, Property] | None = None,
        reacts_at_end: float = 0.1,
        margin: float = 2.0,
        updates: int = 1000,
    ) -> None:
        self.rows = AimedRows(aims, rows, properties=properties)
        self.bounds = bounds_of(aims)
        self.given = len(task.prefix)
        self.draws = next((aim.draws for aim in aims if aim.row == DISTINCT), None)
        self.classes: dict[str, ClassCounts] = {}
        device = device_of(task.prior)
        generator = named_generator(seed, "aims", device)
        counted = [
            self.measured(one) for one in measure(task.prior, task, PRIOR_SAMPLES, generator)
        ]
        counts = torch.cat([counts for counts, _ in counted]).cpu()
        rare = {row: torch.cat([own[row] for _, own in counted]).cpu() for row in counted[0][1]}
        rare |= self._count_classes(counts)
        phi = features(self.bounds, counts, rare)
        self.multipliers = Multipliers(
            self.bounds, self.rows.ranges, counts, phi, reacts_at_end, margin, updates
        )
        if leans and alone:
            self.multipliers.begin(phi)
        self.level, self.leans = 0.0, leans

    def _count_classes(self, counts: Tensor) -> dict[str, Tensor]:
        """Begin the counts of properties with sequences of the prior, whose rows are put in place.

        Args:
            counts: (N, 2 M) of them, codes of values for rows of distinct values; changed.

        Returns:
            Row -> (N,) rarity.
        """
        rare = {}
        for place, aim in enumerate(self.rows.aims):
            if aim.row in self.rows.properties and aim.draws is not None:
                codes = counts[:, 2 * place].clone()
                self.classes[aim.row] = own = ClassCounts(codes, aim.draws, place)
                rare[aim.row] = own.rarity(codes, in_window=True)
                counts[:, 2 * place] = own.distinct(codes, in_window=True)
                counts[:, 2 * place + 1] = 1.0
        return rare

    def measured(self, measured: Measured) -> tuple[Tensor, dict[str, Tensor]]:
        """Counts (B, 2 M) of sampled sequences, functionals included, and row -> rarity (B,)."""
        counts = self.rows.of_sequences(measured.batch, measured.log_prior, measured.terms)
        said = Likelihoods(
            measured.log_prior.double().sum(1),
            measured.log_policy.double().sum(1),
            measured.kl.sum(1),
            measured.entropy.sum(1),
            measured.chosen,
        )
        rare = self._rarity(said, counts)
        return self.rows.with_policy(counts, said, self.classes), rare

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
    ) -> Tensor:
        """Move the multipliers by what the policy itself has just sampled.

        Args:
            fresh: a collection, whose first B sequences are the policy's own.
            counts: (B, 2 M) of them.
            energy: (B,) log p plus all that is paid but for being rare.
            done: share of the run that is done.
            step: share of it between two collections.

        Returns:
            (2 M,) the means of its counts, functionals included.
        """
        assert fresh.log_prior is not None  # a run with aims compares policy and prior
        assert fresh.log_policy is not None
        own = slice(0, fresh.own)
        said = self._likelihoods(fresh.batch[own], fresh.log_prior[own], fresh.log_policy[own])
        codes = counts.double()
        rare = self._rarity(said, codes)
        counts = self.rows.with_policy(codes, said, self.classes).cpu()
        surplus = energy.to(said.log_policy) - said.log_policy  # (B,)
        if DISTINCT in rare:
            payments = self.payments
            surplus = surplus + payments.mu / payments.scale * rare[DISTINCT]
        self.level += min(0.5, step / FOLLOWS) * (float(surplus.mean()) - self.level)
        rare = {row: own.cpu() for row, own in rare.items()}
        phi = features(self.bounds, counts, rare, self.multipliers.goals)
        weights = normalised_weights(surplus, COUNTING).cpu() if self.leans else None
        answers = None
        if self.draws is not None:
            mu = self.payments.mu / self.payments.scale
            answers = answer(said.log_policy, mu, self.draws).cpu()
        self.multipliers.follow(counts, phi, done, step, weights, answers)
        scale = self.payments.scale
        for counted in self.classes.values():
            counted.add(codes[:, 2 * counted.place].cpu())
            counted.solve(self._mu(counted) / scale)
        return counts.mean(0)

    @property
    def payments(self) -> Payments:
        """What the multipliers pay now."""
        found = {"nu": 0.0, "eta": 0.0, "mu": 0.0}
        for bound, value in zip(self.bounds, self.multipliers.values.tolist(), strict=True):
            name = {KL: "nu", ENTROPY: "eta"}.get(bound.aim.row)
            name = "mu" if bound.aim.row == DISTINCT else name
            if name is not None:
                found[name] = value
        classes = tuple(own.payments for own in self.classes.values())
        return Payments(
            self.multipliers.weights(),
            draws=self.draws or 2,
            level=self.level,
            classes=classes,
            **found,
        )

    def with_rarity(self, paid: Tensor, rare: Mapping[str, Tensor]) -> Tensor:
        """(B,) the payments of sequences, and what they are paid for their rarities, in nats."""
        scale = self.payments.scale
        for bound, value in zip(self.bounds, self.multipliers.values.tolist(), strict=True):
            if bound.aim.row in rare:
                paid = paid + value / scale * rare[bound.aim.row].to(paid)
        return paid

    def _mu(self, own: ClassCounts) -> float:
        """The multiplier of a share of distinct values."""
        places = [bound.place for bound in self.bounds]
        return float(self.multipliers.values[places.index(own.place)])

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

    def _rarity(self, said: Likelihoods, counts: Tensor) -> dict[str, Tensor]:
        """Row -> (B,) rarity of sequences, whose values are coded in `counts`."""
        found = {} if self.draws is None else {DISTINCT: rarity(said.log_policy, self.draws)}
        for row, own in self.classes.items():
            codes = counts[:, 2 * own.place].double().cpu()
            found[row] = own.rarity(codes).to(said.log_policy)
        return found

    def _chosen(self, batch: SequenceBatch) -> Tensor:
        """(B, T) bool: tokens that were chosen."""
        chosen = batch.mask
        chosen[:, : self.given] = False
        return chosen

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on exactly."""
        level = torch.tensor(self.level, dtype=torch.float64)
        classes = {row: named(row, own.state()) for row, own in self.classes.items()}
        found = {name: value for own in classes.values() for name, value in own.items()}
        return {**self.multipliers.state(), "level": level, **found}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.multipliers.restore(dict(state))
        self.level = float(state["level"])
        for row, own in self.classes.items():
            own.restore(under(row, state))


def aims_of(
    task: Task,
    settings: TuneSettings,
    rows: Rows | None,
    properties: Mapping[str, Property] | None,
) -> Aiming | None:
    """The aims of a run; None: it has none.

    Args:
        task: what is tuned, with the prior at its temperature.
        settings: of tuning.
        rows: what aims may be about beside the policy's own rows; None: the reward's terms.
        properties: row of distinct values -> the property that has them.
    """
    if not settings.aims:
        return None
    return Aiming(
        settings.aims,
        RewardRows(task.reward) if rows is None else rows,
        task,
        settings.seed,
        leans=settings.traits.fits != "hard",
        alone=settings.aims_alone and settings.prior_temperature == 1,
        properties=properties,
        reacts_at_end=settings.aims_react,
        margin=settings.aims_margin,
        updates=most_steps(settings),
    )
