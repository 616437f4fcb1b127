"""What aims would cost, before any training: the optimum over the prior's own sequences.

N sequences of the prior, weighed by exp(lambda . phi), stand for the policy that is nearest to the
prior and meets the aims; the lambda that maximise the dual over them are the prices (Khalifa et al.
2021, *A distributional approach to controlled text generation*). This holds where enough of the
sequences count. A trained network only comes near this optimum, so that a run costs more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.config.aims import Aim
from sequence_tutor.drawing.table import Table
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.figures import row_value
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.statistics import check_samples
from sequence_tutor.exact import constrained_optimum
from sequence_tutor.progress import Advance
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.importance import FEWEST_EFFECTIVE
from sequence_tutor.sampling.measure import measure
from sequence_tutor.tuner.aimed_rows import LOG_PRIOR, OF_POLICY, AimedRows, Bound, bounds_of
from sequence_tutor.tuner.bound_features import features

FALL = 0.9
"""Share of its prior value below which a row's denominator has fallen."""


@dataclass(frozen=True)
class Wish:
    """What one bound would cost.

    Attributes:
        aim: one side of it, as written.
        share: whether it was written in percent; its price is then for one percentage point.
        prior: the row's value under the prior; None: undefined.
        reached: at the optimum of all aims together.
        price: nats a sequence for one more unit of the row, or one more point.
        alone: nats a sequence that it costs without the others; None: no weights of the sequences
            meet it.
        saved: nats a sequence that are saved without it.
        multiplier: nats a unit of its feature, numerator minus bound times denominator.
    """

    aim: str
    share: bool
    prior: float | None
    reached: float
    price: float
    alone: float | None
    saved: float
    multiplier: float = 0.0


@dataclass(frozen=True)
class Foretold:
    """What all aims together would cost.

    Attributes:
        wishes: one for each bound.
        kl: nats a sequence.
        kl_per_token: the same for a token of the prior's sequences.
        samples: sequences of the prior.
        counting: effective number of them at the optimum.
        left_out: aims that have no price before a policy is tuned: no means over sequences.
        emptied: rows that are met by fewer sequences having them at all, such as a mean over valid
            molecules by invalid ones: their denominators fall by more than a tenth.
    """

    wishes: Sequence[Wish]
    kl: float
    kl_per_token: float
    samples: int
    counting: float
    left_out: Sequence[str] = ()
    emptied: Sequence[str] = ()

    @property
    def is_trusted(self) -> bool:
        """Whether enough sequences count."""
        return self.counting >= FEWEST_EFFECTIVE

    def to_json(self) -> dict[str, Any]:
        """As plain JSON: the attributes, `wishes` as a list of those of `Wish`, `is_trusted`."""
        return {**asdict(self), "is_trusted": self.is_trusted}

    def table(self) -> Table:
        """As a table."""
        heads = ["aim", "prior", "reached", "price, nats a sequence", "alone", "saved without it"]
        rows = [
            [
                one.aim,
                "" if one.prior is None else row_value(one.prior, one.share),
                row_value(one.reached, one.share),
                f"{one.price:.3g} a {'point' if one.share else 'unit'}" if one.price else "0",
                "out of reach" if one.alone is None else f"{one.alone:z.3f}",
                f"{one.saved:z.3f}",
            ]
            for one in self.wishes
        ]
        return Table(heads, rows, self.sentence)

    @property
    def sentence(self) -> str:
        """The whole cost, and how far it can be trusted."""
        said = (
            f"all aims together: {self.kl:.3g} nats a sequence, {self.kl_per_token:.3g} a token, "
            f"at the optimum; {self.counting:,.0f} of {self.samples:,} sequences of the prior count"
        )
        if not self.is_trusted:
            said += ", too few for these figures to be trusted: take more --samples"
        if self.left_out:
            said += f"; not priced {', '.join(self.left_out)}"
        if self.emptied:
            said += (
                f"; beware: fewer sequences have {', '.join(self.emptied)} at all, aim at that "
                "too, for molecules such as valid >= 95 %"
            )
        return said


def foretell(
    model: Model, aims: Sequence[Aim], samples: int, seed: int, advance: Advance
) -> Foretold:
    """What some aims would cost.

    Args:
        model: a prior with the reward whose terms are rows.
        aims: each of another row.
        samples: N, sequences of the prior.
        seed: of the sampling.
        advance: called with the number of sequences sampled.

    Raises:
        UserError: too few samples, no aim that can be priced, one that nothing measures, or aims
            that no weights of the sequences meet together.
    """
    check_samples(samples)
    if not aims:
        raise UserError("no aim was given, expected at least one, such as --aim 'ROW >= VALUE'")
    domain, settings = model.framed_domain, model.reward_settings
    unpriced = {*OF_POLICY, *domain.properties(len(model.prefix))} - {LOG_PRIOR}
    left_out = [str(aim) for aim in aims if aim.row in unpriced]
    aims = [aim for aim in aims if str(aim) not in left_out]
    if not aims:
        raise UserError(f"aim {left_out[0]}: has no price before a policy is tuned")
    names = [aim.row for aim in aims]
    every = domain.rows(settings, model.reward).ranges()
    rows = AimedRows(aims, domain.rows(settings, model.reward, names), every)
    counted, tokens = [], 0
    for one in measure(model.policy, model.task, samples, named_generator(seed, "aims")):
        counted.append(rows.of_sequences(one.batch, one.log_prior, one.terms))
        tokens += int(one.chosen.sum())
        advance(len(one.batch))
    counts, bounds = torch.cat(counted).cpu(), bounds_of(aims)
    phi = features(bounds, counts, None)  # (N, K)
    optimum = _optimum(phi)
    if optimum is None:
        raise UserError(
            f"no weights of {samples:,} sequences of the prior meet these aims together: they are "
            "too far from it to be priced beforehand; take more --samples, or fewer aims"
        )
    multipliers, weights, kl = optimum
    means = (weights @ counts, counts.mean(0))
    had, have = (mean[1::2] for mean in reversed(means))  # (M,)
    emptied = [name for name, few in zip(names, (have < FALL * had).tolist(), strict=True) if few]
    wishes = []
    for place, bound in enumerate(bounds):
        rest = [other for other in range(len(bounds)) if other != place]
        alone, without = _optimum(phi[:, [place]]), _optimum(phi[:, rest]) if rest else None
        reached, prior = (_row(bound, mean) for mean in means)
        per_unit = float(means[0][2 * bound.place + 1]) / (100 if bound.aim.share else 1)
        wishes.append(
            Wish(
                str(bound),
                bound.aim.share,
                prior,
                float("nan") if reached is None else reached,
                float(multipliers[place]) * per_unit,
                None if alone is None else alone[2],
                kl - (0.0 if without is None else without[2]),
                float(multipliers[place]),
            )
        )
    counting = 1 / float(weights.square().sum())
    return Foretold(wishes, kl, kl * len(counts) / tokens, len(counts), counting, left_out, emptied)


def _optimum(phi: Tensor) -> tuple[Tensor, Tensor, float] | None:
    """Multipliers (K,), weights (N,) and divergence over sequences with phi (N, K)."""
    even = torch.zeros(len(phi), dtype=torch.float64).log_softmax(0)
    found = constrained_optimum(even, phi.T, torch.zeros(phi.shape[1]))
    if not found.feasible:
        return None
    return found.multipliers, found.log_probs.exp(), found.divergence


def _row(bound: Bound, mean: Tensor) -> float | None:
    """The row's value from means (2 M,) of the counts."""
    of = float(mean[2 * bound.place + 1])
    return float(mean[2 * bound.place]) / of if of else None
