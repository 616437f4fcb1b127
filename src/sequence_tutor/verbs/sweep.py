"""One run over several temperatures, each going on from the weights of the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.config.presets import merged
from sequence_tutor.domain import Domain
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.files import PathLike
from sequence_tutor.progress import heading
from sequence_tutor.tuner.run_folder import RunSpec
from sequence_tutor.verbs.tune import open_prior, resolve, tune


@dataclass(frozen=True)
class Sweep:
    """What the runs of a frontier have in common; see `verbs.frontier`."""

    domain: str
    prior: PathLike | None
    preset: str
    config: Path | None
    overrides: Mapping[str, Any]
    rules: Path | None
    share: float
    samples: int
    trust: bool = False

    def check(
        self,
        device: torch.device | str,
        *asked: tuple[Mapping[str, Any], Sequence[float]],
    ) -> None:
        """Resolve everything before any work.

        Args:
            device: of the prior.
            asked: tables and temperatures of each kind of run.

        Raises:
            UserError: a setting that cannot be used.
        """
        room, _ = open_prior(self.domain, self.prior, device, trust=self.trust)
        for own, stages in asked:
            spec = self._resolved(room, self._tables(room, own, stages, 0))
            if spec.tune.prior_temperature != 1:
                raise UserError(
                    f"prior_temperature is {spec.tune.prior_temperature:g}, expected 1: the "
                    "frontier is that of the prior itself"
                )

    def run(
        self,
        own: Mapping[str, Any],
        stages: Sequence[float],
        seed: int,
        folder: Path,
        device: torch.device | str,
        threads: int,
        *,
        quiet: bool,
    ) -> Model:
        """One run over some temperatures, from wherever its folder stands."""
        room, _ = open_prior(self.domain, self.prior, device, trust=self.trust)
        return tune(
            self.domain,
            folder,
            prior=self.prior,
            preset=self.preset,
            config=self.config,
            overrides=self._tables(room, own, stages, seed),
            rules=self.rules,
            trust=self.trust,
            device=device,
            threads=threads,
            tell=partial(heading, quiet=quiet),
            serves_several=True,
            quiet=quiet,
        )

    def _tables(
        self, room: Domain, own: Mapping[str, Any], stages: Sequence[float], seed: int
    ) -> dict[str, Any]:
        """A stage for each temperature, of which the first has all the updates."""
        given = merged(merged({"tune": own}, self.overrides), {"tune": {"seed": seed}})
        first = self._resolved(room, given).tune.steps
        later = max(1, round(self.share * first))
        listed = [
            {"name": f"c={value:g}", "c": value, "steps": later if place else first}
            for place, value in enumerate(stages)
        ]
        every = {"evaluate_every": first, "evaluate_samples": self.samples}
        return merged(given, {"tune": every, "stages": listed})

    def _resolved(self, room: Domain, tables: Mapping[str, Any]) -> RunSpec:
        return resolve(
            *(room, self.domain, self.preset, self.config, tables, self.rules), serves_several=True
        )
