"""`benchmark`: the field's own tasks, every call of a score counted; `moses`: its statistics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from sequence_tutor.config.settings import MOST_WHOLE, nearest
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model, check_model
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.progress import progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.files import PathLike, named_path, optional_path
from sequence_tutor.storage.versions import versions
from sequence_tutor.threads import set_threads
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.settings_tables import TuningTables, read_layers
from sequence_tutor.verbs.side_by_side import compute_runs

if TYPE_CHECKING:
    from sequence_tutor.molecule.benchmarks.results import Benchmarked
    from sequence_tutor.molecule.reading.entry import Choice

DOMAIN = "molecule"
SAMPLING_BATCH = 1024


def benchmark(
    suite: str,
    out: PathLike,
    *,
    tasks: Sequence[str] = (),
    seeds: int = 3,
    seed: int = 0,
    calls: int = 10_000,
    prior: PathLike = DOMAIN,
    trust: bool = False,
    preset: str = "pmo",
    config: PathLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    executor: str | None = None,
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
        seeds: runs of each task.
        seed: of the first of them; the others follow.
        calls: molecules that a run may have scored.
        prior: folder, or name of a shipped prior; the arguments below are those of `tune`.
        executor: computes the runs side by side, in as many processes as there are cores for
            `threads` (1 if unset): "local", "ray" or one of an installed package; None: one after
            the other, in this process.

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
        if not 1 <= number <= MOST_WHOLE:
            raise UserError(f"{name} {number}: expected a number from 1 to {MOST_WHOLE:,}")
    if seed < 0:
        raise UserError(f"--seed {seed}: expected a number from 0")
    chosen = SUITES[suite].chosen(tasks)
    out = named_path(out)
    length, settings = resolve(preset, optional_path(config), overrides or {})
    stored = find_prior(prior, device, trust=trust)
    asked = [(task, one) for task in chosen for one in range(seed, seed + seeds)]
    if executor is not None:
        found = optional_path(config)
        common = {
            "suite": suite,
            "out": out.absolute(),
            "seeds": 1,
            "calls": calls,
            "trust": trust,
            "prior": Path(prior).absolute() if Path(prior).exists() else prior,
            "config": None if found is None else found.absolute(),
            "preset": preset,
            "overrides": overrides,
            "device": device,
            "threads": threads or 1,
            "quiet": True,
        }
        compute_runs(
            _one_run,
            [{**common, "tasks": [task.name], "seed": one} for task, one in asked],
            [(_folder(out, task.name, one), settings.steps) for task, one in asked],
            executor,
            threads or 1,
            quiet=quiet,
        )
    set_threads(threads)
    runs = []
    for task, one in asked:
        run = TaskRun(SUITES[suite], task, stored, calls, length)
        seeded = settings.model_copy(update={"seed": one})
        runs.append(run.result(seeded, _folder(out, task.name, one), quiet=quiet))
    return Benchmarked(SUITES[suite], runs)


def _folder(out: Path, task: str, seed: int) -> Path:
    return out / task / f"seed_{seed}"


def _one_run(arguments: Mapping[str, Any]) -> None:
    """One run, in whichever process the executor calls this."""
    benchmark(**arguments)


def resolve(
    preset: str, config: Path | None, overrides: Mapping[str, Any]
) -> tuple[int | None, TuneSettings]:
    """The length and the settings of tuning; an algorithm's own table wins over the preset's."""
    layers = read_layers(DOMAIN, preset, config, overrides, verb="benchmark")
    tables = layers.tables(TuningTables)
    return tables.length, layers.tuning(tables)


def moses(
    model: Model,
    reference: PathLike,
    *,
    train: PathLike | None = None,
    column: str | None = None,
    samples: int = 30_000,
    seed: int = 0,
    quiet: bool = False,
) -> dict[str, Any]:
    """The statistics of MOSES that RDKit alone defines, see `moses_statistics`.

    Args:
        model: a prior or a tuned model of molecules.
        reference: file of molecules that it was not trained on.
        train: file of those that it was trained on; without it novelty is undefined.
        column: of tables, the one with the SMILES; None: the one whose name says so.
        samples: molecules sampled; MOSES takes 30,000.

    Returns:
        `statistics`, name -> value, None where undefined; `published`, those of the CharRNN of
        MOSES on its own data; `remarks`, sentences about the files; `model`, `samples`, `seed`,
        `versions`.

    Raises:
        UserError: the model is of another domain, or a file cannot be used.
    """
    check_model(model)
    if model.domain.name != DOMAIN:
        raise UserError(f"{model.name}: a model of {model.domain.name!r}, expected {DOMAIN!r}")
    # RDKit is installed: a model of molecules was loaded
    from sequence_tutor.molecule.distribution import (
        MOSES_CHAR_RNN,
        canonical_set,
        describe,
        moses_statistics,
    )
    from sequence_tutor.molecule.reading.entry import Choice
    from sequence_tutor.molecule.tokens import Vocabulary

    remarks: list[str] = []
    # both files are read before sampling, so that a wrong one is refused at once
    choice = Choice(column, remark=remarks.append)
    smiles = _molecules(Path(reference), choice)
    held_out = describe(smiles, str(reference), silent=quiet)
    _remark_invalid(choice, reference, len(smiles) - len(held_out.canonical), len(smiles))
    known = None
    if train is not None:
        smiles = _molecules(Path(train), choice)
        known, invalid = canonical_set(smiles, str(train), silent=quiet)
        _remark_invalid(choice, train, invalid, len(smiles))
    vocabulary = Vocabulary.from_card(model.stored.card)
    generator = named_generator(seed, "moses", model.device)
    generated: list[str | None] = []
    with progress("sampling", samples, quiet=quiet) as advance:
        while len(generated) < samples:
            size = min(SAMPLING_BATCH, samples - len(generated))
            end = model.domain.end_token
            batch = rollout(model.policy, size, model.length, generator, end_token=end).batch
            generated += vocabulary.decode_batch(batch)
            advance(size)
    found = moses_statistics(generated, held_out, known, silent=quiet)
    return {
        "model": model.name,
        "statistics": {name: None if math.isnan(value) else value for name, value in found.items()},
        "published": {"CharRNN of MOSES": dict(MOSES_CHAR_RNN)},
        "samples": samples,
        "seed": seed,
        "remarks": remarks,
        "versions": versions(),
    }


def _molecules(path: Path, choice: Choice) -> list[str]:
    """The SMILES of a file; remarks count lines without one and locate damage."""
    from sequence_tutor.molecule.reading.molecules import molecule_files, read_molecules

    found: list[str] = []
    for file in molecule_files([path]):
        without: list[str] = []
        for entry in read_molecules(file, choice):
            if entry.is_end:
                choice.remark(f"{file} {entry.where}: {entry.problem}")
            elif entry.problem:
                without.append(f"{entry.where}: {entry.problem}")
            else:
                found.append(entry.smiles)
        if without:
            choice.remark(f"{file}: {len(without)} without a molecule, first {without[0]}")
    return found


def _remark_invalid(choice: Choice, path: PathLike, invalid: int, count: int) -> None:
    if invalid:
        choice.remark(f"{path}: {invalid} of {count} SMILES are no valid molecule")
