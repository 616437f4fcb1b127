"""One run of a benchmark: a task, a seed, a folder, and every call of its score."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.domain import find_domain
from sequence_tutor.molecule.benchmarks.oracle import BenchmarkReward, BudgetSpent, Oracle, entering
from sequence_tutor.molecule.benchmarks.plausible import Plausible
from sequence_tutor.molecule.benchmarks.suites import Suite, inside_figures
from sequence_tutor.molecule.benchmarks.tasks import BenchmarkTask
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.progress import Advance, progress
from sequence_tutor.sampling.measure import Task
from sequence_tutor.storage.files import write_text
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.storage.versions import versions
from sequence_tutor.tuner.choosing import choosing_options
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.workbench.finished_run import RESULT_FILE, drop_state, read_result, write_result

DOMAIN = "molecule"
CALLS_FILE = "calls.tsv"
CLIMB_FILE = "best_ten.csv"
"""The calls that entered the best ten, or those inside the fence: small enough to be kept."""
SHOWN = 100  # best molecules kept in a result


@dataclass(frozen=True)
class TaskRun:
    """One task of a suite and the prior to start from.

    Attributes:
        calls: molecules that may be scored.
        length: most tokens of a molecule; None: as the prior's domain has it.
    """

    suite: Suite
    task: BenchmarkTask
    stored: StoredPrior
    calls: int
    length: int | None

    def result(self, settings: TuneSettings, folder: Path, *, quiet: bool) -> dict[str, Any]:
        """The result as JSON; read from its folder if the run is finished.

        Raises:
            UserError: the folder holds a run with other settings, or a damaged result.
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
            return read_result(
                path, lambda found: (found, {name: found.get(name) for name in asked} == asked)
            )
        with writing_in(folder):
            oracle, seconds = self._spend(settings, folder, quiet=quiet)
            best = sorted(oracle.calls, key=lambda call: -call[1])[:SHOWN]
            inside: list[bool] | None = None
            figures = self.suite.figures(oracle, self.task.tops)
            if self.suite.counts_inside:
                inside = Plausible().inside([smiles for smiles, _ in oracle.calls])
                figures |= inside_figures(oracle, inside, self.task.name)
            found: dict[str, Any] = {
                **asked,
                "figures": figures,
                "calls": len(oracle),
                "seconds": round(seconds, 1),
                "best": [{"smiles": smiles, "score": score} for smiles, score in best],
                "threads": torch.get_num_threads(),
                "versions": versions(),
            }
            write_calls(folder, oracle, inside)
            write_result(path, found)
            drop_state(folder)
            return found

    def _spend(self, settings: TuneSettings, folder: Path, *, quiet: bool) -> tuple[Oracle, float]:
        """Tune until all calls or all updates are made; the oracle and the seconds."""
        domain = find_domain(DOMAIN).with_prior(self.stored.card)
        oracle = Oracle(self.task.objective, self.calls)
        reward = BenchmarkReward(self.task.name, oracle, Vocabulary.from_card(self.stored.card))
        length = self.length or domain.length
        task = Task(
            self.stored.prior,
            reward,
            length,
            domain.end_token,
            speller=domain.speller(),
            crosser=domain.crosser(length),
        )
        chooser = None
        if settings.critic.is_on:
            options = choosing_options(settings.critic, settings.seed)
            chooser = domain.chooser(reward.weights, options)
        tuner = Tuner(task, settings, folder, chooser=chooser, numbers=domain.numbers)
        begun = time.perf_counter() - tuner.seconds  # of the part before an interruption
        name = f"{self.task.name}, seed {settings.seed}"
        with progress(name, self.calls, quiet=quiet) as advance, suppress(BudgetSpent):
            tuner.run(_by_call(oracle, advance))
        return oracle, time.perf_counter() - begun


def write_calls(folder: Path, oracle: Oracle, inside: list[bool] | None) -> None:
    """Every call, and those that the curves of the ten best are drawn from.

    Args:
        folder: of the run.
        oracle: made the calls.
        inside: whether each molecule is inside the fence; None: it is not asked for.
    """
    marks = [""] * len(oracle) if inside is None else [str(int(one)) for one in inside]
    rows = list(zip(oracle.calls, marks, strict=True))
    lines = ("\t".join([smiles, repr(score), mark]).rstrip() for (smiles, score), mark in rows)
    write_text(folder / CALLS_FILE, "".join(f"{line}\n" for line in lines))
    scores = [score for _, score in oracle.calls]
    entered = {call for call, _ in entering(scores)}
    if inside is not None:
        own = [score if one else 0.0 for score, one in zip(scores, inside, strict=True)]
        entered |= {call for call, score in entering(own) if score}
    kept = [(call, *rows[call - 1]) for call in sorted(entered)]
    header = "call,score" + ("" if inside is None else ",inside")
    table = (f"{call},{score:.6g},{mark}".rstrip(",") for call, (_, score), mark in kept)
    write_text(folder / CLIMB_FILE, "".join(f"{line}\n" for line in (header, *table)))


def digest(stored: StoredPrior) -> str:
    """SHA-256 of a prior's weights."""
    tensors = stored.network.state_dict()
    whole = b"".join(tensor.cpu().contiguous().numpy().tobytes() for tensor in tensors.values())
    return hashlib.sha256(whole).hexdigest()


def _by_call(oracle: Oracle, advance: Advance) -> Advance:
    """Advances a progress bar by the oracle's calls, where the loop counts updates."""
    shown = 0

    def count(_n: int = 1, /, **live_values: float | str) -> None:
        nonlocal shown
        advance(len(oracle) - shown, **live_values)
        shown = len(oracle)

    return count
