"""`sample` designs molecules around a part, two ends or another molecule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.errors import UserError, shown

if TYPE_CHECKING:
    from sequence_tutor.cli.sample import Sample
    from sequence_tutor.config.settings import Settings
    from sequence_tutor.domain import Around
    from sequence_tutor.evaluation.model import Model

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


def design_samples(asked: Sample, model: Model, settings: Settings) -> None:
    """Write molecules around what is given, and show the best.

    Args:
        asked: the whole command.
        model: writes them.
        settings: of the files.

    Raises:
        UserError: options that do not go together, or a part that cannot be used.
    """
    from sequence_tutor.verbs.design import design

    rest = replace(asked.filling, best=None, weights=None)
    others = (asked.prime, asked.column, asked.executor, rest.is_asked or None)
    if asked.repeats or any(one is not None for one in others):
        raise UserError(
            "--scaffold, --ends and --near go with --best, --weights, --config, --temperature "
            "and --length, and with no other way of writing"
        )
    found = design(
        model,
        asked.designing.around(),
        max(asked.count, asked.filling.best or 0),
        asked.out,
        temperature=asked.temperature,
        weights=asked.filling.weight_of,
        config=asked.config,
        best=asked.filling.best,
        length=asked.length,
        seed=asked.seed,
        settings=settings,
        quiet=asked.shown.quiet,
    )
    asked.shown.write(found.to_json())
    if not asked.shown.quiet:
        show(found.table())
    several = "molecule is" if len(found) == 1 else "molecules are, the best first,"
    asked.shown.remark(f"{len(found)} {several} in {asked.out}.")
