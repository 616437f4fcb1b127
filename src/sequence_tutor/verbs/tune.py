"""`tune`: train a copy of a prior toward a reward while it stays close to the prior."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.config.presets import merged
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.user_terms import rules_file
from sequence_tutor.storage.files import PathLike, named_path, optional_path
from sequence_tutor.storage.tensorboard_events import require_tensorboard
from sequence_tutor.tracking.registry import AnyLogger
from sequence_tutor.tuner.callbacks import Callback
from sequence_tutor.tuner.carrying_out import carry_out
from sequence_tutor.tuner.exploration import Explores
from sequence_tutor.tuner.extensions import Extensions, MakesSampler
from sequence_tutor.tuner.given import Given
from sequence_tutor.tuner.order import open_order
from sequence_tutor.tuner.run_record import is_run, load_spec
from sequence_tutor.tuner.settings_tables import with_executor
from sequence_tutor.workbench.finished_run import tuned

AnyPrior = PathLike | StoredPrior | Prior | Callable[[Tensor], Tensor]
"""Everything that `tune` accepts as a prior."""

AnyReward = Reward | Callable[[Any], Any]
"""Everything that `tune` accepts as a reward; functions get the argument of the domain's rules."""


def tune(
    domain: str,
    out: PathLike,
    *,
    prior: AnyPrior | None = None,
    reward: AnyReward | None = None,
    preset: str = "default",
    config: PathLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    aims: Mapping[str, Any] | None = None,
    rules: PathLike | None = None,
    seeds: PathLike | Sequence[Sequence[int]] | None = None,
    prime: PathLike | None = None,
    scaffold: str | None = None,
    column: str | None = None,
    standardise: str | None = None,
    executor: str | None = None,
    trust: bool = False,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    tensorboard: bool = False,
    log_to: Sequence[AnyLogger] = (),
    callbacks: Sequence[Callback] = (),
    sampler: MakesSampler | None = None,
    exploration: Explores | None = None,
    tell: Callable[[str], None] = lambda _: None,
    quiet: bool = False,
) -> Model:
    """Tune a prior; the same call continues an interrupted run, bit for bit.

    Args:
        domain: such as "melody".
        out: folder of the run.
        prior: folder, name of a shipped prior, or a Python file with one (`prior.user_file`); or an
            object: a `StoredPrior`, one that satisfies `Prior`, or a function or torch module that
            gives logits (B, V) for the tokens so far (B, t). None: the one the domain begins with.
        reward: an object in place of the domain's reward: it satisfies `Reward`, or is a function
            that gives one number a token, (B, T), or one a sequence, (B,). Its argument is that of
            the domain's rules: melodies, lines, a list of SMILES, or a `SequenceBatch`.
        preset: name of a shipped preset.
        config: TOML file whose tables win over the preset's.
        overrides: tables that win over both, such as `{"tune": {"c": 2.0}}`.
        aims: what rows of the table should be, such as `{"starts_with_tonic": ">= 90 %"}`; their
            multipliers are found, see docs/aims.md.
        rules: Python file with rules of the user's own.
        seeds: file of sequences that replay begins with, or lists of their tokens.
        prime: file whose first sequence every sampled one begins with; it is not learned.
        scaffold: SMILES of a part with one `[*]` that every molecule begins with; instead of a
            prime.
        column: of tables of molecules, the one with the SMILES; None: the one whose name says so.
        standardise: how seeds that are molecules are reduced: "fragment" (the default) removes
            counter-ions, "parent" charges too, "none" nothing.
        executor: which scores: "serial", "local", "ray", "ray://HOST:PORT" or one of an installed
            package; None: that of the settings, else "local". A resumed run may have another one.
        trust: run a prior of Python that the prior's folder names, see `trust`.
        device: where to compute; an object stays where it is.
        threads: torch's threads; None measures, and a resumed run keeps its number.
        tensorboard: write the numbers of the log as TensorBoard's events too.
        log_to: copy each line of the log to these, beside those of the settings: "tensorboard",
            "trackio", "wandb", "mlflow", the name of an installed one, a `Logger`, or a function
            of one line. What fails costs one warning and is sent when the run goes on.
        callbacks: told of the moments of the run, beside those of the settings; see `Callback`.
        sampler: a class that derives from `sequence_tutor.replay.Sampler`, in place of the
            settings' sampler.
        exploration: a function in place of the settings' exploration: log pi (B, V) and the
            strength that the settings anneal -> log-probabilities (B, V) to sample from.
        tell: called before the first update with a line of the reward's effective weights.
        quiet: show no progress.

    Returns:
        The tuned model. A run with objects is loaded again by `load_model` with the same ones.

    Raises:
        UserError: settings, prior, rules or folder that cannot be used.
    """
    if tensorboard:
        require_tensorboard()
    out, config, prime = named_path(out), optional_path(config), optional_path(prime)
    if isinstance(seeds, PathLike):
        seeds = named_path(seeds)
    if aims is not None:
        overrides = merged(overrides or {}, {"aims": aims})
    extensions = Extensions(sampler, exploration, callbacks, log_to)
    overrides = merged(with_executor(overrides, executor), extensions.named())
    if scaffold is not None and prime is not None:
        raise UserError("scaffold and prime both say how sequences begin, expected one of them")
    read = seeds, prime, column, standardise
    given = Given(prior, rules_file(rules), reward, *read, extensions, scaffold)
    order = open_order(
        domain,
        preset,
        config,
        overrides,
        given,
        weighs=True if _has_weights(out) else None,
        trust=trust,
        device=device,
        quiet=quiet,
    )
    carry_out(order, out, threads=threads, tensorboard=tensorboard, tell=tell, quiet=quiet)
    return tuned(order, out)


def _has_weights(out: Path) -> bool:
    """Whether a folder holds a run without aims: it goes on, whatever `default` is by now."""
    return is_run(out) and not load_spec(out).tune.aims
