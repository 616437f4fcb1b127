"""`sequence-tutor pretrain`."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated

from sequence_tutor.cli.arguments import (
    Column,
    Config,
    DomainName,
    Machine,
    Preset,
    Shown,
    Standardised,
    Tensorboard,
    Trust,
)
from sequence_tutor.cli.given import arguments_of, settings_given
from sequence_tutor.cli.parsing import option
from sequence_tutor.cli.printing import show
from sequence_tutor.drawing.table import Table, value_text

REASONS_SHOWN = 5
_TRAIN, _DATA = ("steps", "seed"), ("meters", "column", "standardise")
"""Options that are settings of the tables train and data."""


@dataclass(frozen=True)
class Pretrain:
    """Train a prior on your own files.

    Melodies: MIDI, ABC and MusicXML; files, folders, .zip and .tar.gz.
    Molecules: .smi, .csv and .tsv with SMILES, and .sdf; each also with .gz or .xz.
    Text: any file of lines.

    What gives no sequence is skipped and listed with its reason. With --begin-with a trained
    prior, such as the shipped one, is trained further. After an interruption the same command
    continues.

    Example: sequence-tutor pretrain melody --data ~/tunes --out priors/mine
             sequence-tutor pretrain molecule --data mine.smi.gz --out priors/mine
             sequence-tutor pretrain molecule --data series.smi --begin-with molecule --out mine
             sequence-tutor pretrain text --data names.txt --out priors/names
    """

    domain: DomainName
    _: KW_ONLY
    data: Annotated[tuple[Path, ...], option("files and folders to learn from", "PATH...")]
    out: Annotated[Path, option("folder of the prior", "DIR")]
    preset: Preset = "default"
    begin_with: Annotated[
        str | None, option("a prior to train further on the data, instead of a new one", "PRIOR")
    ] = None
    trust: Trust = False
    config: Config = None
    meters: Annotated[
        tuple[str, ...] | None,
        option("meters to keep, such as 4/4 3/4", "METER...", group="melodies"),
    ] = None
    column: Column = None
    standardise: Standardised = None
    steps: Annotated[int | None, option("largest number of updates", "N")] = None
    seed: Annotated[int | None, option("seed of weights and order", "N")] = None
    machine: Machine = Machine()
    tensorboard: Tensorboard = False
    shown: Shown = Shown()

    def run(self) -> None:
        """Train, then show what was read and how good the prior is."""
        from sequence_tutor.domain import find_domain
        from sequence_tutor.pretraining.settings import PretrainSettings
        from sequence_tutor.verbs.pretrain import SKIPPED_FILE, pretrain

        overrides = {
            "train": settings_given(self, PretrainSettings, *_TRAIN),
            "data": settings_given(self, find_domain(self.domain).data_settings, *_DATA),
        }
        stored = pretrain(overrides=overrides, **arguments_of(self, *_TRAIN, *_DATA))
        self.shown.write(stored.card)
        summary = stored.card["data"]["summary"]
        rows = [
            [Path(source).name, *map(value_text, row.values())] for source, row in summary.items()
        ]
        show(Table(["source", *next(iter(summary.values()))], rows))
        for reason, count in list(stored.card["data"]["skipped"].items())[:REASONS_SHOWN]:
            show(f"{count} skipped: {reason}")
        for remark in stored.card["data"].get("remarks", ()):
            show(remark)
        for name, value in stored.card["quality"].items():
            show(f"{name.replace('_', ' ')}: {value_text(value)}")
        self.shown.remark(
            f"The prior is in {self.out}; {SKIPPED_FILE} there lists what was skipped."
        )
