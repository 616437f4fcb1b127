"""Real sequences: a column of the table, and values from which aims are read off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.config.presets import build
from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Domain, TrainingData
from sequence_tutor.domain.fingerprints import WINDOWS
from sequence_tutor.domain.real_card import real_card
from sequence_tutor.domain.token_sequences import TokenSequences
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import Estimate, finite_or_none
from sequence_tutor.evaluation.variety import Variety
from sequence_tutor.progress import counted
from sequence_tutor.sequences import SequenceBatch

MOST = 10_000
"""At most so many real sequences are used: the first ones."""

AT_ONCE = 512


@dataclass(frozen=True)
class Real:
    """Statistics of real sequences.

    Attributes:
        count: number of sequences.
        statistics: those of the domain and of `Variety`.
        sequences: the sequences; None: only statistics are known, as in a shipped prior.
    """

    count: int
    statistics: Mapping[str, Estimate]
    sequences: SequenceBatch | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON: `count` and `statistics`."""
        return {
            "count": self.count,
            "statistics": {name: one.to_json() for name, one in self.statistics.items()},
        }


def read_real(
    domain: Domain,
    card: Mapping[str, Any],
    paths: Sequence[Path],
    length: int,
    *,
    held_out: bool = False,
    quiet: bool = False,
) -> SequenceBatch:
    """Real sequences from files, read as the training data of a prior was.

    Args:
        domain: with the prior's vocabulary.
        card: of the prior.
        paths: files, folders and archives.
        length: T. If sequences have no end token, the first T tokens of those that are long enough
            are taken; otherwise all sequences of at most T tokens.
        held_out: take only sequences on which a prior trained on these files would be tested.
        quiet: show no progress.

    Raises:
        UserError: they cannot be read, or none has that length.
    """
    settings = _settings(domain, card)
    with counted(f"reading {domain.name} files, {domain.unit_read}", quiet=quiet) as report:
        data = domain.read_training(paths, settings, None, report)
    batch = of_length(domain, data, length, held_out=held_out)
    if batch is None:
        side = "held-out " if held_out else ""
        least = "at least" if domain.end_token is None else "at most"
        raise UserError(
            f"{', '.join(map(str, paths))}: no {side}{domain.sequences} of {least} {length} tokens"
        )
    return batch


def of_length(
    domain: Domain, data: TrainingData, length: int, *, held_out: bool
) -> SequenceBatch | None:
    """The sequences of data that a model of that length could write; None: there is none."""
    sides = (data.test,) if held_out else (data.train, data.validation, data.test)
    rows = [row for side in sides for row in _fitting(domain, side, length)][:MOST]
    return SequenceBatch.from_lists(rows) if rows else None


def real_figures(domain: Domain, settings: Settings, sequences: SequenceBatch) -> Real:
    """The statistics of the tables for real sequences.

    Args:
        domain: whose statistics are computed.
        settings: of the reward, with the key or other frame in which rows are counted.
        sequences: the real ones.
    """
    statistics = domain.statistics(domain.computed_here(settings))
    variety = Variety(domain.opener())
    for begin in range(0, len(sequences), AT_ONCE):
        part = sequences[begin : begin + AT_ONCE]
        statistics.update(part)
        variety.update(part)
    found = {**variety.result(), **statistics.result()}
    return Real(len(sequences), found, sequences)


def card_of_real(domain: Domain, data: TrainingData) -> dict[str, Any]:
    """Statistics of the test data for a prior's card: length -> `Real.to_json`.

    Args:
        domain: with the prior's vocabulary.
        data: training, validation and test data of the prior.
    """
    windows = {WINDOWS: data.tensors[WINDOWS]} if WINDOWS in data.tensors else {}
    domain = domain.with_prior(data.card, windows)
    lengths = [domain.length * times for times in (1, 2, 4)]
    found = {}
    for length in lengths if domain.end_token is None else lengths[:1]:
        batch = of_length(domain, data, length, held_out=True)
        if batch is not None:
            settings = domain.reward_settings()
            found[str(length)] = real_figures(domain, settings, batch[:1000]).to_json()
    return found


def known_real(card: Mapping[str, Any], length: int) -> Real | None:
    """Statistics of held-out sequences of a length from a prior's card; None: it has none."""
    own = real_card(card, length)
    if own is None:
        return None
    statistics = {name: _estimate(ends) for name, ends in own["statistics"].items()}
    return Real(own["count"], statistics)


def _estimate(ends: Mapping[str, float | None]) -> Estimate:
    known = {name: torch.nan if end is None else end for name, end in ends.items()}
    low = -torch.inf if ends["low"] is None else known["low"]
    high = torch.inf if ends["high"] is None else known["high"]
    if finite_or_none(known["value"]) is None:
        low = high = torch.nan
    return Estimate(known["value"], low, high)


def _settings(domain: Domain, card: Mapping[str, Any]) -> Settings:
    """Settings by which the prior's data was read, without random spellings."""
    data = card.get("data")
    own = data.get("settings") if isinstance(data, Mapping) else None
    fields = domain.data_settings.model_fields
    kept = {name: value for name, value in (own or {}).items() if name in fields}
    if "augment" in kept:
        kept["augment"] = 0
    return build(domain.data_settings, {**kept, **domain.data_of_prior(card)}, "data")


def _fitting(domain: Domain, side: TokenSequences, length: int) -> list[list[int]]:
    if domain.end_token is None:
        rows = (side.lengths >= length).nonzero().squeeze(1)[:MOST]
        return [row[:length] for row in side.select(rows).rows()]
    rows = (side.lengths <= length).nonzero().squeeze(1)[:MOST]
    return side.select(rows).rows()
