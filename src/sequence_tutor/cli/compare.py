"""`sequence-tutor compare`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated

from sequence_tutor.cli.arguments import Aims, DomainName, Machine, Shown, Tuning
from sequence_tutor.cli.given import aims_table, arguments_of, settings_given, with_commas
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.errors import UnfinishedError

SideBySide = Annotated[
    str | None,
    option(
        "compute the runs side by side: local (in processes of this machine), ray (on a Ray "
        "cluster, whose machines see --out under the same path), the name of an installed package, "
        "or shared: every process that is given this command takes runs that no other is at; one "
        "after the other if unset",
        "NAME",
    ),
]


@dataclass(frozen=True)
class Compare:
    """Compare methods on one problem under one budget of scored sequences.

    Methods are psi, g, q, rl-only, tb (trajectory balance), path-consistency, reinforce,
    reinforce-kl, actor-critic, bahdanau, ppo, dap, raml, raml-edits, raml-edit-distance, dpg, gdc,
    rloo, grpo, mixer, psi-rawlik, g-fox and transfer, the one-step forms psi-one-step, g-one-step
    and q-one-step, and best-of-n and sir (importance resampling), which train nothing. After an
    interruption the same command continues; a finished run is not repeated.

    With --aim every method finds its own weights for the same aims, and the table shows how many of
    them each meets, its worst miss and how far it went from the prior. rl-only, reinforce,
    raml-edits, raml-edit-distance, gdc, grpo, mixer, psi-rawlik, g-fox, transfer, best-of-n and sir
    cannot hold aims.

    Example: sequence-tutor compare melody --methods psi,g,tb,ppo,best-of-n --out comparison
             sequence-tutor compare melody --methods psi,g,tb --aim "last_note_is_tonic >= 90 %"
               --out aimed
    """

    domain: DomainName
    _: KW_ONLY
    out: Annotated[Path, option("folder for runs, table and curves", "DIR")]
    methods: Annotated[str, option("methods, with commas between them", "NAME,...")] = (
        "psi,g,q,reinforce-kl,ppo,dap,tb"
    )
    budget: Annotated[int, option("sequences that each run may have scored", "N")] = 200_000
    seeds: Annotated[int, option("runs of each method", "N")] = 3
    samples: Annotated[int, option("sequences that each run is evaluated with", "N")] = 10_000
    aim: Aims = ()
    c: Annotated[float | None, option("temperature: divides the reward")] = None
    preset: Annotated[str, option("shipped settings of tune", "NAME")] = "compare"
    side_by_side: SideBySide = None
    tuning: Tuning = Tuning()
    machine: Machine = Machine()
    shown: Shown = Shown()

    def run(self) -> None:
        """Run every method, then show the table."""
        from sequence_tutor.tuner.settings import TuneSettings
        from sequence_tutor.verbs.compare import compare

        given = settings_given(self, TuneSettings, "c")
        self.tuning.remark_replaced("compare", "seed", "budget", "steps", "evaluate_every")
        try:
            comparison = compare(
                methods=with_commas("--methods", self.methods),
                overrides={"tune": given},
                aims=aims_table(self.aim),
                **arguments_of(self, "methods", "c", "aim"),
            )
        except UnfinishedError as unfinished:
            self.shown.remark(f"{unfinished}.")
            return
        self.shown.write(comparison.to_json())
        for table in comparison.tables():
            show(table)
        self.shown.remark(f"Runs, table and curves are in {self.out}.")
