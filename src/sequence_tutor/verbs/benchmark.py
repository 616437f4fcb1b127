"""`benchmark`: a tuned prior against the field's own tasks, with every call to a score counted."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.config.presets import build, read_preset
from sequence_tutor.config.settings import nearest
from sequence_tutor.domain import find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.files import write_json, write_text
from sequence_tutor.measure import Task
from sequence_tutor.molecule.benchmarks.oracle import BUDGET, BudgetSpent, Oracle
from sequence_tutor.molecule.benchmarks.results import Benchmarked
from sequence_tutor.molecule.benchmarks.reward import BenchmarkReward
from sequence_tutor.molecule.benchmarks.suites import SUITES, Suite
from sequence_tutor.molecule.benchmarks.tasks import BenchmarkTask
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.prior.store import StoredPrior, find_prior
from sequence_tutor.progress import Advance, progress
from sequence_tutor.threads import set_threads
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.verbs.settings_tables import TuningTables, layered
from sequence_tutor.versions import versions

DOMAIN = "molecule"
RESULT_FILE = "result.json"
CALLS_FILE = "calls.tsv"
SHOWN = 100  # best molecules kept in a result


def benchmark(
    suite: str,
    out: Path,
    *,
    tasks: Sequence[str] = (),
    seeds: int = 3,
    calls: int = BUDGET,
    prior: str = DOMAIN,
    preset: str = "pmo",
    config: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    quiet: bool = False,
) -> Benchmarked:
    """Tune a prior for each task of a suite and judge what it found.

    The same call continues an interrupted run; one that asks for more tasks or seeds adds them.
    Every run has a folder of its own, `out/TASK/seed_N`, so that several processes may share `out`
    if they share no task.

    Args:
        suite: pmo or guacamol.
        out: folder of the runs.
        tasks: their names; all of them where empty.
        seeds: runs of each task, with seeds from 0.
        calls: molecules that a run may have scored.
        prior: folder, or name of a shipped prior.
        preset: name of a shipped preset.
        config: TOML file whose tables win over the preset's.
        overrides: tables that win over both, such as `{"tune": {"algorithm": "g"}}`.
        device: where to compute.
        threads: torch's threads; None measures.
        quiet: show no progress.

    Raises:
        UserError: an unknown suite or task, settings that cannot be used, or a folder that holds
            runs that were asked for something else.
    """
    if suite not in SUITES:
        raise UserError(f"unknown benchmark {suite!r}: {nearest(suite, SUITES)}")
    for name, number in (("--seeds", seeds), ("--calls", calls)):
        if number < 1:
            raise UserError(f"{name} {number}: expected a number from 1")
    chosen = SUITES[suite].chosen(tasks)
    length, settings = resolve(preset, config, overrides or {})
    stored = find_prior(prior, device)
    set_threads(threads)
    runs = []
    for task in chosen:
        for seed in range(seeds):
            run = Run(SUITES[suite], task, stored, calls, length)
            seeded = settings.model_copy(update={"seed": seed})
            runs.append(run.result(seeded, out / task.name / f"seed_{seed}", quiet=quiet))
    return Benchmarked(SUITES[suite], runs)


@dataclass(frozen=True)
class Run:
    """One task, to be tried with some seed.

    Attributes:
        suite: judges it.
        task: what is asked for.
        stored: the prior it starts from.
        calls: molecules that may be scored.
        length: most tokens of a molecule; None: what the prior's domain says.
    """

    suite: Suite
    task: BenchmarkTask
    stored: StoredPrior
    calls: int
    length: int | None

    def result(self, settings: TuneSettings, folder: Path, *, quiet: bool) -> dict[str, Any]:
        """What the run gave; read from its folder if it is over.

        Raises:
            UserError: the folder holds a run that was asked for something else.
        """
        asked = {
            "suite": self.suite.name,
            "task": self.task.name,
            "budget": self.calls,
            "length": self.length,
            "prior": digest(self.stored),
            "settings": settings.model_dump(mode="json"),
        }
        path = folder / RESULT_FILE
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if {name: found.get(name) for name in asked} != asked:
                raise UserError(
                    f"{folder}: holds a run with other settings; use another --out, or delete it "
                    "to run it anew"
                )
            return found
        oracle, seconds = self._spend(settings, folder, quiet=quiet)
        best = sorted(oracle.calls, key=lambda call: -call[1])[:SHOWN]
        found = {
            **asked,
            "figures": self.suite.figures(oracle, self.task.tops),
            "calls": len(oracle),
            "seconds": round(seconds, 1),
            "best": [{"smiles": smiles, "score": score} for smiles, score in best],
            "threads": torch.get_num_threads(),
            "versions": versions(),
        }
        lines = (f"{smiles}\t{score!r}\n" for smiles, score in oracle.calls)
        write_text(folder / CALLS_FILE, "".join(lines))
        write_json(path, found)
        (folder / STATE_FILE).unlink(missing_ok=True)  # tens of megabytes that nobody needs now
        return found

    def _spend(self, settings: TuneSettings, folder: Path, *, quiet: bool) -> tuple[Oracle, float]:
        """Tune until every call is made, or every update; the oracle asked, and the seconds."""
        room = find_domain(DOMAIN).with_prior(self.stored.card)
        oracle = Oracle(self.task.objective, self.calls)
        reward = BenchmarkReward(self.task.name, oracle, Vocabulary.from_card(self.stored.card))
        task = Task(self.stored.prior, reward, self.length or room.length, room.end_token)
        tuner = Tuner(task, settings, folder)
        begun = time.perf_counter() - tuner.seconds  # of the part before an interruption
        name = f"{self.task.name}, seed {settings.seed}"
        with progress(name, self.calls, quiet=quiet) as advance, suppress(BudgetSpent):
            tuner.run(_by_call(oracle, advance))
        return oracle, time.perf_counter() - begun


def digest(stored: StoredPrior) -> str:
    """SHA-256 of a prior's weights."""
    tensors = stored.network.state_dict()
    whole = b"".join(tensor.cpu().contiguous().numpy().tobytes() for tensor in tensors.values())
    return hashlib.sha256(whole).hexdigest()


def _by_call(oracle: Oracle, advance: Advance) -> Advance:
    """Counts the oracle's calls where the loop counts updates."""
    shown = 0

    def count(_n: int = 1, /, **live_values: float) -> None:
        nonlocal shown
        advance(len(oracle) - shown, **live_values)
        shown = len(oracle)

    return count


def resolve(
    preset: str, config: Path | None, overrides: Mapping[str, Any]
) -> tuple[int | None, TuneSettings]:
    """The length and the settings of tuning; an algorithm's own table wins over the preset's.

    Raises:
        UserError: a setting, preset or file that cannot be used.
    """
    source = str(config) if config else f"preset {preset}"
    below = read_preset("benchmark", DOMAIN, preset)
    tables = layered(TuningTables, below, config, overrides, source)
    return tables.length, build(TuneSettings, tables.tune, source)
