"""Sequences that a model wrote, which show themselves in a notebook as a report shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from sequence_tutor.config.settings import Settings
from sequence_tutor.evaluation.model import Model
from sequence_tutor.reporting.account import SEQUENCE_NAMES
from sequence_tutor.reporting.page import fill
from sequence_tutor.sequences import SequenceBatch

MELODIES_SHOWN, LINES_SHOWN, MOLECULES_SHOWN = 6, 20, 200
"""At most; what is not shown is in the files. Of the molecules the best few are pictured."""

SOUND_BUDGET = 2_000_000
"""Bytes that the sounds of one cell may take in its notebook."""

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
        domain = self.model.domain.name
        page = fill(
            "samples.html",
            domain=domain,
            model=self.model.name,
            said=self._said(),
            shown=SHOWN.get(domain, _lines)(self),
        )
        return (
            f'<iframe srcdoc="{escape(page)}" title="Sequences of {escape(self.model.name)}" '
            'sandbox="allow-scripts allow-downloads" '
            f'style="width: 100%; height: {FRAME_HEIGHT}; border: 0"></iframe>'
        )

    def _said(self) -> str:
        things = SEQUENCE_NAMES.get(self.model.domain.name, "sequences")
        files = "" if self.folder is None else f"; their files are in {self.folder}"
        return f"{len(self):,} {things} of {self.model.name}{files}"


def _melodies(samples: Samples) -> object:
    from sequence_tutor.melody.output import MelodyOutputSettings
    from sequence_tutor.reporting.melodies import melody_rounds, room_for

    assert isinstance(samples.settings, MelodyOutputSettings)  # those of the domain
    steps = samples.batch.tokens.shape[1]
    room, rate = room_for(1, steps, samples.settings.tempo, SOUND_BUDGET)
    rows = samples.batch[: min(room, MELODIES_SHOWN)].to_lists()
    return melody_rounds([samples.model], [rows], rate, samples.settings)


def _molecules(samples: Samples) -> object:
    from sequence_tutor.reporting.molecules import molecule_grids  # only where there is RDKit

    (grids,), _ = molecule_grids([samples.model], [samples.batch[:MOLECULES_SHOWN]])
    return grids


def _lines(samples: Samples) -> object:
    from sequence_tutor.reporting.lines import paid_lines

    (lines,) = paid_lines([samples.model], [samples.batch[:LINES_SHOWN].to_lists()])
    return lines


SHOWN: Mapping[str, Callable[[Samples], object]] = {"melody": _melodies, "molecule": _molecules}
"""What `samples.html` shows of the domains that it has pictures of; of others, their lines."""
