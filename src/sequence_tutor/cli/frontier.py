"""`sequence-tutor frontier`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, fields
from pathlib import Path
from typing import Annotated

from sequence_tutor.cli.arguments import DomainName, Machine, Shown, Tuning
from sequence_tutor.cli.compare import SideBySide
from sequence_tutor.cli.given import arguments_of, settings_given
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.errors import UnfinishedError, UserError


@dataclass(frozen=True)
class FrontierVerb:
    """Show what reward costs in divergence from the prior: tune over a range of c.

    The result has the tuned points, the prior, RL only, the best of n sequences of the prior, and
    the exact optimum where the problem can be enumerated. Each c starts from the weights and the
    scored sequences of the one before. After an interruption the same command continues.

    With --aim it is the price curve of one aim in place of c: one run for each of its values, other
    aims fixed, with the divergence, the price that the multiplier says, and the slope that should
    be that price.

    Example: sequence-tutor frontier melody --c 1,2,4,8,16 --out frontier
             sequence-tutor frontier melody --aim "last_note_is_tonic >= 40,60,80 %" --out prices
    """

    domain: DomainName
    _: KW_ONLY
    out: Annotated[Path, option("folder for runs, numbers and picture", "DIR")]
    c: Annotated[str, option("temperatures with commas between them", "C,...")] = (
        "0.1,0.2,0.5,1,2,5,10"
    )
    aim: Annotated[
        tuple[str, ...],
        option("an aim, one of them with several values, such as ROW >= 1,2,5 %", "AIM..."),
    ] = ()
    algorithm: Annotated[str, option("a method that compare knows", "NAME")] = "psi"
    seeds: Annotated[int, option("runs of each c", "N")] = 1
    share: Annotated[float, option("updates of each later c, as a share of those of the first")] = (
        0.25
    )
    samples: Annotated[int, option("sequences that each point is measured with", "N")] = 4096
    pool: Annotated[int, option("sequences of the prior for best of n", "N")] = 50_000
    steps: Annotated[int | None, option("updates of the first c", "N")] = None
    preset: Annotated[str, option("shipped settings of tune", "NAME")] = "compare"
    side_by_side: SideBySide = None
    tuning: Tuning = Tuning()
    machine: Machine = Machine()
    shown: Shown = Shown()

    def run(self) -> None:
        """Sweep, then show the points."""
        if self.aim:
            self._price_curve()
            return
        from sequence_tutor.tuner.settings import TuneSettings
        from sequence_tutor.verbs.frontier import frontier
        from sequence_tutor.workbench.frontier import points_table

        given = settings_given(self, TuneSettings, "steps")
        self.tuning.remark_replaced(
            "frontier", "seed", "c", "stages", "evaluate_every", "evaluate_samples"
        )
        own = arguments_of(self, "c", "steps", "aim")
        try:
            found = frontier(c=numbers(self.c), overrides={"tune": given}, **own)
        except UnfinishedError as unfinished:
            self.shown.remark(f"{unfinished}.")
            return
        self.shown.write(found.to_json())
        show(points_table(found.points))
        self.shown.remark(f"Picture, numbers and runs are in {self.out}.")

    def _price_curve(self) -> None:
        """Tune for each value of an aim, then show prices and slopes."""
        from sequence_tutor.verbs.price_curve import price_curve

        tables = {"algorithm": self.algorithm, "seed": 0}
        tables |= {} if self.steps is None else {"steps": self.steps}
        of_c = ("c", "seeds", "share", "pool", "side_by_side")
        usual = {field.name: field.default for field in fields(self)}
        for name in of_c:
            if getattr(self, name) != usual[name]:
                raise UserError(
                    f"--{name.replace('_', '-')} does not go with --aim: it has one run for each "
                    "value of the aim, one after the other"
                )
        left = ("steps", "aim", "algorithm", *of_c)
        curve = price_curve(aims=self.aim, overrides={"tune": tables}, **arguments_of(self, *left))
        self.shown.write(curve.to_json())
        show(curve.table())
        self.shown.remark(f"Picture, numbers and runs are in {self.out}.")


def numbers(text: str) -> list[float]:
    """The numbers of a list with commas."""
    values = []
    for part in text.split(","):
        try:
            values.append(float(part))
        except ValueError:
            raise UserError(
                f"--c: {part!r} was given, expected numbers with commas between them"
            ) from None
    return values
