"""Sequences that a model wrote, which show themselves in a notebook as a report shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from sequence_tutor.config.settings import Settings
from sequence_tutor.evaluation.model import Model
from sequence_tutor.reporting.page import fill
from sequence_tutor.sequences import SequenceBatch

FRAME_HEIGHT = "34rem"


@dataclass(frozen=True)
class Samples:
    """Sequences of a model, distinct unless a plain draw was asked for.

    Attributes:
        batch: the sequences.
        model: what wrote them.
        settings: of the domain's files, such as key and tempo.
        folder: where their files are; None: none were written.
        draws: of a plain draw, for each what `verbs.draws` says of it; else None.
    """

    batch: SequenceBatch
    model: Model
    settings: Settings
    folder: Path | None = None
    draws: Sequence[Mapping[str, Any]] | None = None

    def __len__(self) -> int:
        return len(self.batch)

    def to_lists(self) -> list[list[int]]:
        """The tokens of each."""
        return self.batch.to_lists()

    def _repr_html_(self) -> str:
        """A page of its own in a frame, so that neither it nor the notebook styles the other."""
        page = fill(
            "samples.html",
            model=self.model.name,
            said=self._said(),
            shown=self.model.framed_domain.display(self.model, self.batch, self.settings),
        )
        return (
            f'<iframe srcdoc="{escape(page)}" title="Sequences of {escape(self.model.name)}" '
            'sandbox="allow-scripts allow-downloads" '
            f'style="width: 100%; height: {FRAME_HEIGHT}; border: 0"></iframe>'
        )

    def _said(self) -> str:
        things = self.model.domain.sequences
        files = "" if self.folder is None else f"; their files are in {self.folder}"
        return f"{len(self):,} {things} of {self.model.name}{files}"
