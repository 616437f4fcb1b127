"""Models from their folders: tuned runs and priors."""

from __future__ import annotations

from pathlib import Path

import torch

from sequence_tutor.config.presets import build
from sequence_tutor.domain import Domain, find_domain
from sequence_tutor.errors import UserError, reading
from sequence_tutor.evaluation.aimed_reward import FoundAims
from sequence_tutor.evaluation.model import Model
from sequence_tutor.evaluation.own_rules import UserRules, own_rules
from sequence_tutor.prior.finding import find_prior, given_prior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.storage.files import PathLike
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.run_folder import LOG_FILE, load_policy
from sequence_tutor.tuner.run_record import is_run, load_spec, placed_programs, scores_folder
from sequence_tutor.tuner.settings import TuneSettings
from sequence_tutor.tuner.stage_settings import StageSettings


def load_model(
    name: PathLike,
    device: torch.device | str = "cpu",
    rules: PathLike | None = None,
    *,
    trust: bool = False,
    prior: object | None = None,
    reward: object | None = None,
) -> Model:
    """A tuned model by its run's folder, or a prior by its folder or shipped name.

    Args:
        name: folder, or name of a shipped prior.
        device: to compute on.
        rules: the file of rules that a run was tuned with, if it has moved; or rules to judge a
            prior by.
        trust: execute the code that the folder's records name (rules, programs, a prior in Python)
            although it was not written here; read it first. See `sequence_tutor.storage.trust`.
        prior: the new location of a prior, see `prior.elsewhere`; or the prior object of a run that
            was tuned with one.
        reward: the reward object of a run that was tuned with one.

    Raises:
        UserError: there is no such model, it is unfinished or damaged, or the rules given are
            not its own.
    """
    folder, rules = Path(name), rules_file(rules)
    place = prior if isinstance(prior, PathLike) else None
    if not is_run(folder):
        stored = find_prior(str(name), device, trust=trust, place=place)
        return _prior_model(str(name), stored, rules)
    spec = load_spec(folder)
    given = given_prior(prior, spec.domain) if prior is not None and place is None else None
    policy, c, stored = load_policy(folder, device, trust=trust, place=place, given=given)
    domain = domain_of(spec.domain, stored, folder)
    settings = build(domain.reward_settings, placed_programs(spec), f"{folder}: reward")
    own = own_rules(folder, spec, domain.framed(settings), rules, reward)
    stage = spec.tune.stages[-1] if spec.tune.stages else StageSettings()
    tune = spec.tune.model_copy(update={"c": c})
    return Model(
        folder.resolve().name,
        domain,
        policy,
        stored,
        settings,
        spec.length,
        own,
        tune,
        stage,
        tuple(spec.prefix),
        trust,
        output=domain.recorded(spec.output),
        aims=_found_aims(folder, tune),
        scores=scores_folder(folder),
        only=tuple(spec.only),
    )


def _found_aims(folder: Path, tune: TuneSettings) -> FoundAims | None:
    """The aims of a run from the last line of its log."""
    if not tune.aims:
        return None
    with reading(folder / LOG_FILE, "the log of a run with aims"):
        entries = read_log(folder / LOG_FILE)[-1]["aims"]
        return FoundAims(entries, tune.aims_alone, tune.c)


def domain_of(name: str, stored: StoredPrior, source: PathLike) -> Domain:
    """A domain with the vocabulary of a stored prior.

    Raises:
        UserError: beginning with `source`: the prior is of another domain, or its card or its
            vocabulary do not fit.
    """
    if stored.domain != name:
        raise UserError(f"{source}: a run of {name!r} with a prior of {stored.domain!r}")
    domain = find_domain(name)
    with reading(source, f"a prior of {name}"):
        domain = domain.with_prior(stored.card, stored.tensors)
    if stored.prior.vocab_size != domain.vocab_size:
        raise UserError(
            f"{source}: its prior has {stored.prior.vocab_size} tokens, expected "
            f"{domain.vocab_size} of {name}"
        )
    return domain


def _prior_model(name: str, stored: StoredPrior, rules: Path | None) -> Model:
    domain = domain_of(stored.domain, stored, name)
    own = UserRules(rules) if rules else None
    settings, label = domain.reward_settings(), Path(name).resolve().name
    return Model(label, domain, stored.prior, stored, settings, domain.length, own)
