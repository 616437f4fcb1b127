"""`sequence-tutor aims list`, `aims from`, `aims price`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from sequence_tutor.cli.arguments import Aims, DomainName, Preset, Seed, Shown, Tuning
from sequence_tutor.cli.given import aims_table, arguments_of, length_given
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show

RowNames = Annotated[
    tuple[str, ...],
    option(
        'only these rows; a row can also be a definition: mean_TPSA, "TPSA in 40..90" or '
        '"has c1ccncc1" or "mean similarity to CCO" of molecules, "matches REGEX" or "contains '
        'TEXT" of lines',
        "ROW...",
    ),
]
Length = Annotated[int | None, option("tokens of a sequence; default: that of the settings", "T")]
Samples = Annotated[int, option("sequences of the prior, from which its values are computed", "N")]
HeldOut = Annotated[
    bool, option("only sequences on which a prior trained on these files would be tested")
]


@dataclass(frozen=True)
class AimsList:
    """List the rows that can have an aim, with their ranges and their values for the prior.

    An aim is a row with the value that it should have; the option --aim of tune and the table
    [aims] of a settings file take aims. Rules of your own are rows too, under their names: the
    mean payment for a sequence.

    Example: sequence-tutor aims list melody
             sequence-tutor aims list molecule --rows valid "TPSA in 40..90" "has c1ccncc1"
    """

    domain: DomainName
    _: KW_ONLY
    rows: RowNames = ()
    length: Length = None
    samples: Samples = 2_000
    preset: Preset = "default"
    tuning: Tuning = Tuning()
    seed: Seed = 0
    shown: Shown = Shown()

    def run(self) -> None:
        """Show one line a row."""
        from sequence_tutor.evaluation.aimed import rows_table
        from sequence_tutor.verbs.aims import list_aims

        rows = list_aims(**_arguments(self))
        self.shown.write([row.to_json() for row in rows])
        show(rows_table(rows))


@dataclass(frozen=True)
class AimsFrom:
    """Make aims from real tunes, molecules or lines, so that tuned sequences resemble them.

    Prints a settings file whose table [aims] has, for each row, the 95 % interval of its value over
    the given sequences. A row that the prior meets already costs little or nothing. Delete the rows
    that do not matter to you. With --table the distance of the prior from each row is shown.

    Example: sequence-tutor aims from melody my_tunes/ --length 128 --out aims.toml
             sequence-tutor tune melody --config aims.toml --out runs/like_mine
    """

    domain: DomainName
    paths: Annotated[tuple[Path, ...], option("files, folders and archives", "PATH...")] = ()
    _: KW_ONLY
    rows: RowNames = ()
    length: Length = None
    held_out: HeldOut = False
    out: Annotated[
        Path | None, option("write the settings file here instead of printing it", "FILE.toml")
    ] = None
    table: Annotated[bool, option("show the distance of the prior from each row, not the file")] = (
        False
    )
    samples: Samples = 2_000
    preset: Preset = "default"
    tuning: Tuning = Tuning()
    seed: Seed = 0
    shown: Shown = Shown()

    OUT_IS_FILE: ClassVar[bool] = True

    def run(self) -> None:
        """Show the aims."""
        from sequence_tutor.errors import UserError
        from sequence_tutor.evaluation.aimed import aims_table
        from sequence_tutor.storage.named_files import write_named_text
        from sequence_tutor.verbs.aims import aims_from

        if not self.paths:
            raise UserError("no file to read aims off was given, expected at least one")
        quiet = self.shown.quiet
        found = aims_from(paths=self.paths, held_out=self.held_out, quiet=quiet, **_arguments(self))
        self.shown.write(found.to_json())
        if self.out is not None:
            write_named_text(self.out, found.toml())
        if self.table:
            show(aims_table(found.rows, f"{found.count:,} {found.what}"))
        elif self.out is None:
            print(found.toml(), end="")


@dataclass(frozen=True)
class AimsPrice:
    """What aims would cost, before any training.

    The sequences of the prior are weighed so that they meet the aims at the least divergence from
    it. For each aim: what one more point or unit costs, what the aim costs alone, and what is saved
    without it. This is the least that any policy pays; a trained one pays more. Aims far from the
    prior cannot be priced so; tune prices those it comes to.

    Example: sequence-tutor aims price molecule --aim "mean_qed >= 0.85" "TPSA in 40..90 >= 90 %"
    """

    domain: DomainName
    _: KW_ONLY
    aim: Aims = ()
    length: Length = None
    samples: Annotated[int, option("sequences of the prior", "N")] = 5_000
    preset: Preset = "default"
    tuning: Tuning = Tuning()
    seed: Seed = 0
    shown: Shown = Shown()

    def run(self) -> None:
        """Show one line an aim."""
        from sequence_tutor.verbs.aims import price_aims

        found = price_aims(aims=aims_table(self.aim), quiet=self.shown.quiet, **_common(self))
        self.shown.write(found.to_json())
        show(found.table())


def _common(verb: AimsList | AimsFrom | AimsPrice) -> dict[str, Any]:
    """What all functions are called with; `Any`, because each argument has a type of its own."""
    names = ("domain", "length", "samples", "preset", "seed")
    length_given(verb.length)  # refused under its name
    given = {name: getattr(verb, name) for name in names}
    return {**given, **arguments_of(verb.tuning)}


def _arguments(verb: AimsList | AimsFrom) -> dict[str, Any]:
    """The same and the rows."""
    return {**_common(verb), "names": verb.rows or None}


AIMS = {"list": AimsList, "from": AimsFrom, "price": AimsPrice}
