"""Terms of how a molecule is written: too short, or a run of carbons longer than any learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import longest_carbon_run
from sequence_tutor.molecule.terms.term import WritingTerm

LONGEST_RUN, RUN_QUANTILES = "longest_carbon_run", "carbon_run_quantiles"
"""What a prior's card calls the runs of its training data: the longest, and share -> length."""


class Short(WritingTerm):
    """Minus the tokens that it lacks to the shortest molecule of the prior's training data."""

    unit: ClassVar[str] = "tokens, 0 or less"
    kind: Literal["short"] = "short"
    limit: int | None = Field(
        None, ge=1, description="tokens that are enough; from the prior's training data if unset"
    )

    def __call__(self, smiles: str, tokens: int) -> float:
        """0 from the limit on; without a limit nothing is too short."""
        return float(min(0, tokens - (self.limit or 0)))

    def limited(self, name: str, training: Mapping[str, Any]) -> Self:
        """The limit is the fewest tokens of a training molecule."""
        found = training.get("shortest") if self.limit is None else self.limit
        return self.model_copy(update={"limit": _given(name, found)})


class CarbonRun(WritingTerm):
    """Minus the carbons by which the longest run of C exceeds that of the training data."""

    unit: ClassVar[str] = "carbons, 0 or less"
    kind: Literal["carbon_run"] = "carbon_run"
    limit: int | None = Field(
        None, ge=0, description="carbons that are free; from the prior's training data if unset"
    )
    quantile: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of the training data whose runs are free: 1 is the longest of all, "
        "which one odd molecule can make useless",
    )

    def __call__(self, smiles: str, tokens: int) -> float:
        """0 up to the limit; without a limit no run is too long."""
        if self.limit is None:
            return 0.0
        return float(min(0, self.limit - longest_carbon_run(smiles)))

    def limited(self, name: str, training: Mapping[str, Any]) -> Self:
        """The limit is the longest run of the training data, or a quantile of them."""
        if self.limit is not None:
            return self
        if self.quantile == 1:
            return self.model_copy(update={"limit": _given(name, training.get(LONGEST_RUN))})
        known = training.get(RUN_QUANTILES, {})
        by_share = {float(text): value for text, value in known.items()}
        if known and self.quantile not in by_share:
            raise UserError(
                f"term {name!r} has the quantile {self.quantile:g}, expected one that the prior's "
                f"card has: {', '.join(known)} or 1"
            )
        return self.model_copy(update={"limit": _given(name, by_share.get(self.quantile))})


def _given(name: str, limit: int | None) -> int:
    if limit is None:
        raise UserError(
            f"term {name!r} has no limit and the prior's card tells of none, expected limit = ... "
            f"in the table [reward.terms.{name}]"
        )
    return int(limit)
