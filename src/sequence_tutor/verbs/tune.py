"""`tune`: bring a copy of a prior toward a reward while it stays close."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.text import Text

from sequence_tutor.config.presets import build, read_preset
from sequence_tutor.config.settings import first_difference
from sequence_tutor.domain import Domain, find_domain
from sequence_tutor.errors import UserError, reading, settings_of
from sequence_tutor.evaluation.model import Model, load_model
from sequence_tutor.files import PathLike, is_empty, named_path, optional_path
from sequence_tutor.folder_lock import writing_in
from sequence_tutor.measure import Task, measure
from sequence_tutor.memory import require_memory
from sequence_tutor.printable import printable
from sequence_tutor.prior.check import check_prior
from sequence_tutor.prior.protocol import device_of
from sequence_tutor.prior.store import StoredPrior, find_prior
from sequence_tutor.progress import heading, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.reward.description import effective_weights
from sequence_tutor.tensorboard_events import ask_for_events, require_tensorboard
from sequence_tutor.threads import set_threads
from sequence_tutor.trust import programs_of, remember
from sequence_tutor.tuner.beginning import chosen_start
from sequence_tutor.tuner.budget import check_budget
from sequence_tutor.tuner.logbook import Warn
from sequence_tutor.tuner.loop import STATE_FILE, Tuner
from sequence_tutor.tuner.run_folder import (
    RunSpec,
    code_of,
    is_run,
    keep_prior,
    load_spec,
    save_policy,
    save_spec,
    with_unsaid,
)
from sequence_tutor.tuner.seeds import check_seeds
from sequence_tutor.tuner.settings import TuneSettings, sizes
from sequence_tutor.tuner.stages import most_steps, stages_of
from sequence_tutor.verbs.given_files import beginning_of, check_read, digest_of
from sequence_tutor.verbs.settings_tables import TuneTables, asked_for, layered
from sequence_tutor.versions import versions


def tune(
    domain: str,
    out: PathLike,
    *,
    prior: PathLike | None = None,
    preset: str = "default",
    config: PathLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    rules: PathLike | None = None,
    seeds: PathLike | None = None,
    prime: PathLike | None = None,
    column: str | None = None,
    standardise: str | None = None,
    trust: bool = False,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    tensorboard: bool = False,
    tell: Callable[[str], None] = lambda _: None,
    serves_several: bool = False,
    quiet: bool = False,
) -> Model:
    """Tune a prior; the same call continues an interrupted run, bit for bit.

    Args:
        domain: such as "melody".
        out: folder of the run.
        prior: folder, name of a shipped prior, or a Python file with one (`prior.user_file`); None:
            the one the domain begins with.
        preset: name of a shipped preset.
        config: TOML file whose tables win over the preset's.
        overrides: tables that win over both, such as `{"tune": {"c": 2.0}}`.
        rules: Python file with rules of the user's own.
        seeds: file of sequences that replay begins with.
        prime: file whose first sequence every sampled one begins with; it is not learned.
        column: of tables of molecules, the one with the SMILES; None: the one whose name says so.
        standardise: of seeds that are molecules, what is left of them: "fragment", without
            counter-ions, also where it is None; "parent", without charges too; or "none".
        trust: run a prior of Python that the prior's folder names, see `trust`.
        device: where to compute.
        threads: torch's threads; None measures, and a resumed run keeps its number.
        tensorboard: write the numbers of the log as TensorBoard's events too.
        tell: called, before the first update, with the effective weights of the reward in one
            line.
        serves_several: the file is that of several runs, and may hold settings of tuning that play
            no part in this one; elsewhere they are refused.
        quiet: show no progress.

    Returns:
        The tuned model.

    Raises:
        UserError: settings, prior, rules or folder that cannot be used.
    """
    if tensorboard:
        require_tensorboard()
    out, config, rules = named_path(out), optional_path(config), optional_path(rules)
    seeds, prime = optional_path(seeds), optional_path(prime)
    room, stored = open_prior(domain, prior, device, trust=trust)
    check_read(column, standardise, seeds, prime)
    room = room.reading(column, standardise, _warn(quiet=quiet))
    spec = resolve(
        *(room, str(prior or domain), preset, config, overrides or {}, rules),
        serves_several=serves_several,
    )
    chosen_start(stored.prior, spec.tune)
    output = build(room.output_settings, spec.output, "output")
    own = room.framed(build(room.reward_settings, spec.reward, "reward"))
    own.check_output(output)
    begun = beginning_of(own, prime, output, spec.length)
    for remark in begun.remarks:
        heading(remark, quiet=quiet)
    spec = replace(
        spec,
        prefix=list(begun.tokens),
        output=begun.settings.model_dump(mode="json"),
        seeds=str(seeds.absolute()) if seeds else None,
        seeds_digest=digest_of(seeds, "sequences", column, standardise),
    )
    if is_run(out):  # a setting that it could not say yet is as it was then
        spec = replace(spec, reward=with_unsaid(load_spec(out), out, spec.reward))
    beginning = room.read_sequences(seeds) if seeds else []
    with settings_of(f"{config or f'preset {preset}'}: reward"):
        reward = room.reward(build(room.reward_settings, spec.reward, "reward"), rules)
    task = Task(
        stored.prior,
        reward,
        spec.length,
        room.end_token,
        prefix=tuple(spec.prefix),
        speller=room.speller(),
        opener=room.opener(),
    )
    require_memory("length", spec.length, 8)
    for size, number, each in sizes(spec.tune, spec.length, room.vocab_size, len(reward.names)):
        require_memory(size, number, each)
    stages_of(spec.tune, reward)
    check_budget(spec.tune, len(beginning))
    if seeds is not None:  # a file without any is a mistake
        try:
            check_seeds(beginning, task, spec.tune)
        except UserError as error:
            raise UserError(f"{seeds}: {error}") from error
    for _ in measure(stored.prior, task, 2, named_generator(0, "trial", device_of(stored.prior))):
        pass  # whatever is wrong is found before anything is written
    with ExitStack() as stack:
        stack.enter_context(writing_in(out))
        asked, spec = spec, _begin_or_resume(out, spec, stored, threads)
        tell(effective_weights(reward))
        if tensorboard:
            ask_for_events(out)
        name = f"tuning {spec.tune.algorithm}"
        gatherer = room.gatherer(out, reward, output, (out / STATE_FILE).exists())
        if gatherer is not None:
            stack.callback(gatherer.close)
        tuner = Tuner(task, spec.tune, out, _warn(quiet=quiet), gatherer=gatherer, seeds=beginning)
        advance = stack.enter_context(progress(name, most_steps(spec.tune), quiet=quiet))
        policy = tuner.run(advance)
        save_policy(out, policy, tuner.c)
    place = None if stored.elsewhere is None else stored.elsewhere.place
    model = load_model(str(out), device, rules, prior=place)
    # what the call itself named may run; the folder may have begun as another's
    return replace(model, trust=load_spec(out).folder == asked.folder)


def open_prior(
    domain: str, prior: PathLike | None, device: torch.device | str, *, trust: bool = False
) -> tuple[Domain, StoredPrior]:
    """A prior as `tune` takes it, and its domain speaking its vocabulary.

    Args:
        domain: such as "melody".
        prior: as `tune` takes it.
        device: where to compute.
        trust: run a file of Python that a folder names, see `trust`.

    Raises:
        UserError: it cannot be used, or is of another domain.
    """
    room = find_domain(domain)
    if prior and is_run(Path(prior)):
        raise UserError(
            f"{prior}: a tuned run, expected a prior, such as the one it began with, "
            f"{load_spec(Path(prior)).prior}"
        )
    named = find_prior(prior, device, domain, trust=trust) if prior else None
    stored = named or room.default_prior(device)
    if stored.domain != domain:
        raise UserError(f"{prior}: a prior of {stored.domain!r}, expected one of {domain!r}")
    with reading(prior or domain, f"a prior of {domain}"):
        room = room.with_prior(stored.card, stored.tensors)
    if stored.elsewhere is not None:
        _check_stranger(stored, room)
    return room, stored


def resolve(
    room: Domain,
    prior: str,
    preset: str,
    config: Path | None,
    overrides: Mapping[str, Any],
    rules: Path | None,
    *,
    serves_several: bool = False,
) -> RunSpec:
    """What is asked for, every setting resolved and checked; see `tune` for the arguments.

    With `serves_several` the file may hold settings that play no part in this run but in others.

    Raises:
        UserError: a setting, preset or file that cannot be used.
    """
    source = str(config) if config else f"preset {preset}"
    below = read_preset("tune", room.name, preset)
    tables = layered(TuneTables, below, config, overrides, source, room)
    algorithm = str(tables.tune.get("algorithm", TuneSettings().algorithm))
    asked = asked_for(None if serves_several else config, overrides, algorithm)
    reward = build(room.reward_settings, tables.reward, f"{source}: reward")
    output = build(room.output_settings, tables.output, f"{source}: output")
    return RunSpec(
        domain=room.name,
        prior=prior,
        length=tables.length or room.length,
        tune=build(TuneSettings, _with_stages(tables), source, asked),
        reward=reward.model_dump(mode="json"),
        output=output.model_dump(mode="json"),
        rules=str(rules.absolute()) if rules else None,
        rules_digest=digest_of(rules, "rules"),
        versions=versions(),
        threads=torch.get_num_threads(),
        folder=str(Path.cwd()) if programs_of(tables.reward) else None,
    )


def _check_stranger(stored: StoredPrior, room: Domain) -> None:
    """Refuse a prior from elsewhere that breaks a promise or speaks of other tokens."""
    if stored.prior.vocab_size != room.vocab_size:
        raise UserError(
            f"the prior has {stored.prior.vocab_size} tokens, expected {room.vocab_size} for "
            f"{room.name}"
        )
    check_prior(stored.prior)


def _begin_or_resume(out: Path, spec: RunSpec, stored: StoredPrior, threads: int | None) -> RunSpec:
    """The run's own spec if the folder holds one that asks for the same, else a new one."""
    if not is_run(out):
        if not is_empty(out):
            raise UserError(f"{out}: not empty and no run of this program; use another --out")
        spec = RunSpec(**{**vars(spec), "threads": set_threads(threads)})
        save_spec(out, spec, stored)
        return spec
    begun = load_spec(out)
    for name in ("domain", "length", "tune", "reward", "prefix"):
        found = first_difference(name, getattr(begun, name), getattr(spec, name))
        if found is not None:
            raise _other_run(out, found)
    for name in ("rules", "seeds"):
        if getattr(begun, f"{name}_digest") != getattr(spec, f"{name}_digest"):
            raise _other_run(out, f"another file of {name}, or with none")
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


def _with_stages(tables: TuneTables) -> dict[str, Any]:
    """The table of tuning with the stages, which a file has beside it."""
    return {**tables.tune, **({"stages": tables.stages} if tables.stages else {})}


def _warn(*, quiet: bool) -> Warn:
    """Print a warning of the run's health to standard error."""
    console = Console(stderr=True, quiet=quiet)
    return lambda message: console.print(
        Text.assemble(("warning:", "yellow"), f" {printable(message)}")
    )
