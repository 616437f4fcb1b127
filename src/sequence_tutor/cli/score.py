"""`sequence-tutor score`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from sequence_tutor.cli.arguments import (
    Column,
    DomainName,
    Quiet,
    Rules,
    Standardised,
    Stored,
    arguments_of,
    option,
    show,
)
from sequence_tutor.drawing.table import Table

MOST_SHOWN = 40


@dataclass(frozen=True)
class Score:
    """Say what every rule pays at every step of given melodies, or what molecules are worth.

    Melodies: lists of tokens (lines of JSON such as {"tokens": [14, 1, 18, 0]}, 1 to 512 tokens),
    MIDI, ABC and MusicXML, each judged in the key that its file names, else in the one that its
    notes tell, unless the settings name one. Every rule has weight 1, unless a settings file, a
    preset or a run is named: then the reward is that which tune takes or took with it, and what
    rules pay is multiplied by their weights, so that it adds up to the total. Molecules: a text
    file with a SMILES a line; every line, a blank one too, becomes a line with the raw value of
    each term, null where it is no valid molecule, the score of those terms that have a transform,
    and the total.
    Tables, of which --column chooses a column, and SD files likewise; names and other columns are
    kept in --out and --json.

    Example: sequence-tutor score melody mine.jsonl tune.mid --json scores.jsonl
             sequence-tutor score molecule mine.smi --json scores.jsonl
             sequence-tutor score molecule assay.csv --out scored.csv
    """

    domain: DomainName
    files: Annotated[tuple[Path, ...], option("what to score", "FILE...")] = ()
    _: KW_ONLY
    rules: Rules = None
    config: Annotated[
        Path | None, option("settings file of tune, whose reward is taken", "FILE.toml")
    ] = None
    preset: Annotated[
        str | None,
        option("shipped settings of tune; with --config by default the default ones", "NAME"),
    ] = None
    reward_of: Annotated[
        Path | None, option("folder of a run, whose reward is taken", "RUN", name="run")
    ] = None
    stored: Stored = Stored()
    json: Annotated[
        Path | None, option("one line a sequence, in order", "OUT.jsonl", name="json")
    ] = None
    out: Annotated[
        Path | None, option("molecules as .csv, .sdf or .smi, with what was read", "FILE")
    ] = None
    column: Column = None
    standardise: Standardised = None
    quiet: Quiet = False

    OUT_IS_FILE: ClassVar[bool] = True

    def run(self) -> None:
        """Score, then show the sums of the first sequences."""
        from sequence_tutor.errors import UserError
        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.score import score

        if not self.files:
            raise UserError("no file to score was given, expected at least one")
        set_threads(1)  # the rules are too small to share out
        scores = score(
            self.domain,
            self.files,
            self.json,
            rules=self.rules,
            config=self.config,
            preset=self.preset,
            run=self.reward_of,
            **arguments_of(self.stored),
            table=self.out,
            column=self.column,
            standardise=self.standardise,
            quiet=self.quiet,
            most_kept=MOST_SHOWN,
        )
        for remark in () if self.quiet else scores.remarks:
            show(remark)
        if scores.in_all == 0 and not self.quiet:
            show("There is no sequence to score.")
        if scores:
            rows = [
                {"sequence": str(n), **scores.domain.score_row(scored)}
                for n, scored in enumerate(scores, start=1)
            ]
            show(Table(list(rows[0]), [list(row.values()) for row in rows]))
        if scores and not self.quiet:
            show(scores.weights)
        if scores.in_all > MOST_SHOWN and not self.quiet:
            show(f"... and {scores.in_all - MOST_SHOWN} more")
        if scores.valid is not None and not self.quiet:
            show(f"{scores.valid:,} of {scores.in_all:,} valid")
        if scores.damaged:
            raise UserError("; ".join(scores.damaged) + "; what stands before it is scored")
