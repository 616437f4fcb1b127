"""Sequences that a model wrote, with a notebook display like that of a report."""

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
    """Sequences of a model, distinct unless repeats were allowed.

    Attributes:
        batch: the sequences.
        model: that wrote them.
        settings: of the domain's files, such as key and tempo.
        folder: of their files; None: none were written.
        draws: if repeats were allowed, what `verbs.draws` says of each.
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
        """A page in a frame, so that its style and that of the notebook do not mix."""
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
