"""`pretrain`: learn a prior from a folder of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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
from sequence_tutor.domain.real_card import CARD
from sequence_tutor.errors import UserError, settings_of
from sequence_tutor.evaluation.real import card_of_real
from sequence_tutor.execution.memory import require_memory
from sequence_tutor.models import weights_digest
from sequence_tutor.pretraining.report import held_out_report
from sequence_tutor.pretraining.settings import PretrainSettings
from sequence_tutor.pretraining.trainer import PriorTrainer
from sequence_tutor.prior.finding import find_prior
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior, save_prior
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
    """The tables of a settings file for `pretrain`."""

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
        data: one path or several.
        out: folder of the prior.
        preset: name of a shipped preset.
        begin_with: a prior to train further with its network and vocabulary, as `find_prior`
            understands it; None: begin with random weights.
        trust: run a prior of Python that the folder of `begin_with` names, see `trust`.
        config: TOML file whose tables win over the preset's.
        overrides: tables that win over both.
        threads: torch's threads; None measures.
        tensorboard: write the numbers of the log as TensorBoard's events too.

    Returns:
        The prior, with its card: data, settings, quality.

    Raises:
        UserError: data or settings that cannot be used.
    """
    if tensorboard:
        require_tensorboard()
    data, out, config = listed_paths(data), named_path(out), optional_path(config)
    kind = find_domain(domain)
    begun = _Start.find(begin_with, kind, trust=trust) if begin_with is not None else None
    source = str(config or preset)
    file = read_toml(config) if config else {}
    with settings_of(source):
        check_shape(PretrainTables, file)  # before anything wins over it
        tables = merged(read_preset("pretrain", domain, preset), merged(file, overrides or {}))
        tables = begun.fixing(tables, kind) if begun else tables
    settings = build(PretrainTables, tables, source)
    data_settings = build(kind.data_settings, settings.data, str(config or preset), within="data")
    with writing_in(out):
        found = _read(kind, data, data_settings, out, quiet=quiet)
        set_threads(threads)
        kind = kind.with_prior(found.card)
        require_memory("train.batch", settings.train.batch, 4 * kind.vocab_size)
        if tensorboard:
            ask_for_events(out)
        judge, seed = found.judge, settings.train.seed
        judged = None if judge is None else partial(_judged, kind, judge, seed)
        looks, final = settings.train.probe_samples, settings.train.final_samples
        trainer = PriorTrainer(
            found.train,
            found.validation,
            kind.vocab_size,
            settings.train,
            out,
            device,
            partial(judged, looks) if judged and looks else None,
            begun.stored.network if begun else None,
        )
        with progress("training the prior", settings.train.steps, quiet=quiet) as advance:
            prior = trainer.run(advance).tempered(settings.temperature)
        quality = held_out_report(prior, found.train, found.test, kind.note_tokens, quiet=quiet)
        samples: Mapping[str, float] = {}
        if judged and final:
            with progress(f"judging {final:,} samples", None, quiet=quiet):
                samples = judged(final, prior)
        reasons = Counter(reason for _, reason in found.skipped)
        card = {
            **settings.card,
            **found.card,
            "domain": domain,
            "data": {
                **found.provenance,
                "summary": found.summary,
                "skipped": dict(found.dropped or reasons.most_common()),
            },
            **({"began_with": begun.record()} if begun else {}),
            "settings": settings.model_dump(mode="json", exclude={"card"}),
            "quality": {
                **quality,
                "validation_nll": trainer.progress.best_nll,
                "best_step": trainer.progress.best_step,
                "seconds": round(trainer.progress.seconds, 1),
                **({"samples": dict(samples)} if samples else {}),
            },
            CARD: card_of_real(kind, found),
            "threads": torch.get_num_threads(),
            "versions": versions(),
        }
        stored = StoredPrior(prior, domain, card, found.tensors)
        save_prior(out, stored)
        return stored


@dataclass(frozen=True)
class _Start:
    """A prior of ours that is trained further, and the name that the user gave it."""

    name: str
    stored: StoredPrior

    @classmethod
    def find(cls, name: PathLike, domain: Domain, *, trust: bool = False) -> _Start:
        """The prior of a name, which must be of the domain and have a network of ours."""
        stored = find_prior(name, trust=trust)
        if stored.domain != domain.name:
            raise UserError(
                f"{name}: a prior of {stored.domain}, expected one of {domain.name} to train "
                "further"
            )
        _ = stored.network  # refused here, before any file is read
        return cls(str(name), stored)

    def fixing(self, tables: Mapping[str, Any], domain: Domain) -> dict[str, Any]:
        """The tables with the settings that the prior fixes: its tokens, its network's shape."""
        data = merged(tables.get("data", {}), domain.data_of_prior(self.stored.card))
        shape = self.stored.network.settings.model_dump()
        return {**tables, "data": data, "train": {**tables.get("train", {}), "network": shape}}

    def record(self) -> dict[str, Any]:
        """The entry of this prior in the card of the new one."""
        known = self.stored.card
        facts = {fact: known[fact] for fact in ("name", "command", "corpora") if fact in known}
        return {"prior": self.name, "weights": weights_digest(self.stored.network), **facts}


def _judged(
    domain: Domain, judge: Judge, seed: int, samples: int, prior: NeuralPrior
) -> Mapping[str, float]:
    """Figures of the quality of a prior's samples; the same noise each time, for comparison."""
    generator = named_generator(seed, "probe", prior.device)
    rows: list[list[int]] = []
    while len(rows) < samples:
        size = min(PROBE_BATCH, samples - len(rows))
        end = domain.end_token
        rows += rollout(prior, size, domain.length, generator, end_token=end).batch.to_lists()
    return judge(SequenceBatch.from_lists(rows))


def _read(
    domain: Domain, data: Sequence[Path], settings: Settings, out: Path, *, quiet: bool
) -> TrainingData:
    """Read the data; the sets for training, validation and test may not be empty."""
    with counted(f"reading {domain.name} files, {domain.unit_read}", quiet=quiet) as report:
        found = domain.read_training(data, settings, out / "cache", report)
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
