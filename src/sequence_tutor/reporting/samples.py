"""Sequences that a model wrote, with a notebook display like that of a report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from sequence_tutor.config.settings import Settings
from sequence_tutor.evaluation.model import Model
from sequence_tutor.reporting.page import fill
from sequence_tutor.sequences import SequenceBatch

LEAST_HEIGHT, ROW_HEIGHT, MOST_HEIGHT = 10, 22, 60
"""Of a display in a notebook, in rem: beside its rows of three melodies, of each, and at most."""


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
            f'<div style="height: {self._height}rem; resize: vertical; overflow: hidden">'
            f'<iframe srcdoc="{escape(page)}" title="Sequences of {escape(self.model.name)}" '
            'sandbox="allow-scripts allow-downloads" '
            'style="width: 100%; height: 100%; border: 0"></iframe></div>'
        )

    @property
    def _height(self) -> int:
        """Of the frame, whose lower edge can be pulled: its page cannot tell its own height."""
        return min(LEAST_HEIGHT + ROW_HEIGHT * math.ceil(len(self) / 3), MOST_HEIGHT)

    def _said(self) -> str:
        things = self.model.domain.sequences
        files = "" if self.folder is None else f"; their files are in {self.folder}"
        return f"{len(self):,} {things} of {self.model.name}{files}"
