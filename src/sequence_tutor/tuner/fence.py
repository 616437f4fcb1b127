"""A fence: what is outside is never scored, and learned as what is not wanted.

The optimum of KL-control among the sequences F inside a fence is

    pi*(x) = p(x) exp(r(x) / c) / Z_F  on F, 0 elsewhere,   Z_F = sum over F of p(x) exp(r(x) / c).

Learning from sequences inside alone does not lead there: with any larger Z in place of Z_F no
sequence inside has an error, and the rest of the probability may be anywhere. So what is outside is
learned from, too, with the reward -depth c in place of a score that is never asked for. Then

    pi*(x) = p(x) exp(r(x) / c) / Z on F,   p(x) exp(-depth) / Z elsewhere,

which is the former but for a share outside of at most p(outside) exp(-depth) / Z_F, and everything
that is said of Psi, G, Q and trajectory balance holds for it, because it is a reward like another.

What a fence costs: without it the optimum has the share pi*(F) = Z_F / Z inside, so the largest
value of E[r] - c KL(pi || p) becomes smaller by exactly -c log pi*(F).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from math import inf

import torch
import torch.nn.functional as F
from torch import Tensor

from sequence_tutor.errors import UserError
from sequence_tutor.models.next_token import by_length
from sequence_tutor.objectives.action_values import taken
from sequence_tutor.prior.protocol import device_of
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.tuner.fence_settings import FenceSettings, Window

Numbers = Mapping[str, Callable[[SequenceBatch], Tensor]]
"""Name -> function: B sequences -> (B,) numbers, NaN where a sequence has none."""

LOG_P = "log_p"
"""The bound on log p a token, among those of numbers."""

CHUNK = 512
"""Sequences of the prior that are measured at a time."""


class Fence:
    """Says which sequences are inside.

    Sequences that can be written in several ways are judged as the training data write them, so
    that one molecule is not inside in one spelling and outside in another. Percentiles are those
    of the same sequences of the prior whatever the run's seed, and of those that have the number.

    Args:
        task: prior, length and other spellings.
        settings: see `FenceSettings`.
        numbers: computes those that the settings name; domains have some.

    Attributes:
        bounds: name -> least and largest number, in the order in which they are tried; log p is
            the last. Known after the first question.
        missed: name -> sequences of the run that the bound has kept outside first.

    Raises:
        UserError: a number is not known.
    """

    def __init__(
        self,
        task: Task,
        settings: FenceSettings,
        numbers: Callable[[Collection[str]], Numbers] = lambda _: {},
    ) -> None:
        names = [*settings.ranges, *settings.percentiles]
        self.task, self.settings = task, settings
        self._numbers = numbers(names) if names else {}
        for name in names:
            if name not in self._numbers:
                raise UserError(f"fence: unknown number {name!r} of these sequences")
        self.bounds: dict[str, Window] = {}
        self.missed: Counter[str] = Counter()

    def inside(self, batch: SequenceBatch) -> Tensor:
        """(B,) bool."""
        return self._judge(batch, Counter())

    def count(self, batch: SequenceBatch) -> None:
        """Remember which bounds these sequences of the run have missed."""
        self._judge(batch, self.missed)

    def describe(self) -> str:
        """The bounds, on one line."""
        self._find_bounds()
        return ", ".join(
            f"log p of {low:.4g} nats a token or more"
            if name == LOG_P
            else f"{name} {low:.4g}..{high:.4g}"
            for name, (low, high) in self.bounds.items()
        )

    def state(self) -> dict[str, Tensor]:
        """The bounds and the counts."""
        self._find_bounds()
        names = list(self.bounds)
        return {
            "bounds": torch.tensor([self.bounds[name] for name in names], dtype=torch.float64),
            "missed": torch.tensor([self.missed[name] for name in names]),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Put a saved state back."""
        self._find_bounds()
        names = list(self.bounds)
        found = state["bounds"].tolist()
        self.bounds = {name: (low, high) for name, (low, high) in zip(names, found, strict=True)}
        self.missed = Counter(dict(zip(names, state["missed"].tolist(), strict=True)))

    def _judge(self, batch: SequenceBatch, missed: Counter[str]) -> Tensor:
        """(B,) bool; the cheap bounds come first, and log p is asked of what these leave."""
        self._find_bounds()
        settled = self._settled(batch)
        device = batch.tokens.device
        rows = torch.arange(len(batch), device=device)
        for name, (low, high) in self.bounds.items():
            if not len(rows):
                break
            values = self._value(name, settled[rows]).to(device)
            keeps = (values >= low) & (values <= high)  # NaN is neither
            missed[name] += int((~keeps).sum())
            rows = rows[keeps]
        inside = torch.zeros(len(batch), dtype=torch.bool, device=device)
        inside[rows] = True
        return inside

    def _settled(self, batch: SequenceBatch) -> SequenceBatch:
        """Sequences as the training data write them."""
        if self.task.speller is None:
            return batch
        tokens = F.pad(batch.tokens, (0, max(0, self.task.length - batch.tokens.shape[1])))
        return self.task.speller.settled(SequenceBatch(tokens, batch.lengths))

    def _value(self, name: str, batch: SequenceBatch) -> Tensor:
        """(B,) float64 of one bound."""
        if name != LOG_P:
            return self._numbers[name](batch).double()
        cut = batch.trimmed
        with torch.no_grad():
            chosen = taken(by_length(self.task.prior.sequence_log_probs, cut), cut.tokens)
        return chosen.where(cut.mask, 0.0).double().sum(1) / cut.lengths

    @torch.no_grad()
    def _find_bounds(self) -> None:
        """Compute the percentiles, once."""
        if self.bounds:
            return
        settings = self.settings
        asked = [*settings.percentiles, *([LOG_P] if settings.log_p_percentile else [])]
        values = self._of_prior(asked) if settings.takes_samples else {}
        bounds: dict[str, Window] = dict(settings.ranges)
        for name, shares in settings.percentiles.items():
            low, high = (values[name].quantile(share / 100).item() for share in shares)
            bounds[name] = low, high
        if settings.log_p_percentile is not None:
            share = settings.log_p_percentile / 100
            bounds[LOG_P] = values[LOG_P].quantile(share).item(), inf
        elif settings.log_p is not None:
            bounds[LOG_P] = settings.log_p, inf
        self.bounds = bounds

    def _of_prior(self, names: Collection[str]) -> dict[str, Tensor]:
        """Numbers of the prior's own sequences, of those that have all numbers of the fence."""
        task, every = self.task, [*self._numbers, *names]
        generator = named_generator(0, "fence", device_of(task.prior))
        found: dict[str, list[Tensor]] = {name: [] for name in every}
        left = self.settings.samples
        while left:
            count = min(CHUNK, left)
            left -= count
            batch = rollout(
                task.prior,
                count,
                task.length,
                generator,
                end_token=task.end_token,
                prime=task.prime,
            ).batch
            settled = self._settled(batch)
            for name in found:
                found[name].append(self._value(name, settled).cpu())
        values = {name: torch.cat(parts) for name, parts in found.items()}
        known = torch.stack([~one.isnan() for one in values.values()]).all(0)
        if not bool(known.any()):
            raise UserError(
                f"fence: none of {self.settings.samples} sequences of the prior has "
                f"{' and '.join(values)}, expected some for percentiles"
            )
        return {name: values[name][known] for name in names}
