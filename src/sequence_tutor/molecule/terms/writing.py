"""Terms of the SMILES string: too few tokens, or a run of carbons that is too long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import longest_carbon_run
from sequence_tutor.molecule.terms.term import WritingTerm

LONGEST_RUN, RUN_QUANTILES = "longest_carbon_run", "carbon_run_quantiles"
"""Facts in a prior's card about runs of carbon: the longest, and share -> length."""


class Short(WritingTerm):
    """Minus the number of tokens below that of the shortest training molecule of the prior.

    >>> from sequence_tutor.molecule.terms import Short, raw_number
    >>> raw_number(Short(limit=8), "CCO")
    -5.0
    """

    source: ClassVar[str] = "Jaques et al. 2017, https://arxiv.org/abs/1611.02796, section 6"
    unit: ClassVar[str] = "tokens, 0 or less"
    kind: Literal["short"] = "short"
    limit: int | None = Field(
        None, ge=1, description="tokens without a penalty; unset: from the prior's training data"
    )

    def __call__(self, smiles: str, tokens: int) -> float:
        """0 at the limit and above; without a limit always 0."""
        return float(min(0, tokens - (self.limit or 0)))

    def limited(self, name: str, training: Mapping[str, Any]) -> Self:
        """The limit is the number of tokens of the shortest training molecule."""
        found = training.get("shortest") if self.limit is None else self.limit
        return self.model_copy(update={"limit": _given(name, found)})


class CarbonRun(WritingTerm):
    """Minus the number of carbons by which the longest run of C exceeds the training data's.

    >>> from sequence_tutor.molecule.terms import CarbonRun, raw_number
    >>> raw_number(CarbonRun(limit=6), "CCCCCCCCO")
    -2.0
    """

    source: ClassVar[str] = "Jaques et al. 2017, https://arxiv.org/abs/1611.02796, section 6"
    unit: ClassVar[str] = "carbons, 0 or less"
    kind: Literal["carbon_run"] = "carbon_run"
    limit: int | None = Field(
        None, ge=0, description="carbons without a penalty; unset: from the prior's training data"
    )
    quantile: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of the training data within the limit: 1 is the longest run of all, "
        "which one unusual molecule can make useless",
    )

    def __call__(self, smiles: str, tokens: int) -> float:
        """0 up to the limit; without a limit always 0."""
        if self.limit is None:
            return 0.0
        return float(min(0, self.limit - longest_carbon_run(smiles)))

    def limited(self, name: str, training: Mapping[str, Any]) -> Self:
        """The limit is the longest run of the training data, or a quantile of the runs."""
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
