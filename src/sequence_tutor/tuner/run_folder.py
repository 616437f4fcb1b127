"""Tuning runs on disk: one folder that holds everything needed to go on or to use the result.

RUN/run.json               what was asked for: domain, settings, reward, versions, threads
RUN/prior.safetensors      the prior it started from (and card.json); prior.json if it is elsewhere
RUN/training.safetensors   the whole state of training at the last evaluation
RUN/training.jsonl         one line an evaluation
RUN/policy.safetensors     the tuned model, once training is over
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from sequence_tutor.checkpoints import load_checkpoint, named, save_checkpoint, under
from sequence_tutor.errors import UserError
from sequence_tutor.files import write_json
from sequence_tutor.prior.store import StoredPrior, holds_prior, load_prior, save_prior
from sequence_tutor.prior.tempered import tempered
from sequence_tutor.tuner.beginning import initial_values
from sequence_tutor.tuner.methods import METHODS
from sequence_tutor.tuner.policy import TunedPolicy
from sequence_tutor.tuner.settings import TuneSettings

RUN_FILE = "run.json"
POLICY_FILE = "policy.safetensors"
FORMAT = 1

BEFORE: dict[str, dict[str, Any]] = {"limits": {"radicals": True}}
"""Tables of a reward, and what held in them before settings could say so: in the runs whose tables
lack these names."""


@dataclass(frozen=True)
class RunSpec:
    """What a run was asked to do.

    Attributes:
        domain: name of the domain.
        prior: name or folder it was given as.
        length: T.
        tune: settings of tuning.
        reward: settings of the reward, as plain JSON.
        rules: file with the user's own rules, or None.
        rules_digest: SHA-256 of that file.
        versions: of this package and what it stands on.
        threads: threads that torch computes with; part of what makes a resume exact.
        prefix: tokens that every sequence begins with.
        seeds: file whose sequences replay began with, or None.
        seeds_digest: SHA-256 of that file.
        output: settings of the domain's files, as plain JSON.
    """

    domain: str
    prior: str
    length: int
    tune: TuneSettings
    reward: dict[str, Any]
    rules: str | None
    rules_digest: str | None
    versions: dict[str, str]
    threads: int
    prefix: list[int] = field(default_factory=list)
    seeds: str | None = None
    seeds_digest: str | None = None
    output: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"format": FORMAT, **vars(self), "tune": self.tune.model_dump(mode="json")}


def save_spec(folder: Path, spec: RunSpec, prior: StoredPrior) -> None:
    """Begin a run's folder; what it was asked for comes first, so that from then on it is a run."""
    write_json(folder / RUN_FILE, spec.to_json())
    save_prior(folder, prior)


def keep_prior(folder: Path, prior: StoredPrior) -> None:
    """Make sure that a run that goes on has its prior, and that it is this one.

    Raises:
        UserError: the run began with another prior.
    """
    if not holds_prior(folder):  # killed as it began
        save_prior(folder, prior)
    if not load_prior(folder).is_same(prior):
        raise UserError(
            f"{folder}: holds a run with another 'prior'; use another --out, or give the same "
            "prior to continue it"
        )


def load_spec(folder: Path) -> RunSpec:
    """Read what a run was asked to do.

    Raises:
        UserError: missing, damaged, or of another version.
    """
    path = folder / RUN_FILE
    if not path.is_file():
        raise UserError(f"{folder}: no run of this program there, expected a file {RUN_FILE}")
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields.pop("format") != FORMAT:
            raise ValueError(f"another format than {FORMAT}")
        reward = _as_before(fields["reward"])
        return RunSpec(**{**fields, "tune": TuneSettings(**fields["tune"]), "reward": reward})
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise UserError(f"{path}: not a run of this version ({error})") from error


def with_unsaid(begun: RunSpec, folder: Path, reward: dict[str, Any]) -> dict[str, Any]:
    """The settings of a reward, as they were in a run that goes on and could not say all of them.

    Args:
        begun: `load_spec` of the run.
        folder: of the run.
        reward: settings of now.
    """
    said = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))["reward"]
    unsaid = {
        table: {name: begun.reward[table][name] for name in names if name not in said[table]}
        for table, names in BEFORE.items()
        if table in said and table in reward
    }
    return {**reward, **{table: {**reward[table], **own} for table, own in unsaid.items()}}


def _as_before(reward: dict[str, Any]) -> dict[str, Any]:
    """The settings of a run's reward with what it could not say yet."""
    tables = {
        table: {**names, **reward[table]} for table, names in BEFORE.items() if table in reward
    }
    return {**reward, **tables}


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run."""
    return (folder / RUN_FILE).is_file()


def save_policy(folder: Path, policy: TunedPolicy, c: float) -> None:
    """Write the tuned model and the temperature that it ended with."""
    save_checkpoint(
        folder / POLICY_FILE,
        named("values", policy.values.state_dict()),
        {
            "format": FORMAT,
            "start": policy.values.start,
            "algorithm": policy.algorithm.name,
            "c": c,
        },
    )


def load_policy(
    folder: Path, device: torch.device | str = "cpu"
) -> tuple[TunedPolicy, float, StoredPrior]:
    """The tuned model of a finished run, its c, and the prior it was tuned from.

    Raises:
        UserError: the run is not finished, or a file is damaged.
    """
    path = folder / POLICY_FILE
    if not path.is_file():
        raise UserError(f"{folder}: this run is not finished; the same tune command continues it")
    stored = load_prior(folder, device)
    tensors, info = load_checkpoint(path)
    try:
        settings = load_spec(folder).tune
        prior = tempered(stored.prior, settings.prior_temperature)
        values = initial_values(prior, settings, info["start"])
        values.load_state_dict(under("values", tensors))
        policy = TunedPolicy(values.eval().requires_grad_(False), METHODS[info["algorithm"]], prior)
        last = settings.stages[-1].c if settings.stages else None
        c = float(info.get("c", last or settings.c))  # runs of before had no other c
    except (KeyError, RuntimeError) as error:
        raise UserError(f"{path}: not a tuned model of this version ({error})") from error
    return policy, c, stored
