"""Terms of how a molecule is written: too short, or a run of carbons longer than any learned."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from sequence_tutor.molecule.chemistry import longest_carbon_run
from sequence_tutor.molecule.terms.term import WritingTerm


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
