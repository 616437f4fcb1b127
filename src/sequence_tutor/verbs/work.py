"""`work`, and the verbs that begin such work: shards of a folder, by any number of processes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from sequence_tutor.config.settings import check_least
from sequence_tutor.errors import UserError, reading, shown
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.execution.registry import SERIAL, find_executor
from sequence_tutor.progress import heading, progress
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.sampling.rollout import check_temperature
from sequence_tutor.storage.files import (
    PathLike,
    listed_paths,
    named_path,
    optional_path,
)
from sequence_tutor.storage.row_files import usual_suffix
from sequence_tutor.storage.shards import WORK_FILE, Progress, Shards
from sequence_tutor.storage.trust import remember
from sequence_tutor.verbs.score import nothing_in, reward_asked
from sequence_tutor.verbs.shard_kinds import (
    TOTALS,
    ScoresParts,
    code_of,
    computing,
    sample_work,
    score_work,
)
from sequence_tutor.verbs.shard_summary import Summary, summary
from sequence_tutor.verbs.shards_elsewhere import compute_elsewhere


def sample_shards(
    model: str,
    count: int,
    shards: int,
    out: PathLike,
    *,
    temperature: float = 1.0,
    length: int | None = None,
    seed: int = 0,
    trust: bool = False,
    executor: str | None = None,
    quiet: bool = False,
) -> Summary | None:
    """Sample a model in shards: all sequences as they come, repeated ones too.

    Args:
        model: folder of a run or a prior, or the name of a shipped prior.
        count: sequences in all.
        shards: parts, of as many sequences each.
        out: folder of the work; other processes may join by `work`.
        temperature: divides log pi.
        length: tokens of a sequence; None: as the model was tuned.
        seed: shard i is sampled with the generator of this seed and i.
        trust: run the code that the model's folder names, see `trust`.
        executor: computes the shards, see `work`.
        quiet: show no progress.

    Returns:
        What is in the folder once all shards are done; None: other processes still compute some.

    Raises:
        UserError: a number out of its range, or a folder that holds something else.
    """
    check_least(1, count=count)
    if not 1 <= shards <= count:
        raise UserError(f"shards is {shards}, expected 1 to the {count} sequences asked for")
    check_temperature(temperature)
    loaded = load_model(model, trust=trust)
    length = loaded.length if length is None else length
    loaded.check_length(length)
    what = sample_work(loaded, model, count, temperature=temperature, length=length, seed=seed)
    begin_work(named_path(out), what, shards)
    return work(out, executor=executor, trust=trust, quiet=quiet)


def score_shards(
    domain: str,
    files: PathLike | Sequence[PathLike],
    shards: int,
    out: PathLike,
    *,
    rules: PathLike | None = None,
    config: PathLike | None = None,
    preset: str | None = None,
    column: str | None = None,
    standardise: str | None = None,
    executor: str | None = None,
    quiet: bool = False,
) -> Summary | None:
    """Score files of molecules in shards; the other arguments are those of `score`.

    Args:
        domain: molecule.
        files: one or several.
        shards: parts; of each so many lines every part has one.
        out: folder of the work; other processes may join by `work`.
        executor: computes the shards, see `work`.

    Returns:
        What is in the folder once all shards are done; None: other processes still compute some.

    Raises:
        UserError: a file or a setting that cannot be used, or a folder that holds something else.
    """
    check_least(1, shards=shards)
    own = rules_file(rules)
    found, settings = reward_asked(domain, preset, optional_path(config))
    if not isinstance(found, ScoresParts):
        raise UserError(f"{found.name}: not scored in shards, expected molecule")
    found.reward(found.computed_here(settings), own)  # a mistake is found now
    reward = settings.model_dump(mode="json")
    paths = listed_paths(files)
    choice = {"column": column, "standardise": standardise}
    plain = found.reading(column, standardise, partial(heading, quiet=quiet))
    assert isinstance(plain, ScoresParts)  # it is of the same class
    with closing(plain.scores_of_part(paths, found.reward_settings(), None, 0, 1)) as scores:
        if next(scores, None) is None:  # nothing is begun for files that cannot be read
            raise nothing_in(paths, found)
    what = score_work(domain, paths, reward, own, **choice)
    begin_work(named_path(out), what, shards)
    return work(out, executor=executor, quiet=quiet)


def begin_work(folder: Path, what: dict[str, Any], shards: int) -> Shards:
    """Describe work in a folder, or see that it is what the folder holds.

    Raises:
        UserError: the folder holds something else.
    """
    there = Shards.begun(folder, {**what, "shards": shards, "suffix": usual_suffix()})
    remember(code_of(there.what))  # the user named all of it in this call
    return there


def work(
    folder: PathLike, *, executor: str | None = None, trust: bool = False, quiet: bool = False
) -> Summary | None:
    """Compute shards of a folder until each is done or computed by another process.

    Any number of processes may do so at once, on any machine that sees the folder.

    Args:
        folder: of the work.
        executor: computes shards side by side: `local`, on as many cores as there are, or `ray`, on
            the nodes of a cluster that see the folder under the same path. What it loses, and all
            where it is None, is computed in this process.
        trust: run the code that the work names, see `trust`.
        quiet: show no progress.

    Returns:
        What is in the folder once all shards are done; None: other processes still compute some.

    Raises:
        UserError: there is no work, or it cannot be done here.
    """
    shards = Shards.opened(named_path(folder))
    with reading(shards.folder / WORK_FILE, "a description of work"):
        if shards.what.get("kind") not in TOTALS:
            kind = shown(shards.what.get("kind"))
            raise ValueError(f"kind {kind}, expected {' or '.join(TOTALS)}")
    if executor is not None:
        find_executor(executor)  # a mistake is said also where nothing is left to compute
    if executor not in (None, SERIAL) and len(shards.paths()) < shards.count:
        compute_elsewhere(shards, executor, trust=trust, quiet=quiet)
    left = shards.count - len(shards.paths())
    if left:
        with reading(shards.folder / WORK_FILE, "a description of work"):
            compute = computing(shards.what, shards.folder, trust=trust)
        with progress("shards", left, quiet=quiet) as advance:
            # workers that begin together begin at different places, and rarely meet
            for number in shards.free(os.getpid() % shards.count):
                compute(number, shards.path(number))
                advance(1)
    if len(shards.paths()) < shards.count:
        return None
    shards.remove_leftovers()
    return summary(shards, quiet=quiet)


def status(folder: PathLike) -> Progress:
    """How far the work of a folder is.

    Raises:
        UserError: there is none.
    """
    return Shards.opened(named_path(folder)).progress()


def slurm_script(folder: PathLike, jobs: int = 16) -> str:
    """A script for `sbatch` by which an array of jobs does the work of a folder.

    Raises:
        UserError: there is no work.
    """
    shards = Shards.opened(named_path(folder))
    place = shlex.quote(str(shards.folder.absolute()))
    return SLURM.format(jobs=min(jobs, shards.count), folder=place)


SLURM = """\
#!/bin/bash
#SBATCH --job-name=shards
#SBATCH --array=1-{jobs}
#SBATCH --cpus-per-task=1
#SBATCH --mem=2G
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --output=%x-%A-%a.log
# Each job takes shards until none is left. A job that is ended or requeued loses only the shard
# that it was at; submit the script again for what is left.
export OMP_NUM_THREADS=1
srun sequence-tutor work {folder} --quiet
"""
