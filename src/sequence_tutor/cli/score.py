"""`sequence-tutor score`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional

from sequence_tutor.cli.arguments import (
    DomainName,
    Quiet,
    Rules,
    option,
    show,
)

if TYPE_CHECKING:
    from rich.table import Table

MOST_SHOWN = 40


@dataclass(frozen=True)
class Score:
    """Say what every rule pays at every step of given sequences.

    Takes lists of tokens (lines of JSON such as {"tokens": [14, 1, 18, 0]}, 1 to 512 tokens) and,
    for melodies, MIDI, ABC and MusicXML. Rewards are not scaled and every weight is 1, unless a
    settings file has a table reward.

    Example: sequence-tutor score melody mine.jsonl tune.mid --json scores.jsonl
    """

    domain: DomainName
    files: Annotated[Positional[tuple[Path, ...]], option("what to score", "FILE...")]
    rules: Rules = None
    config: Annotated[
        Path | None, option("its table reward: weights, constants, key", "FILE.toml")
    ] = None
    json: Annotated[
        Path | None, option("one line a sequence, in order", "OUT.jsonl", name="json")
    ] = None
    quiet: Quiet = False

    def run(self) -> None:
        """Score, then show the sums of the first sequences."""
        from sequence_tutor.errors import UserError
        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.score import score

        if not self.files:
            raise UserError("no file to score was given, expected at least one")
        set_threads(1)  # the rules are too small to share out
        scored = score(
            self.domain,
            self.files,
            self.json,
            rules=self.rules,
            config=self.config,
            quiet=self.quiet,
        )
        if scored:
            show(sums_table(scored[:MOST_SHOWN]))
        if len(scored) > MOST_SHOWN and not self.quiet:
            show(f"... and {len(scored) - MOST_SHOWN} more")


def sums_table(scored: Sequence[dict[str, Any]]) -> Table:
    """One row a sequence: what each rule pays in all."""
    from rich.table import Table

    names = list(scored[0]["reward"])
    table = Table("sequence", "tokens", *names, "total")
    for column in table.columns:
        column.justify = "right"
    for number, entry in enumerate(scored, start=1):
        sums = [sum(entry["reward"][name]) for name in names]
        cells = [f"{value:.2f}" for value in (*sums, sum(entry["total"]))]
        table.add_row(str(number), str(len(entry["tokens"])), *cells)
    return table
