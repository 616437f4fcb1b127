"""Tuning runs on disk: one folder that holds everything needed to go on or to use the result.

RUN/run.json               what was asked for: domain, settings, reward, versions, threads
RUN/prior.safetensors      the prior it started from (and card.json); prior.json if it is elsewhere
RUN/training.safetensors   the whole state of training at the last evaluation
RUN/training.jsonl         one line an evaluation
RUN/policy.safetensors     the tuned model, once training is over
RUN/scores                 answers of programs, see `storage.score_store`

Once training is over, run.json holds the checksums of the policy, the prior and the log. What the
records name that is code (rules, programs, a prior of Python) is remembered as the user's own as
they are written, and asked about elsewhere: see `sequence_tutor.storage.trust`.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import torch

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.algorithms.registry import find_algorithm
from sequence_tutor.config.settings import first_difference
from sequence_tutor.errors import UserError, reading
from sequence_tutor.prior.neural import tempered
from sequence_tutor.prior.store import (
    PRIOR_FILE,
    StoredPrior,
    holds_prior,
    holds_same,
    load_prior,
    save_prior,
)
from sequence_tutor.storage.checkpoints import (
    checksum_of,
    load_checkpoint,
    named,
    save_checkpoint,
    under,
)
from sequence_tutor.storage.files import PathLike, is_empty, write_json
from sequence_tutor.storage.trust import remember
from sequence_tutor.threads import set_threads
from sequence_tutor.tuner.beginning import initial_values
from sequence_tutor.tuner.run_record import (
    RUN_FILE,
    RunSpec,
    asked_of,
    code_of,
    is_run,
    load_spec,
)

LOG_FILE = "training.jsonl"
POLICY_FILE = "policy.safetensors"
FORMAT = 1


def save_spec(folder: Path, spec: RunSpec, prior: StoredPrior) -> None:
    """Begin a run's folder; what it was asked for comes first, so that from then on it is a run."""
    remember(code_of(spec))
    write_json(folder / RUN_FILE, spec.to_json())
    save_prior(folder, prior)


def keep_prior(folder: Path, prior: StoredPrior) -> None:
    """Make sure that a run that goes on has its prior, and that it is this one.

    Raises:
        UserError: the run began with another prior.
    """
    if not holds_prior(folder):  # killed as it began
        save_prior(folder, prior)
    if not holds_same(folder, prior):
        raise UserError(
            f"{folder}: holds a run with another 'prior'; use another --out, or give the same "
            "prior to continue it"
        )


def begin_or_resume(out: Path, spec: RunSpec, stored: StoredPrior, threads: int | None) -> RunSpec:
    """The run's own spec if the folder holds one that asks for the same, else a new one.

    Args:
        out: the folder.
        spec: what is asked for.
        stored: the prior.
        threads: torch's; None measures. A run that goes on keeps its number.

    Raises:
        UserError: the folder holds something else.
    """
    if not is_run(out):
        if not is_empty(out):
            raise UserError(f"{out}: not empty and no run of this program; use another --out")
        spec = replace(spec, threads=set_threads(threads))
        save_spec(out, spec, stored)
        return spec
    begun = load_spec(out)
    for name in ("domain", "length", "tune", "reward", "prefix", "only"):
        found = first_difference(name, *(asked_of(name, one) for one in (begun, spec)))
        if found is not None:
            raise _other_run(out, found)
    for name in ("rules", "seeds"):
        if getattr(begun, f"{name}_digest") != getattr(spec, f"{name}_digest"):
            raise _other_run(out, f"another file of {name}, or with none")
    if begun.own_reward != spec.own_reward:
        raise _other_run(out, "another reward or prior in memory, or with none")
    remember(code_of(spec))  # the user named all of it in this call
    keep_prior(out, stored)
    # the order in which threads add numbers is part of what makes a resume exact
    set_threads(begun.threads)
    return begun


def _other_run(out: Path, difference: str) -> UserError:
    return UserError(
        f"{out}: holds a run with {difference}; use another --out, or give the same settings to "
        "continue it"
    )


def is_finished(folder: Path) -> bool:
    """Whether a folder has a tuned model."""
    return (folder / POLICY_FILE).is_file()


def save_policy(folder: Path, policy: TunedPolicy, c: float) -> None:
    """Write the tuned model and the temperature that it ended with, then what all files hold."""
    start, algorithm = policy.values.start, policy.algorithm.name
    info = {"format": FORMAT, "start": start, "algorithm": algorithm, "c": c}
    values = named("values", policy.values.state_dict())
    checksum = save_checkpoint(folder / POLICY_FILE, values, info)
    checksums = {"policy": checksum, "prior": checksum_of(folder / PRIOR_FILE)}
    log = folder / LOG_FILE
    if log.is_file():
        checksums["log"] = hashlib.sha256(log.read_bytes()).hexdigest()
    known = {name: value for name, value in checksums.items() if value is not None}
    write_json(folder / RUN_FILE, replace(load_spec(folder), checksums=known).to_json())


def load_policy(
    folder: Path,
    device: torch.device | str = "cpu",
    *,
    trust: bool = False,
    place: PathLike | None = None,
    given: StoredPrior | None = None,
) -> tuple[TunedPolicy, float, StoredPrior]:
    """The tuned model of a finished run, its c, and the prior it was tuned from.

    Args:
        folder: of the run.
        device: where to compute.
        trust: run a prior of Python that the folder names, see `trust`.
        place: where a prior from elsewhere has moved.
        given: the prior, where it is in memory.

    Raises:
        UserError: the run is not finished, a file is damaged, or the prior is another one.
    """
    path = folder / POLICY_FILE
    if not path.is_file():
        raise UserError(f"{folder}: this run is not finished; the same tune command continues it")
    spec = load_spec(folder)
    settings, checksums = spec.tune, spec.checksums
    if given is None:
        sum_ = checksums.get("prior")
        stored = load_prior(folder, device, trust=trust, place=place, expected=sum_)
    else:
        stored = given
        if not holds_same(folder, stored):
            raise UserError(f"{folder}: was tuned from another prior than the one given")
    tensors, info = load_checkpoint(path, checksums.get("policy"))
    if max(spec.prefix, default=0) >= stored.prior.vocab_size or len(spec.prefix) >= spec.length:
        raise UserError(
            f"{folder / RUN_FILE}: its prefix {spec.prefix} is none of fewer than {spec.length} "
            f"tokens below {stored.prior.vocab_size}"
        )
    if max(spec.only, default=0) >= stored.prior.vocab_size:
        raise UserError(
            f"{folder / RUN_FILE}: its policy may choose {max(spec.only)}, expected tokens below "
            f"{stored.prior.vocab_size}"
        )
    with reading(path, "a tuned model"):
        prior = tempered(stored.prior, settings.prior_temperature)
        values = initial_values(prior, settings, info["start"], spec.length)
        values.load_state_dict(under("values", tensors))
        values.choose_among(spec.only)
        algorithm = find_algorithm(info["algorithm"])
        policy = TunedPolicy(values.eval().requires_grad_(False), algorithm, prior)
        last = settings.stages[-1].c if settings.stages else None
        c = float(info.get("c", last or settings.c))  # runs of before had no other c
        if not 0 < c < math.inf:
            raise ValueError(f"c is {c}, expected a number above 0")
    return policy, c, stored
