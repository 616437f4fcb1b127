"""`sample`: distinct sequences of a model, in memory and as files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from sequence_tutor.config.settings import Settings, check_least
from sequence_tutor.domain import Beginning, Progress, Reward
from sequence_tutor.domain.fingerprints import sequence_hashes
from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model, check_model, executed_by
from sequence_tutor.evaluation.yardstick import scored_here
from sequence_tutor.execution.memory import require_memory
from sequence_tutor.progress import Advance, counted, heading, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.reporting.samples import Samples
from sequence_tutor.sampling.rollout import check_temperature
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.files import PathLike, optional_path
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.storage.token_lines import write_json_lines
from sequence_tutor.verbs.draws import DRAWS_FILE, draws
from sequence_tutor.workbench.tutored import BATCH, Source, Tutoring, rollout_source, tutored_source

PATIENCE = 64  # batches without a new sequence after which the model has no more


def sample(
    model: Model,
    count: int,
    out: PathLike | None = None,
    *,
    temperature: float = 1.0,
    prime: PathLike | None = None,
    length: int | None = None,
    seed: int = 0,
    settings: Settings | None = None,
    tutoring: Tutoring | None = None,
    column: str | None = None,
    repeats: bool = False,
    executor: str | None = None,
    quiet: bool = False,
) -> Samples:
    """Sample `count` distinct sequences of a model, or with `repeats` simply the first ones.

    Args:
        model: tuned model or prior.
        count: number of sequences.
        out: folder for the domain's files; None: write nothing.
        temperature: divides log pi: below 1 favours likely sequences, above 1 varied ones.
        prime: file whose first sequence all of them continue.
        length: tokens of a sequence, the prime included; None: as the model was tuned.
        seed: the same seed gives the same sequences on the same machine.
        settings: of the domain's files; None: those the model was tuned with, `Model.files`.
        tutoring: how a tuned model advises its prior; None: the model itself is sampled.
        column: of a table of molecules as prime, the one with the SMILES; None: the one whose name
            says so.
        repeats: keep repeated sequences too, and record the likelihoods and rewards of each in
            `Samples.draws`, and in `draws.jsonl` in the folder.
        executor: which computes the rewards, see `tune`; None: they are computed in this process.

    Returns:
        The sequences; a notebook displays them.

    Raises:
        UserError: a number out of its range, a length beyond the one the model was tuned at, a
            prime as long as that, or a model with fewer distinct sequences than asked for.
    """
    check_model(model)
    check_least(1, count=count)
    check_temperature(temperature)
    out, prime = optional_path(out), optional_path(prime)
    if prime is not None:
        told = partial(heading, quiet=quiet)
        model = replace(model, domain=model.domain.reading(column, None, told))
    elif column is not None:
        raise UserError(f"--column {column}: there is no file to read, expected it with --prime")
    model = executed_by(model, executor)
    length = model.length if length is None else length
    model.check_length(length)
    require_memory("count", count, 8 * length)
    settings = settings or model.files(primed=prime is not None)
    for remark in model.framed_domain.check_output(settings):
        heading(remark, quiet=quiet)
    begun = _beginning(model, prime, length, settings)
    beginning, settings = tuple(begun.tokens), begun.settings
    for remark in begun.remarks:
        heading(remark, quiet=quiet)
    if beginning[: len(model.prefix)] != model.prefix:
        heading(
            f"{model.name}: tuned to go on from another beginning; it got no reward for "
            "continuations of this one",
            quiet=quiet,
        )
    if tutoring is None:
        source = rollout_source(model, model.policy, length, beginning, temperature)
    else:
        source = tutored_source(model, tutoring, length, beginning, temperature)
    with progress("sampling", count, quiet=quiet) as advance:
        batch = _take(model, source, count, seed, advance, repeats=repeats)
    drawn = draws(model, batch, len(beginning), quiet=quiet) if repeats else None
    if out is not None:
        write_samples(model, batch, out, settings, DRAWS_FILE, drawn, quiet=quiet)
    return Samples(batch, model, settings, out, drawn)


def write_samples(
    model: Model,
    batch: SequenceBatch,
    out: Path,
    settings: Settings,
    name: str,
    rows: Iterable[object] | None,
    *,
    quiet: bool,
) -> None:
    """Write the domain's files into a folder, and rows, if any, as JSON lines with this name."""
    with writing_in(out), counted("writing files", quiet=quiet) as report:
        _write(model, batch, out, settings, report, quiet=quiet)
        if rows is not None:
            write_json_lines(out / name, rows)


def _write(
    model: Model,
    batch: SequenceBatch,
    out: Path,
    settings: Settings,
    report: Progress,
    *,
    quiet: bool,
) -> None:
    """Write files, with the reward of each sequence where the domain's files have it."""

    def reward() -> Reward | None:
        try:
            return scored_here(model).reward
        except UserError as error:  # the sequences can be written without it
            heading(f"{error}; files are written without the terms of the reward", quiet=quiet)
            return None

    model.framed_domain.write_rewarded(batch, out, settings, report, reward)


def _beginning(model: Model, prime: Path | None, length: int, settings: Settings) -> Beginning:
    """The beginning of every sequence: the prime, or the one that the model was tuned with."""
    check_least(1, length=length)
    if prime is None:
        begun = Beginning(model.prefix, settings)
    else:
        begun = model.framed_domain.begin(prime, settings)
    given = begun.tokens
    if len(given) >= length:
        raise UserError(
            f"{prime or model.name}: {len(given)} tokens to begin with, expected fewer than the "
            f"length {length}; "
            + (
                "tune with this --prime and a larger --length, or sample the prior with one"
                if model.is_bound
                else "give a larger --length"
            )
        )
    return begun


def _take(
    model: Model, source: Source, count: int, seed: int, advance: Advance, *, repeats: bool
) -> SequenceBatch:
    """Sample until there are `count` sequences, in the order of sampling; distinct ones, or all."""
    generator = named_generator(seed, "sample", model.device)
    seen: set[int] = set()
    kept: list[list[int]] = []
    since_new = 0
    while len(kept) < count:
        batch, before = source(generator), len(kept)
        hashes = sequence_hashes(batch).tolist()
        for sequence, fingerprint in zip(batch.to_lists(), hashes, strict=True):
            if repeats or fingerprint not in seen:
                seen.add(fingerprint)
                kept.append(sequence)
        advance(min(len(kept), count) - before)
        since_new = 0 if len(kept) > before else since_new + 1
        if since_new == PATIENCE and len(kept) < count:
            raise UserError(
                f"{model.name}: {count} distinct sequences were asked for, but only {len(kept)} "
                f"came, the last {PATIENCE} batches of {BATCH:,} bringing none; ask for fewer or "
                "raise the temperature"
            )
    return SequenceBatch.from_lists(kept[:count])
