"""`sequence-tutor check`."""

from __future__ import annotations

from dataclasses import KW_ONLY, asdict, dataclass

from sequence_tutor.cli.arguments import Aims, DomainName, Preset, Shown, Tuning
from sequence_tutor.cli.given import aims_table, arguments_of
from sequence_tutor.cli.printing import show
from sequence_tutor.drawing.table import Table


@dataclass(frozen=True)
class Check:
    """Find the first mistake of a prior or of rules of your own, and see what they cost.

    Example: sequence-tutor check melody --rules my_rules.py
             sequence-tutor check text --prior my_prior.py
    """

    domain: DomainName
    _: KW_ONLY
    preset: Preset = "default"
    aim: Aims = ()
    tuning: Tuning = Tuning()
    shown: Shown = Shown()

    def run(self) -> None:
        """Check, then show what each term paid and how long prior and reward took."""
        from sequence_tutor.threads import set_threads
        from sequence_tutor.verbs.check import check

        set_threads(1)
        found = check(
            self.domain,
            preset=self.preset,
            aims=aims_table(self.aim),
            **arguments_of(self.tuning),
        )
        self.shown.write(asdict(found))
        numbers = ("mean", "spread", "weight", "odds of 1 point", "odds of a spread", "1 nat at")
        shown = 2 if found.aims_alone else len(numbers)  # columns: then nothing is weighed
        rows = []
        for name, mean in found.terms.items():
            one = found.strengths[name]
            cells = (mean, one.spread, one.weight, one.odds, one.odds_of_a_spread, one.proposed)
            rows.append([name, *("" if cell is None else f"{cell:.3g}" for cell in cells[:shown])])
        show(Table(["term", *numbers[:shown]], rows))
        if found.paid_at_the_end:
            late = ", ".join(found.paid_at_the_end)
            show(f"Paid at the last step, because they look ahead: {late}.")
        aims = f"{len(found.aims)} aim{'s' if len(found.aims) > 1 else ''}"
        self.shown.remark(
            f"Tuning has {aims} and nothing else: it finds what they are "
            "paid, and no weight counts. `aims price` says what they cost."
            if found.aims_alone
            else f"At c = {found.c:g} tuning makes a sequence e^(weight / c) times as likely for 1 "
            "point more from a rule, and e^(weight x spread / c) times for one spread more. "
            "Odds near 1 have no effect; at the weight in the last column a spread is worth "
            "1 nat, about as much as differences between sequences under the prior."
        )
        self.shown.remark(
            f"Prior and reward keep their promises. {found.sequences} sequences took "
            f"{found.sampling_seconds * 1e3:.3g} ms to sample and "
            f"{found.scoring_seconds * 1e3:.3g} ms to score."
        )
