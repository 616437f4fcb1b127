"""The multipliers of aims: dual ascent beside a policy that follows.

    minimise KL(pi || p)   subject to   g_i = s_i (E[n_i] - b_i E[d_i]) >= 0 for all i

where n_i and d_i are what the row of aim i counts on a sequence, b_i its bound and s_i = 1 for "at
least", -1 for "at most". The optimum is p(x) exp(sum_i lambda_i phi_i(x)) / Z with
phi_i = s_i (n_i - b_i d_i): KL-control with the multipliers lambda for weights, which every soft
algorithm learns. They maximise the concave dual -log Z(lambda) over lambda >= 0, whose gradient is
-E[phi] under the optimum and whose Hessian is minus the covariance of phi (Csiszar 1975,
*I-divergence geometry of probability distributions and minimization problems*). After every
collection the policy's own new sequences stand for the optimum:

1. Moving means of n and d, and the moving covariance of phi, are updated.
2. The goal of each row moves from the prior's own value to the aim over the first three tenths of
   the run, so that the policy follows; then it stays a margin of a few standard errors inside the
   bound.
3. Lambda moves by a small part of a Newton step, which maximises missed . s - s (C + damping) s / 2
   over steps that leave lambda at 0 or more and are not too long. The damping keeps the step finite
   where an event has become so rare that its variance vanishes.

Aims that lie near the prior need no homotopy. The prior's own sequences, weighed by
exp(lambda . phi), stand for the optimum as long as enough of them count (Khalifa et al. 2021, *A
distributional approach to controlled text generation*): the dual is then maximised over them before
the first update, and multipliers are held there for a while, until the policy has followed.

The policy lags behind the multipliers, and multipliers that ran ahead of it would overshoot. Where
it is going is seen in its own sequences: log p + lambda . phi - log pi is one constant at the
optimum of the present multipliers, so that sequences which have more of it are to become likelier.
They are weighed so, as far as half of the sequences still count, and the mean of the counts is
predicted by what that moves. (Weighed in full the sequences would speak of the optimum itself, but
so few count then that the multipliers run away.) Once the goals have come to the aims this
prediction fades away: a network that cannot come to the optimum would be predicted to move, and
miss its aims. Instead steps then grow for a row that stays on one side of its goal: the network
answers such a multiplier far more slowly than the covariance says (a leap that has to be remembered
for bars, say), and steps of the usual length would come too late. Only in the last hundredth are
multipliers held. A multiplier has a ceiling: a bound that nothing meets is softened, its miss costs
the ceiling.

The share of distinct sequences has a multiplier in the same system: it answers as the mean of a
feature does, of the `rarity`. Sequences that are too likely answer less than others to any payment,
see `objectives.distinct.answer`, so that what changes is the covariance weighed by their answers;
without that the share would be closed in on several times too slowly. Those of KL and entropy a
token are parts of a temperature and follow the relative error, as `target_kl` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from sequence_tutor.config.aims import DISTINCT
from sequence_tutor.domain.rows import RowRange
from sequence_tutor.exact import constrained_optimum
from sequence_tutor.objectives.dual import bounded_step
from sequence_tutor.tuner.aimed_rows import TEMPERATURES, Bound, is_of_policy
from sequence_tutor.tuner.bound_features import answering, room

ARRIVED = 0.3
"""Share of the run over which the goals move from the prior's values to the aims."""

FOLLOWS = 0.01
"""Share of the run that the moving means remember."""

REACTS = 0.025
"""Share of the run in which a Newton step is made at first; at the end it is `reacts_at_end`."""

FASTEST = 0.3
"""The largest part of a Newton step that one collection makes, where collections are few."""

PERSISTS, PACE = 270.0, 4.0
"""Updates over which is averaged on which side of its goal a row is, -1..1, once goals have come to
the aims; steps are 1 + `PACE` times the square of that as long as otherwise. A policy follows its
multipliers in some 100 updates, which is not to be taken for a row that does not follow."""

DAMPING, FLOOR = 0.1, 0.02
"""Added to each variance: so much of itself, and of the prior's."""

TRAVEL, CEILING = 80.0, 60.0
"""Nats by which a multiplier can set two sequences apart, which is lambda times the range of phi:
the most that this moves in a whole run at its fastest, and the most it comes to. What is rare is
worth e^(lambda phi): a step by the variance of what was seen so far would go too far. For a row
that counts few steps, such as leaps, the range is that of a usual sequence that has any: the mean
of the denominators, each as often as it says, and not the largest."""

PARTED = 0.25
"""Share of the multiplier of distinct sequences by which two sequences are set apart at most: one
that is pushed down becomes rare and is paid, too."""

ENOUGH = 0.05
"""Share of the prior's sequences that counts at least where they stand for the optimum."""

HELD = 0.2
"""Share of the run in which multipliers that began at the prior's optimum are held."""

STILL = 0.99
"""Share of the run after which multipliers are held."""


