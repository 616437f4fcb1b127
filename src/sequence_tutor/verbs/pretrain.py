"""`pretrain`: learn a prior from a folder of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import Field

from sequence_tutor.config.presets import build, check_shape, merged, read_preset
from sequence_tutor.config.settings import Settings
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.domain import Domain, Judge, TrainingData, find_domain
from sequence_tutor.errors import UserError, settings_of
from sequence_tutor.execution.memory import require_memory
from sequence_tutor.models import weights_digest
from sequence_tutor.pretraining.report import held_out_report
from sequence_tutor.pretraining.settings import PretrainSettings
from sequence_tutor.pretraining.trainer import PriorTrainer, Probe
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior, find_prior, save_prior
from sequence_tutor.progress import counted, progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.files import PathLike, listed_paths, named_path, optional_path
from sequence_tutor.storage.folder_lock import writing_in
from sequence_tutor.storage.tensorboard_events import ask_for_events, require_tensorboard
from sequence_tutor.storage.token_lines import write_json_lines
from sequence_tutor.storage.versions import versions
from sequence_tutor.threads import set_threads

PROBE_BATCH = 1000

SKIPPED_FILE = "skipped.jsonl"
"""One line for each file that gave no sequence, with the reason."""


class PretrainTables(Settings):
    """The tables of a settings file for `pretrain`; each is checked by its own settings."""

    data: dict[str, Any] = Field(default_factory=dict, description="how files become sequences")
    train: PretrainSettings = PretrainSettings()
    temperature: float = Field(
        1.0,
        gt=0,
        description="logits of the trained prior are divided by it: below 1 means fewer mistakes "
        "and less variety",
    )
    card: dict[str, Any] = Field(
        default_factory=dict, description="what else the card says: licences, sources, purpose"
    )


def pretrain(
    domain: str,
    data: PathLike | Sequence[PathLike],
    out: PathLike,
    *,
    preset: str = "default",
    begin_with: PathLike | None = None,
    trust: bool = False,
    config: PathLike | None = None,
    overrides: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    tensorboard: bool = False,
    quiet: bool = False,
) -> StoredPrior:
    """Train a prior on files, folders and archives, and measure it on held-out sequences.

    The same call continues an interrupted training.

    Args:
        domain: such as "melody".
        data: what to read; one path or several.
        out: folder of the prior.
        preset: name of a shipped preset.
        begin_with: a prior to train further, as `find_prior` understands it: its network, its
            vocabulary. None: begin with random weights.
        trust: run a prior of Python that the folder of `begin_with` names, see `trust`.
        config: TOML file whose tables win over the preset's.
        overrides: tables that win over both.
        device: where to compute.
        threads: torch's threads; None measures.
        tensorboard: write the numbers of the log as TensorBoard's events too.
        quiet: show no progress.

    Returns:
        The prior, with its card: data, settings, quality.

    Raises:
        UserError: data or settings that cannot be used.
    """
    if tensorboard:
        require_tensorboard()
    data, out, config = listed_paths(data), named_path(out), optional_path(config)
    room = find_domain(domain)
    begun = Begun.find(begin_with, room, trust=trust) if begin_with is not None else None
    source = str(config or preset)
    file = read_toml(config) if config else {}
    with settings_of(source):
        check_shape(PretrainTables, file)  # before anything wins over it
        tables = merged(read_preset("pretrain", domain, preset), merged(file, overrides or {}))
        tables = begun.fixing(tables, room) if begun else tables
    settings = build(PretrainTables, tables, source)
    data_settings = build(room.data_settings, settings.data, str(config or preset))
    with writing_in(out):
        found = _read(room, data, data_settings, out, quiet=quiet)
        set_threads(threads)
        room = room.with_prior(found.card)
        require_memory("train.batch", settings.train.batch, 4 * room.vocab_size)
        if tensorboard:
            ask_for_events(out)
        probe = Probing(room, found.judge, settings.train.seed)
        trainer = PriorTrainer(
            found.train,
            found.validation,
            room.vocab_size,
            settings.train,
            out,
            device,
            probe.every(settings.train.probe_samples),
            begun.stored.network if begun else None,
        )
        with progress("training the prior", settings.train.steps, quiet=quiet) as advance:
            prior = trainer.run(advance).tempered(settings.temperature)
        quality = held_out_report(prior, found.train, found.test, room.note_tokens, quiet=quiet)
        samples = _judged(probe, prior, settings.train.final_samples, quiet=quiet)
        card = {
            **settings.card,
            **found.card,
            "domain": domain,
            "data": {
                **found.provenance,
                "summary": found.summary,
                "skipped": dict(found.dropped or _counted(reason for _, reason in found.skipped)),
            },
            **({"began_with": begun.said()} if begun else {}),
            "settings": settings.model_dump(mode="json", exclude={"card"}),
            "quality": {
                **quality,
                "validation_nll": trainer.progress.best_nll,
                "best_step": trainer.progress.best_step,
                "seconds": round(trainer.progress.seconds, 1),
                **({"samples": dict(samples)} if samples else {}),
            },
            "threads": torch.get_num_threads(),
            "versions": versions(),
        }
        stored = StoredPrior(prior, domain, card, found.tensors)
        save_prior(out, stored)
        return stored


@dataclass(frozen=True)
class Begun:
    """A prior that is trained further.

    Attributes:
        name: as the user gave it.
        stored: the prior; it has a network of ours.
    """

    name: str
    stored: StoredPrior

    @classmethod
    def find(cls, name: PathLike, room: Domain, *, trust: bool = False) -> Begun:
        """The prior of a name.

        Args:
            name: as `find_prior` understands it.
            room: the domain that it must be of.
            trust: run a prior of Python that its folder names.

        Raises:
            UserError: there is none, it is of another domain, or it has no network of ours.
        """
        stored = find_prior(name, trust=trust)
        if stored.domain != room.name:
            raise UserError(
                f"{name}: a prior of {stored.domain}, expected one of {room.name} to train further"
            )
        _ = stored.network  # refused here, before any file is read
        return cls(str(name), stored)

    def fixing(self, tables: Mapping[str, Any], room: Domain) -> dict[str, Any]:
        """The tables with what the prior fixes in them: its tokens, its network's shape."""
        data = merged(tables.get("data", {}), room.data_of_prior(self.stored.card))
        shape = self.stored.network.settings.model_dump()
        return {**tables, "data": data, "train": {**tables.get("train", {}), "network": shape}}

    def said(self) -> dict[str, Any]:
        """What the card of the further prior says of this one."""
        known = self.stored.card
        facts = {fact: known[fact] for fact in ("name", "command", "corpora") if fact in known}
        return {"prior": self.name, "weights": weights_digest(self.stored.network), **facts}


