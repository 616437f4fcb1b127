"""`sequence-tutor check`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

from sequence_tutor.cli.arguments import (
    Config,
    DomainName,
    Json,
    Preset,
    Quiet,
    Rules,
    Trust,
    option,
    show,
    write_numbers,
)


@dataclass(frozen=True)
class Check:
    """Find the first mistake of a prior or of rules of your own, and see what they cost.

    Example: sequence-tutor check melody --rules my_rules.py
             sequence-tutor check text --prior my_prior.py
    """

    domain: DomainName
    prior: Annotated[
        str | None, option("prior as tune takes it; else the domain's", "NAME|DIR|FILE.py")
    ] = None
    preset: Preset = "default"
    config: Config = None
    rules: Rules = None
    trust: Trust = False
    json: Json = None
    quiet: Quiet = False

    def run(self) -> None:
        """Check, then show what each term paid and how long prior and reward took."""
        from rich.table import Table

        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.check import check

        set_threads(1)
        found = check(
            self.domain,
            prior=self.prior,
            preset=self.preset,
            config=self.config,
            rules=self.rules,
            trust=self.trust,
        )
        write_numbers(self.json, asdict(found))
        table = Table("term", "paid to a sequence")
        table.columns[1].justify = "right"
        for name, mean in found.terms.items():
            table.add_row(name, f"{mean:.4g}")
        show(table)
        if not self.quiet:
            show(
                f"Prior and reward keep their promises. {found.sequences} sequences took "
                f"{found.sampling_seconds * 1e3:.3g} ms to sample and "
                f"{found.scoring_seconds * 1e3:.3g} ms to score."
            )
