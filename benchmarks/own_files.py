"""Small files of our own, whole folders of them, and what reads each again."""

from __future__ import annotations

import json
import random
from contextlib import closing
from pathlib import Path
from typing import Any

from small_files import Kind

from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import prior_of
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.prior.store import save_prior
from sequence_tutor.reporting.curves import read_run_log
from sequence_tutor.reporting.saved_table import read_table
from sequence_tutor.reporting.tradeoff import read_frontier
from sequence_tutor.storage.files import write_json
from sequence_tutor.study.design import schedule
from sequence_tutor.study.folder import ANSWERS_FILE, load_study
from sequence_tutor.study.making import Design, make_folder, melodies_needed
from sequence_tutor.study.store import Store
from sequence_tutor.verbs.compare import compare
from sequence_tutor.verbs.frontier import frontier
from sequence_tutor.verbs.study import analyse_study
from sequence_tutor.verbs.tune import tune
from sequence_tutor.workbench.finished_run import RESULT_FILE

MODELS = ("prior", "psi")
PAIRS = 2
SAMPLED = {"evaluate_samples": 32}


def read_run(folder: Path) -> object:
    """As `evaluate` and `sample` read a run."""
    found = load_model(folder)
    return found.policy, found.reward


def go_on(folder: Path, steps: int = 3) -> object:
    """As `tune` goes on from a run."""
    tables = {"tune": {**SAMPLED, "steps": steps, "evaluate_every": 1}}
    return tune("toy", folder, overrides=tables, quiet=True, threads=1)


def read_study(folder: Path) -> object:
    """As `study analyse` reads a study, what its service gathered, and an answers file."""
    answers = folder / "answers.json"
    return load_study(folder), analyse_study(folder, answers, allowed_failures=99)


def read_tables(folder: Path) -> object:
    """As `report` reads a table and a frontier."""
    return read_table(folder / "table.json"), read_frontier(folder / "frontier.json")


def compared(folder: Path) -> object:
    """As `compare` reads runs that are over."""
    tables = {"tune": SAMPLED}
    asked: dict[str, Any] = {"budget": 64, "seeds": 1, "samples": 100, "overrides": tables}
    return compare("toy", folder, ["psi"], quiet=True, threads=1, **asked)


def make_run(folder: Path) -> None:
    """A run of two updates."""
    go_on(folder, steps=2)


def make_prior(folder: Path, run: Path) -> None:
    """The prior of a run, as `pretrain` leaves one."""
    save_prior(folder, load_model(run).stored)


def make_tables(folder: Path, run: Path) -> None:
    """What `evaluate --json` and `frontier` write."""
    tuned = load_model(run)
    write_json(folder / "table.json", evaluate([prior_of(tuned), tuned], 200).to_json())
    asked: dict[str, Any] = {"samples": 100, "pool": 1000, "threads": 1}
    tables = {"tune": {**SAMPLED, "steps": 2, "evaluate_every": 2}}
    frontier("toy", folder, [2.0, 1.0], quiet=True, overrides=tables, **asked)


def make_study(folder: Path) -> None:
    """A study of two models with an answers file and an empty store."""
    rng = random.Random(0)
    count = melodies_needed(len(MODELS), PAIRS)
    melodies = {
        model: [[rng.randrange(2, 38) for _ in range(4)] for _ in range(count)] for model in MODELS
    }
    study = make_folder(folder, melodies, Design(pairs=PAIRS, rounds=1, tempo=600, seed=0))
    answers = [
        {"left": pair.left, "right": pair.right, "choice": "left", "preference": 2}
        for pair in schedule(study, 0)
    ]
    facts = {"format": 1, "study": study.digest, "listener": "listener 1"}
    (folder / "answers.json").write_text(json.dumps({**facts, "answers": answers}))
    with closing(Store(folder / ANSWERS_FILE, study)):
        pass


def own_kinds(place: Path) -> list[Kind]:
    """Every kind of file that a command of ours writes and another reads, made in a folder."""
    run, prior, tables, study, comparison = (
        place / name for name in ("run", "prior", "tables", "study", "compare")
    )
    make_run(run)
    make_prior(prior, run)
    make_tables(tables, run)
    make_study(study)
    compared(comparison)
    readers = {
        run: (read_run, read_run_log, go_on),
        prior: (find_prior,),
        tables: (read_tables,),
        study: (read_study,),
        comparison: (compared,),
    }
    return [
        Kind(f"{folder.name}/{file.relative_to(folder)}", file.read_bytes(), read, folder=folder)
        for folder, read in readers.items()
        for file in sorted(folder.rglob(RESULT_FILE) if folder == comparison else folder.iterdir())
        if file.suffix in (".json", ".jsonl", ".safetensors", ".sqlite")
    ]
