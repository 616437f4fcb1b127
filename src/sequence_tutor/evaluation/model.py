"""A model to sample, score with or evaluate: a prior or a tuned one, with what it is judged by."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Domain, find_domain
from sequence_tutor.errors import UserError
from sequence_tutor.measure import Task
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.prior.store import StoredPrior, find_prior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.tuner.run_folder import RunSpec, is_run, load_policy, load_spec
from sequence_tutor.tuner.settings import TuneSettings


@dataclass(frozen=True)
class Model:
    """Something to sample from and all that is needed to judge it.

    Attributes:
        name: the run's folder or the prior's name.
        domain: what its tokens mean.
        policy: what is sampled; for a prior the prior itself.
        stored: the prior, its card and the fingerprints of its training data.
        reward: what it was tuned on; for a prior the domain's default.
        reward_settings: what `reward` was built from.
        length: T.
        tune: how it was tuned; None for a prior.
    """

    name: str
    domain: Domain
    policy: Prior
    stored: StoredPrior
    reward: Reward
    reward_settings: Settings
    length: int
    tune: TuneSettings | None = None

    @property
    def task(self) -> Task:
        """What it is measured on."""
        return Task(self.stored.prior, self.reward, self.length, self.domain.end_token)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.stored.prior.network.head.weight.device


def load_model(
    name: str | Path, device: torch.device | str = "cpu", rules: Path | None = None
) -> Model:
    """A tuned model by its run's folder, or a prior by its folder or shipped name.

    Args:
        name: folder, or name of a shipped prior.
        device: where to compute.
        rules: file of the user's own rules that a run was tuned with, if it has moved; or rules
            to judge a prior by.

    Raises:
        UserError: there is no such model, it is not finished or damaged, or its rules are missing
            or no longer the same.
    """
    folder = Path(name)
    if not is_run(folder):
        return _prior_model(str(name), find_prior(str(name), device), rules)
    spec = load_spec(folder)
    policy, stored = load_policy(folder, device)
    domain = find_domain(spec.domain)
    settings = build(domain.reward_settings, spec.reward, f"{folder}: reward")
    reward = domain.reward(settings, _rules_of(folder, spec, rules))
    return Model(
        folder.resolve().name, domain, policy, stored, reward, settings, spec.length, spec.tune
    )


def prior_of(model: Model) -> Model:
    """The prior that a model was tuned from, judged as the model is."""
    return Model(
        "prior",
        model.domain,
        model.stored.prior,
        model.stored,
        model.reward,
        model.reward_settings,
        model.length,
    )


def _prior_model(name: str, stored: StoredPrior, rules: Path | None) -> Model:
    domain = find_domain(stored.domain)
    settings = domain.reward_settings()
    reward = domain.reward(settings, rules)
    label = Path(name).resolve().name
    return Model(label, domain, stored.prior, stored, reward, settings, domain.length)


def _rules_of(folder: Path, spec: RunSpec, given: Path | None) -> Path | None:
    """The file with the rules of a run, which must still be what it was."""
    if spec.rules_digest is None:
        if given is not None:
            raise UserError(f"{given}: {folder} was tuned without rules of one's own")
        return None
    path = given or Path(spec.rules or "")
    if not path.is_file():
        raise UserError(
            f"{path}: the rules that {folder} was tuned with are not there; say where with --rules"
        )
    if hashlib.sha256(path.read_bytes()).hexdigest() != spec.rules_digest:
        raise UserError(
            f"{path}: not the rules that {folder} was tuned with; give those with --rules"
        )
    return path
