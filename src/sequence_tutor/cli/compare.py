"""`sequence-tutor compare`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sequence_tutor.cli.arguments import (
    Config,
    Device,
    DomainName,
    Json,
    PriorName,
    Quiet,
    Rules,
    Threads,
    Trust,
    device_named,
    option,
    show,
    thread_count,
    write_numbers,
)


@dataclass(frozen=True)
class Compare:
    """Compare methods on one problem under one budget of scored sequences.

    Methods are psi, g, q, rl-only, tb (trajectory balance), path-consistency, reinforce,
    reinforce-kl, actor-critic, ppo and dap, the one-step forms psi-one-step, g-one-step and
    q-one-step, and best-of-n and sir (importance resampling), which train nothing. Interrupted,
    the same command continues; a finished run is never repeated.

    Example: sequence-tutor compare melody --methods psi,g,tb,ppo,best-of-n --out comparison
    """

    domain: DomainName
    out: Annotated[Path, option("folder for runs, table and curves", "DIR")]
    methods: Annotated[str, option("names with commas between them", "NAME,...")] = (
        "psi,g,q,reinforce-kl,ppo,dap,tb"
    )
    budget: Annotated[int, option("sequences that each run may have scored", "N")] = 200_000
    seeds: Annotated[int, option("runs of each method", "N")] = 3
    samples: Annotated[int, option("sequences that each run is judged by", "N")] = 10_000
    prior: PriorName = None
    c: Annotated[float | None, option("temperature: divides the reward")] = None
    preset: Annotated[str, option("of tune", "NAME")] = "compare"
    config: Config = None
    rules: Rules = None
    trust: Trust = False
    device: Device = "auto"
    threads: Threads = "auto"
    json: Json = None
    quiet: Quiet = False

    def run(self) -> None:
        """Run every method, then show the table."""
        from sequence_tutor.config.presets import build
        from sequence_tutor.tuner.settings import TuneSettings
        from sequence_tutor.verbs.compare import compare

        given = {} if self.c is None else {"c": self.c}
        build(TuneSettings, given, "--c")
        comparison = compare(
            self.domain,
            self.out,
            [name for name in self.methods.split(",") if name],
            budget=self.budget,
            seeds=self.seeds,
            samples=self.samples,
            prior=self.prior,
            preset=self.preset,
            config=self.config,
            overrides={"tune": given},
            rules=self.rules,
            trust=self.trust,
            device=device_named(self.device),
            threads=thread_count(self.threads),
            quiet=self.quiet,
        )
        write_numbers(self.json, comparison.to_json())
        show(comparison.table())
        if not self.quiet:
            show(f"Runs, table and curves are in {self.out}.")
