"""Options of `sample` that say what molecules are designed around: a part, two ends, another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sequence_tutor.cli.arguments import option
from sequence_tutor.errors import UserError, shown

if TYPE_CHECKING:
    from sequence_tutor.domain import Around

WINDOW = "0.5..0.7"

Near = Annotated[str | None, option("molecule that they are to resemble", "SMILES")]
Similarity = Annotated[
    str | None,
    option(f"to it, lowest and highest, of ECFP4 fingerprints; default {WINDOW}", "LOW..HIGH"),
]


@Parameter(name="*", group="design molecules")
@dataclass(frozen=True, kw_only=True)
class Designing:
    """What molecules are designed around."""

    scaffold: Annotated[
        str | None,
        option('part that they contain, with groups at each [*]: "[*]c1ccncc1"', "SMILES"),
    ] = None
    ends: Annotated[
        str | None,
        option('two parts to link, "A[*].B[*]": "[*]c1ccncc1.[*]N1CCOCC1"', "SMILES"),
    ] = None
    near: Near = None
    similarity: Similarity = None

    @property
    def is_asked(self) -> bool:
        """Whether any of these options was given."""
        given = (self.scaffold, self.ends, self.near, self.similarity)
        return any(value is not None for value in given)

    def around(self) -> Around:
        """What they are designed around.

        Raises:
            UserError: several are given, or a similarity without a molecule, or one that is no
                window.
        """
        from sequence_tutor.domain import Ends, Near, Scaffold

        given = [self.scaffold, self.ends, self.near]
        if sum(one is not None for one in given) > 1:
            raise UserError("--scaffold, --ends and --near exclude each other, expected one")
        if self.near is not None:
            return Near(self.near, read_window(self.similarity or WINDOW))
        if self.similarity is not None:
            raise UserError("--similarity is to a molecule, expected --near SMILES beside it")
        return Scaffold(self.scaffold or "") if self.ends is None else Ends(self.ends)


def read_window(text: str) -> tuple[float, float]:
    """Two numbers, such as 0.5..0.7; one alone is the lowest.

    Raises:
        UserError: it is no window.
    """
    low, dots, high = text.partition("..")
    refusal = UserError(
        f"--similarity {shown(text)}: expected two numbers from 0 to 1, the lower one first, such "
        f"as {WINDOW}"
    )
    try:
        window = float(low), float(high) if dots else 1.0
    except ValueError:
        raise refusal from None
    if not 0 <= window[0] <= window[1] <= 1:  # NaN is none either
        raise refusal
    return window
