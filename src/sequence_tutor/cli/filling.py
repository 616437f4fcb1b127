"""`sample` keeps bars of a tune and writes the rest, within a range, a scale, chords, a form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.errors import UserError

if TYPE_CHECKING:
    from sequence_tutor.cli.sample import Sample
    from sequence_tutor.config.settings import Settings
    from sequence_tutor.evaluation.model import Model


@Parameter(name="*", group="keep and write")
@dataclass(frozen=True, kw_only=True)
class Filling:
    """What is kept of a tune, and what is written instead of the rest."""

    source: Annotated[
        Path | None, option("tune of which parts are kept or varied", "FILE", name="from")
    ] = None
    keep: Annotated[
        str | None,
        option(
            'bars of it to keep, such as "1-2, 5 rhythm, 7 pitches"; an upbeat is bar 0', "BARS"
        ),
    ] = None
    vary: Annotated[
        float | None, option("share of the rest that is to sound otherwise than in it", "SHARE")
    ] = None
    best: Annotated[
        int | None, option("of the -n candidates write the N of the highest reward", "N")
    ] = None
    range: Annotated[
        str | None, option("lowest and highest pitch, or an instrument: C4..G5, flute", "RANGE")
    ] = None
    scale: Annotated[str | None, option('scale of new notes, such as "D dorian"', "SCALE")] = None
    chords: Annotated[
        str | None,
        option('chords to fit, such as "Dm7 | G7 | C", or file for those of the tune', "CHORDS"),
    ] = None
    form: Annotated[str | None, option('sections that come back, such as "A A\' B A"', "FORM")] = (
        None
    )
    weights: Annotated[
        str | None,
        option('weights of rules, such as "key 2, tonic 1"; a prior has no others', "WEIGHTS"),
    ] = None
    rules: Annotated[Path | None, option("rules of your own, for a prior", "FILE.py")] = None
    particles: Annotated[int | None, option("particles of each candidate", "N")] = None

    @property
    def is_asked(self) -> bool:
        """Whether any of these options was given."""
        return any(value is not None for value in vars(self).values())

    @property
    def weight_of(self) -> dict[str, float] | None:
        """Rule -> weight; None where none was given.

        Raises:
            UserError: a weight that is no name and a number.
        """
        if self.weights is None:
            return None
        found: dict[str, float] = {}
        for item in self.weights.split(","):
            name, _, number = item.replace("=", " ").strip().rpartition(" ")
            if name.strip() in found:
                raise UserError(f"--weights {self.weights!r}: {name.strip()} has two weights")
            try:
                found[name.strip()] = float(number)
            except ValueError:
                name = ""
            if not name:
                raise UserError(
                    f"--weights {self.weights!r}: {item.strip()!r} is no weight, expected a rule "
                    "and a number, such as key 2"
                )
        return found


def fill_samples(asked: Sample, model: Model, settings: Settings) -> None:
    """Write what is not kept of a tune, and show the candidates.

    Args:
        asked: the whole command.
        model: writes them.
        settings: of the files.

    Raises:
        UserError: options that do not go together, or wishes that cannot be met.
    """
    from sequence_tutor.verbs.fill import fill

    for name, value in (("prime", asked.prime), ("column", asked.column)):
        if value is not None:
            raise UserError(f"--{name} does not go with what is kept and written: use --from")
    if asked.repeats or asked.temperature != 1 or asked.executor is not None:
        raise UserError(
            "--repeats, --temperature and --executor do not go with what is kept and written; "
            "--c says how strongly rewards count"
        )
    wishes = asked.filling
    more = {} if wishes.particles is None else {"particles": wishes.particles}
    filled = fill(
        model,
        asked.count if wishes.best is None else max(asked.count, wishes.best),
        asked.out,
        source=wishes.source,
        keep=wishes.keep or "",
        vary=wishes.vary,
        pitch_range=wishes.range or "",
        scale=wishes.scale or "",
        chords=wishes.chords or "",
        form=wishes.form or "",
        weights=wishes.weight_of,
        config=asked.config,
        c=asked.c,
        best=wishes.best,
        length=asked.length,
        seed=asked.seed,
        settings=settings,
        quiet=asked.shown.quiet,
        **more,
    )
    asked.shown.write(filled.to_json())
    if not asked.shown.quiet:
        show(filled.table())
    several = "melody is" if len(filled) == 1 else "melodies are, the best first,"
    asked.shown.remark(f"{len(filled)} {several} in {asked.out}.")
