"""Check a user's function or program on ten molecules."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.terms import BatchFunction

TEN_MOLECULES = (
    "CC(=O)Oc1ccccc1C(=O)O",  # aspirin
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",  # caffeine
    "CC(N)Cc1ccccc1",  # amphetamine
    "CN(CC(=O)O)C(=N)N",  # creatine
    "CCO",
    "c1ccccc1",
    "N",
    "[Na+].[Cl-]",
    "C1CCCCCCCCCCCCC1",  # a macrocycle
    "CCCCCCCCCCCCCCCCCCCC",
)
"""Drugs and difficult cases: no carbon, two parts, a large ring, a long chain."""


@dataclass(frozen=True)
class CheckedScorer:
    """The result for a scorer that works.

    Attributes:
        values: its numbers for `TEN_MOLECULES`; NaN where it has none.
        seconds: for all ten, the faster of two runs.
    """

    values: tuple[float, ...]
    seconds: float

    @property
    def failures(self) -> tuple[str, ...]:
        """Molecules without a number."""
        pairs = zip(TEN_MOLECULES, self.values, strict=True)
        return tuple(smiles for smiles, value in pairs if math.isnan(value))


def check_scorer(name: str, function: BatchFunction) -> CheckedScorer:
    """Run a user's function or program twice on ten molecules, the second time in reverse order.

    Raises:
        UserError: it fails, gives no number for any molecule, a wrong count of numbers, or other
            numbers the second time.
    """
    forward, first = _timed(function, TEN_MOLECULES)
    backward, second = _timed(function, TEN_MOLECULES[::-1])
    for given in (forward, backward):
        if len(given) != len(TEN_MOLECULES):
            raise UserError(f"term {name!r} gave {len(given)} numbers for ten molecules")
    if all(map(math.isnan, forward)):
        raise UserError(
            f"term {name!r} gave no number for any of ten molecules, expected one for most"
        )
    for smiles, one, other in zip(TEN_MOLECULES, forward, backward[::-1], strict=True):
        if one != other and not (math.isnan(one) and math.isnan(other)):
            raise UserError(
                f"term {name!r} gave {smiles!r} {one:g} and then, in another order, {other:g}, "
                "expected the same number every time"
            )
    return CheckedScorer(tuple(forward), min(first, second))


def _timed(function: BatchFunction, smiles: tuple[str, ...]) -> tuple[list[float], float]:
    begun = time.perf_counter()
    values = list(function(smiles))
    return values, time.perf_counter() - begun
