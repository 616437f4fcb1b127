"""`benchmark`: a tuned prior on the field's own tasks, with every call of a score counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from sequence_tutor.config.settings import nearest
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.prior.store import find_prior
from sequence_tutor.storage.files import PathLike, named_path, optional_path
from sequence_tutor.threads import set_threads
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.settings_tables import TuningTables, read_layers

if TYPE_CHECKING:
    from sequence_tutor.molecule.benchmarks.results import Benchmarked

DOMAIN = "molecule"


def benchmark(
    suite: str,
    out: PathLike,
    *,
    tasks: Sequence[str] = (),
    seeds: int = 3,
    calls: int = 10_000,
    prior: PathLike = DOMAIN,
    trust: bool = False,
    preset: str = "pmo",
    config: PathLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    quiet: bool = False,
) -> Benchmarked:
    """Tune a prior for each task of a suite and evaluate the molecules that it had scored.

    The same call continues an interrupted one; one that asks for more tasks or seeds adds them.
    The folder of a run is `out/TASK/seed_N`, so that several processes may share `out` if they
    share no task.

    Args:
        suite: pmo or guacamol.
        out: folder of the runs.
        tasks: their names; all of them where empty.
        seeds: runs of each task, with seeds from 0.
        calls: molecules that a run may have scored.
        prior: folder, or name of a shipped prior; the arguments below are those of `tune`.

    Raises:
        UserError: RDKit is not installed, an unknown suite or task, settings that cannot be used,
            or a folder that holds runs with other settings.
    """
    find_domain(DOMAIN)  # a clear error without RDKit, which the imports below need
    from sequence_tutor.molecule.benchmarks.results import Benchmarked
    from sequence_tutor.molecule.benchmarks.suites import SUITES
    from sequence_tutor.workbench.benchmark_run import TaskRun

    if suite not in SUITES:
        raise UserError(f"unknown benchmark {suite!r}: {nearest(suite, SUITES)}")
    for name, number in (("--seeds", seeds), ("--calls", calls)):
        if number < 1:
            raise UserError(f"{name} {number}: expected a number from 1")
    chosen = SUITES[suite].chosen(tasks)
    out = named_path(out)
    length, settings = resolve(preset, optional_path(config), overrides or {})
    stored = find_prior(prior, device, trust=trust)
    set_threads(threads)
    runs = []
    for task in chosen:
        for seed in range(seeds):
            run = TaskRun(SUITES[suite], task, stored, calls, length)
            seeded = settings.model_copy(update={"seed": seed})
            runs.append(run.result(seeded, out / task.name / f"seed_{seed}", quiet=quiet))
    return Benchmarked(SUITES[suite], runs)


def resolve(
    preset: str, config: Path | None, overrides: Mapping[str, Any]
) -> tuple[int | None, TuneSettings]:
    """The length and the settings of tuning; an algorithm's own table wins over the preset's."""
    layers = read_layers(DOMAIN, preset, config, overrides, verb="benchmark")
    tables = layers.tables(TuningTables)
    return tables.length, layers.tuning(tables)
