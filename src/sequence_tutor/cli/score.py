"""`sequence-tutor score`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated

from sequence_tutor.cli.arguments import (
    Column,
    DomainName,
    ExecutorName,
    Quiet,
    Rules,
    Shards,
    Standardised,
    StoredModels,
)
from sequence_tutor.cli.given import arguments_of
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.drawing.table import Table

MOST_SHOWN = 40


@dataclass(frozen=True)
class ScoreVerb:
    """Show what every rule pays at every step of given melodies, or how molecules score.

    Melodies: lists of tokens (lines of JSON such as {"tokens": [14, 1, 18, 0]}, 1 to 512 tokens),
    MIDI, ABC and MusicXML. Each is scored in the key of the settings, else in the key that its
    file names, else in the one estimated from its notes. Every rule has weight 1, unless a
    settings file, a preset or a run is given: then the reward is the one that tune uses with it,
    and each rule's payment is multiplied by its weight, so that the payments sum to the total.
    Molecules: one SMILES a line (blank lines count), a table, of which --column chooses a column,
    or an SD file. Each molecule gets the raw value of every term (null where it is not valid), the
    score of terms that have a transform, and the total; --out and --json keep names and columns.

    Example: sequence-tutor score melody mine.jsonl tune.mid --json scores.jsonl
             sequence-tutor score molecule mine.smi --json scores.jsonl
             sequence-tutor score molecule assay.csv --out scored.csv
             sequence-tutor score molecule library.smi --shards 100 --out scores
    """

    domain: DomainName
    files: Annotated[tuple[Path, ...], option("what to score", "FILE...")] = ()
    _: KW_ONLY
    rules: Rules = None
    config: Annotated[
        Path | None,
        option("settings file of tune, whose tables reward and output are used", "FILE.toml"),
    ] = None
    preset: Annotated[
        str | None,
        option("shipped settings of tune; with --config the default ones if not given", "NAME"),
    ] = None
    reward_of: Annotated[
        Path | None, option("folder of a run, whose reward is used", "RUN", name="run")
    ] = None
    stored: StoredModels = StoredModels()
    json: Annotated[
        Path | None, option("one line a sequence, in order", "OUT.jsonl", name="json")
    ] = None
    out: Annotated[
        Path | None,
        option(
            "molecules as .csv, .sdf or .smi, with the columns read; of --shards a folder", "FILE"
        ),
    ] = None
    column: Column = None
    standardise: Standardised = None
    executor: ExecutorName = None
    shards: Shards = None
    quiet: Quiet = False

    @property
    def OUT_IS_FILE(self) -> bool:  # noqa: N802 # as in the other verbs
        """Whether --out is a file; that of shards is a folder."""
        return self.shards is None

    def run(self) -> None:
        """Score, then show the totals of the first sequences."""
        if self.shards is not None:
            self._begin_shards(self.shards)
            return
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
            executor=self.executor,
            quiet=self.quiet,
            most_kept=MOST_SHOWN,
        )
        rows = [
            {"sequence": str(n), **scores.domain.score_row(scored)}
            for n, scored in enumerate(scores, start=1)
        ]
        lines: list[str | Table] = [*scores.remarks]
        if rows:
            table = Table(list(rows[0]), [list(row.values()) for row in rows])
            lines += [table, scores.weights]
        if scores.in_all > MOST_SHOWN:
            lines.append(f"... and {scores.in_all - MOST_SHOWN} more")
        if scores.valid is not None:
            lines.append(f"{scores.valid:,} of {scores.in_all:,} valid")
        for line in lines:
            if isinstance(line, Table) or not self.quiet:
                show(line)
        if scores.damaged:
            raise UserError(
                "; ".join(scores.damaged) + "; the sequences before the damage are scored"
            )

    def _begin_shards(self, shards: int) -> None:
        """Score in shards, beside whoever else does, and show the sums."""
        from sequence_tutor.cli.work import show_summary
        from sequence_tutor.errors import UserError
        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.work import score_shards

        if self.out is None or not self.files:
            raise UserError("--shards needs files to score and a folder for them, --out FOLDER")
        for name in ("json", "reward_of"):
            if getattr(self, name) is not None:
                said = "run" if name == "reward_of" else name
                raise UserError(f"--{said} does not go with --shards, whose result is --out")
        set_threads(1)
        found = score_shards(
            self.domain,
            self.files,
            shards,
            self.out,
            rules=self.rules,
            config=self.config,
            preset=self.preset,
            column=self.column,
            standardise=self.standardise,
            executor=self.executor,
            quiet=self.quiet,
        )
        show_summary(found, self.out, quiet=self.quiet)