@dataclass(frozen=True)
class Probing:
    """How samples of a prior in training are judged.

    Attributes:
        room: the domain, speaking the prior's vocabulary.
        judge: says how good samples are; None: nothing is.
        seed: the same samples' noise at every look, so that looks can be compared.
    """

    room: Domain
    judge: Judge | None
    seed: int

    def every(self, samples: int) -> Probe | None:
        """A probe of so many samples; None: there is nothing to say."""
        if self.judge is None or samples == 0:
            return None
        return partial(self._figures, samples)

    def _figures(self, samples: int, prior: NeuralPrior) -> Mapping[str, float]:
        assert self.judge is not None  # seen to above
        room, generator = self.room, named_generator(self.seed, "probe", prior.device)
        pieces = [min(PROBE_BATCH, samples - begun) for begun in range(0, samples, PROBE_BATCH)]
        rows = [
            row
            for size in pieces
            for row in rollout(
                prior, size, room.length, generator, end_token=room.end_token
            ).batch.to_lists()
        ]
        return self.judge(SequenceBatch.from_lists(rows))


def _judged(
    probe: Probing, prior: NeuralPrior, samples: int, *, quiet: bool
) -> Mapping[str, float]:
    """What is said of samples of the prior when training is over; empty: nothing."""
    final = probe.every(samples)
    if final is None:
        return {}
    with progress(f"judging {samples:,} samples", None, quiet=quiet):
        return final(prior)


def _counted(reasons: Iterable[str]) -> dict[str, int]:
    """Each reason and how often it came, the most frequent first."""
    return dict(Counter(reasons).most_common())


def _read(
    room: Domain, data: Sequence[Path], settings: Settings, out: Path, *, quiet: bool
) -> TrainingData:
    """Read the data with progress; every side must have something to learn or measure."""
    with counted(f"reading {room.name} files, {room.unit_read}", quiet=quiet) as report:
        found = room.read_training(data, settings, out / "cache", report)
    lines = ({"file": name, "reason": reason} for name, reason in found.skipped)
    write_json_lines(out / SKIPPED_FILE, lines)
    sides = {side: len(getattr(found, side)) for side in ("train", "validation", "test")}
    skipped = f"; {out / SKIPPED_FILE} lists what was skipped" if found.skipped else ""
    for side, size in sides.items():
        if size == 0:
            raise UserError(
                f"{', '.join(map(str, data))}: too few sequences, {sum(sides.values())} in all and "
                f"none of them for the {side} set; give more files{skipped}"
            )
    return found