class Multipliers:
    """Multipliers of K bounds on M rows, moved after each collection.

    Args:
        bounds: K of them.
        ranges: row -> what it can be.
        counts: (N, 2 M) of sequences of the prior; numerator and denominator of each row.
        features: (N, K) phi of the same sequences, see `features`.
        reacts_at_end: share of the run in which a Newton step is made at its end.
        margin: standard errors by which a goal stays inside its bound.
        updates: of the run.

    Attributes:
        values: (K,) lambda, in nats a unit of phi.
        from_prior: whether they began at the optimum over the prior's sequences, see `begin`.
    """

    from_prior = False

    def __init__(
        self,
        bounds: Sequence[Bound],
        ranges: Mapping[str, RowRange],
        counts: Tensor,
        features: Tensor,
        reacts_at_end: float = 0.1,
        margin: float = 2.0,
        updates: int = 1000,
    ) -> None:
        self.bounds, self.reacts_at_end, self.margin = tuple(bounds), reacts_at_end, margin
        self.updates = updates
        self.signs = torch.tensor([bound.sign for bound in bounds], dtype=torch.float64)
        self.at = torch.tensor([bound.at for bound in bounds], dtype=torch.float64)
        self.places = torch.tensor([bound.place for bound in bounds])
        self.is_temperature = torch.tensor([bound.aim.row in TEMPERATURES for bound in bounds])
        self.is_moment = torch.tensor([not is_of_policy(bound.aim.row) for bound in bounds])
        self.room = torch.tensor([room(bound, ranges) for bound in bounds], dtype=torch.float64)
        self.mean = counts.mean(0)  # (2 M,)
        self.leads = torch.zeros_like(self.mean)
        self.covariance = answering(features, None)
        self.variance = features.var(0)  # (K,)
        self.of_prior = self.covariance.clone()
        self.prior = self._rows(self.mean)  # (K,)
        away = ((self.at - self.prior.nan_to_num()) * self._per_unit()).abs()
        self.least = torch.maximum(self.covariance.diagonal(), 0.01 * away**2).clamp(min=1e-12)
        counted = counts[:, 1::2]  # (N, M) denominators
        of = ((counted**2).mean(0) / counted.mean(0).clamp(min=1e-12))[self.places]
        spans = [ranges[bound.aim.row].high - ranges[bound.aim.row].low for bound in bounds]
        parts = torch.tensor([PARTED if one.aim.row == DISTINCT else 1.0 for one in bounds])
        self.span = torch.tensor(spans, dtype=torch.float64) * of * parts
        self.least = self.least * parts**2
        self.low, self.high = features.amin(0), features.amax(0)
        self.values = torch.zeros(len(bounds), dtype=torch.float64)
        self.side = torch.zeros_like(self.values)
        self.goals = self._goals(0.0, 1.0)

    def begin(self, features: Tensor) -> None:
        """Begin at the optimum over sequences of the prior, if they can stand for it, of (N, K)."""
        own = self.is_moment.nonzero().squeeze(1)
        if not len(own):
            return
        even = torch.zeros(len(features), dtype=torch.float64).log_softmax(0)
        found = constrained_optimum(even, features[:, own].T, torch.zeros(len(own)))
        counting = 1 / float((2 * found.log_probs).exp().sum())
        if found.feasible and counting >= ENOUGH * len(features):
            self.from_prior = True
            self.values[own] = found.multipliers
            self.values = self.values.minimum(CEILING / self._range())
            self.goals = self._goals(0.0, len(features))

    def follow(
        self,
        counts: Tensor,
        features: Tensor,
        done: float,
        step: float,
        weights: Tensor | None = None,
        answers: Tensor | None = None,
    ) -> None:
        """Take in what the policy has sampled, and move the multipliers.

        Args:
            counts: (B, 2 M) of the policy's own new sequences.
            features: (B, K).
            done: share of the run's updates that is done, 0..1.
            step: share of them that lies between two collections.
            weights: (B,) of the sequences as the policy will write them; None: as it does now.
            answers: (B,) how much of a payment each sequence takes, 0..1; None: all of it.
        """
        new = min(0.5, step / FOLLOWS)
        self.mean = torch.lerp(self.mean, counts.mean(0), new)
        if weights is not None:
            self.leads = torch.lerp(self.leads, weights @ counts - counts.mean(0), new)
        self.covariance = torch.lerp(self.covariance, answering(features, answers), new)
        self.variance = torch.lerp(self.variance, features.var(0), new)
        self.low = torch.minimum(self.low, features.amin(0))
        self.high = torch.maximum(self.high, features.amax(0))
        slower = max(0.0, done - ARRIVED) / (1 - ARRIVED)
        reacts = REACTS + (self.reacts_at_end - REACTS) * slower
        rate = min(FASTEST, step / reacts)
        self.goals = self._goals(done, 2 * len(counts) / rate)
        if done >= ARRIVED:
            side = self.missed(self.mean).sign()
            self.side = torch.lerp(self.side, side, min(0.5, step * self.updates / PERSISTS))
        if done < STILL and not (self.from_prior and done < HELD):
            leads = min(1.0, (1 - done) / (1 - ARRIVED)) ** 2
            self._move(self.mean + leads * self.leads, rate, TRAVEL * step)

    def missed(self, mean: Tensor) -> Tensor:
        """(K,) the gradient of the dual, s (goal E[d] - E[n]), from means (2 M,) of the counts."""
        numerators, denominators = mean[2 * self.places], mean[2 * self.places + 1]
        return self.signs * (self.goals * denominators - numerators)

    def worst(self, mean: Tensor) -> float:
        """The largest miss of a bound by means (2 M,) of the counts; below 0: none is missed.

        In standard deviations of a single sequence, so that rows of any unit compare.
        """
        spread = self.variance.sqrt().clamp(min=1e-12) / self._per_unit()
        missed = self.signs * (self.at - self._rows(mean)) / spread
        return float(missed.nan_to_num(nan=torch.inf).max())

    def _move(self, mean: Tensor, rate: float, most: float) -> None:
        """A part of a damped Newton step, no multiplier below 0 and none moved too far."""
        missed = self.missed(mean)
        variance, reach = self.covariance.diagonal(), most / self._range()
        damped = self.covariance + torch.diag(DAMPING * variance + FLOOR * self.least)
        rates = (rate * (1 + PACE * self.side.square())).clamp(max=FASTEST)
        low = torch.maximum(-self.values, -reach) / rates
        high = torch.minimum(CEILING / self._range() - self.values, reach).clamp(min=0.0) / rates
        held = self.is_temperature
        low, high = low.where(~held, 0.0), high.where(~held, 0.0)
        moved = (self.values + rates * bounded_step(damped, missed, low, high)).clamp(min=0.0)
        relative = (missed / (self.goals.abs() * self._per_unit())).clamp(-0.2, 0.2)
        warmed = ((1 + self.values) * torch.exp(rate * relative) - 1).clamp(min=0.0)
        self.values = moved.where(~self.is_temperature, warmed)

    def _goals(self, done: float, samples: float) -> Tensor:
        """(K,) what each row should be now; `samples` stand behind the multipliers."""
        error = (self.variance / samples).sqrt() / self._per_unit()
        margin = torch.minimum(self.margin * error, self.room)
        aimed = self.at + self.signs * margin.where(~self.is_temperature, 0.0)
        way = 1.0 if self.from_prior else min(1.0, done / ARRIVED)
        begun = torch.where(self.prior.isnan(), aimed, self.prior)
        between = begun + way * (aimed - begun)
        return between.where(self.signs * (aimed - begun) > 0, aimed)

    def _rows(self, mean: Tensor) -> Tensor:
        """(K,) the row of each bound from means (2 M,) of the counts; NaN where undefined."""
        return mean[2 * self.places] / mean[2 * self.places + 1]

    def _per_unit(self) -> Tensor:
        """(K,) E[d]: units of phi in a unit of the row."""
        return self.mean[2 * self.places + 1].clamp(min=1e-12)

    def _range(self) -> Tensor:
        """(K,) how far apart phi can be on two sequences, or has been where it has no ends."""
        seen = torch.maximum(self.high - self.low, self.least.sqrt())
        return seen.where(self.span.isinf() | (self.span <= 0), self.span)

    @property
    def rows(self) -> Tensor:
        """(K,) the rows' moving means."""
        return self._rows(self.mean)

    @property
    def prices(self) -> Tensor:
        """(K,) nats a sequence that one more unit of each row costs: d KL / d b = lambda E[d]."""
        return self.values * self._per_unit()

    @property
    def at_ceiling(self) -> Tensor:
        """(K,) bool: multipliers that can go no farther."""
        return self.values >= 0.99 * CEILING / self._range()

    def correlation(self, place: int) -> Tensor:
        """(K,) of phi of one bound with that of each, under prior or policy, the lower of them."""
        found = []
        for covariance in (self.covariance, self.of_prior):
            spread = covariance.diagonal().clamp(min=1e-12).sqrt()
            found.append(covariance[place] / (spread * spread[place]))
        return torch.minimum(*found)

    def weights(self) -> Tensor:
        """(2 M,) what a unit of each count pays a sequence, in nats: lambda and -lambda b."""
        paid = (self.signs * self.values).where(self.is_moment, 0.0)
        weights = torch.zeros_like(self.mean)
        weights.index_add_(0, 2 * self.places, paid)
        return weights.index_add_(0, 2 * self.places + 1, -paid * self.goals)

    def state(self) -> dict[str, Tensor]:
        """Everything needed to go on exactly."""
        begun = {"from_prior": torch.tensor(True)} if self.from_prior else {}
        kept = {name: getattr(self, name) for name in _STATE}
        return {**begun, **kept, "variance": self.variance, "side": self.side}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self.from_prior = "from_prior" in state
        for name in _STATE:
            setattr(self, name, state[name].clone())
        # Runs begun before these two were kept do not have them.
        self.variance = state.get("variance", self.covariance.diagonal()).clone()
        self.side = state.get("side", torch.zeros_like(self.values)).clone()


_STATE = (
    *("values", "mean", "leads", "covariance", "of_prior"),
    *("prior", "least", "span", "low", "high", "goals"),
)
