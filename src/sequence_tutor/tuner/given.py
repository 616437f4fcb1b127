"""What `tune` is given beside its settings: prior, reward in memory, and files of sequences."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Beginning, Domain, find_domain
from sequence_tutor.errors import UserError, reading
from sequence_tutor.prior.check import check_prior
from sequence_tutor.prior.finding import find_prior, given_prior
from sequence_tutor.prior.protocol import Prior, device_of
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.check import check_batch
from sequence_tutor.reward.in_memory import given_reward, kind_of_reward
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.measure import Task, measure
from sequence_tutor.storage.files import PathLike
from sequence_tutor.tuner.extensions import NOTHING, Extensions
from sequence_tutor.tuner.own_reward import SAID
from sequence_tutor.tuner.run_record import is_run, load_spec
from sequence_tutor.tuner.settings_tables import Layers


@dataclass(frozen=True)
class Given:
    """What a run is given beside its settings.

    Attributes:
        prior: path, name or object; None: the one that the domain begins with.
        rules: Python file with rules of the user's own.
        reward: an object in place of the domain's reward.
        seeds: file of sequences that replay begins with, or the sequences.
        prime: file whose first sequence every sampled one begins with.
        column: of tables of molecules, the one with the SMILES.
        standardise: what is left of seeds that are molecules.
        extensions: objects that extend the run.
        scaffold: part that every sampled sequence begins with, in the user's words; or None.
    """

    prior: object | None = None
    rules: Path | None = None
    reward: object | None = None
    seeds: Path | Sequence[Sequence[int]] | None = None
    prime: Path | None = None
    column: str | None = None
    standardise: str | None = None
    extensions: Extensions = NOTHING
    scaffold: str | None = None


def open_prior(
    name: str, prior: object | None, device: torch.device | str, *, trust: bool
) -> tuple[Domain, StoredPrior]:
    """A prior, and its domain speaking its vocabulary.

    Raises:
        UserError: it cannot be used, or is of another domain.
    """
    domain = find_domain(name)
    if prior is None or prior == "":
        stored = domain.default_prior(device)
    elif not isinstance(prior, PathLike):
        stored = given_prior(prior, name)
    elif is_run(Path(prior)):
        raise UserError(
            f"{prior}: a tuned run, expected a prior, such as the one it began with, "
            f"{load_spec(Path(prior)).prior}"
        )
    else:
        stored = find_prior(prior, device, name, trust=trust)
    said = str(prior or name) if isinstance(prior, PathLike | None) else stored.kind
    if stored.domain != name:
        raise UserError(f"{said}: a prior of {stored.domain!r}, expected one of {name!r}")
    with reading(said, f"a prior of {name}"):
        domain = domain.with_prior(stored.card, stored.tensors)
    if stored.elsewhere is not None:
        if stored.prior.vocab_size != domain.vocab_size:
            raise UserError(
                f"the prior has {stored.prior.vocab_size} tokens, expected {domain.vocab_size} "
                f"for {name}"
            )
        check_prior(stored.prior)
    return domain, stored


def reward_in_memory(given: Given, layers: Layers, domain: Domain) -> Reward:
    """The object that is given in place of a domain's reward.

    Raises:
        UserError: it is none, or settings or a file say what is scored as well.
    """
    said = {**layers.file.get("reward", {}), **layers.overrides.get("reward", {})}
    if given.rules is not None or any(said.get(name) for name in SAID):
        raise UserError(
            "the reward is an object, and rules, weights or terms are given beside it, "
            "expected one of them"
        )
    return given_reward(given.reward, domain.shown_to_functions)


def account_of(task: Task) -> dict[str, Any]:
    """What tells a reward in memory from others: its kind, its terms and what it pays; JSON."""
    generator = named_generator(0, "trial", device_of(task.prior))
    (tried,) = measure(task.prior, task, 2, generator)
    check_batch(task.reward, tried.batch)
    paid = tried.terms.sum(1).flatten().tolist()
    return {**kind_of_reward(task.reward), "paid": [float(f"{value:.4g}") for value in paid]}


def check_read(
    column: str | None, standardise: str | None, seeds: object, prime: Path | None
) -> None:
    """Refuse options on how to read files where there is no file to read."""
    if column is not None and seeds is None and prime is None:
        raise UserError(
            f"--column {column}: there is no file to read, expected it with --seeds or --prime"
        )
    if standardise is not None and seeds is None:
        raise UserError(
            f"--standardise {standardise}: there are no molecules to read, expected it with --seeds"
        )


def beginning_of(domain: Domain, prime: Path | None, output: Settings, length: int) -> Beginning:
    """The tokens of a file that every sequence begins with.

    Raises:
        UserError: they leave nothing to write.
    """
    if prime is None:
        return Beginning((), output)
    begun = domain.begin(prime, output)
    tokens = begun.tokens
    if not 1 <= len(tokens) < length:
        raise UserError(
            f"{prime}: {len(tokens)} tokens to begin with, expected 1 to {length - 1}, fewer than "
            "the length"
        )
    return begun


def beginning_with(
    domain: Domain, part: str, output: Settings, prior: Prior, length: int
) -> Beginning:
    """A part in the user's words as the tokens that every sequence begins with.

    Raises:
        UserError: it cannot be used.
    """
    return Beginning(list(domain.begin_with(part, prior, length)), output)


def digest_of(
    path: Path | Sequence[Sequence[int]] | None, what: str, *read_by: str | None
) -> str | None:
    """SHA-256 of a file, with the choices that it is read by, or of lists of tokens; or None."""
    if path is None:
        return None
    if not isinstance(path, Path):
        rows = json.dumps([list(map(int, row)) for row in path])
        return hashlib.sha256(rows.encode()).hexdigest()
    if not path.is_file():
        raise UserError(f"{path}: there is no such file of {what}")
    digest = hashlib.sha256(path.read_bytes())
    if any(read_by):  # else it is that of the file
        digest.update(repr(read_by).encode())
    return digest.hexdigest()
