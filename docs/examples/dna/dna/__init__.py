"""A domain of one's own: strands of DNA, one a line."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor

from sequence_tutor.domain import (
    Counts,
    Domain,
    Estimate,
    Exhibit,
    Figure,
    JoinedRows,
    Material,
    Progress,
    Reward,
    RewardRows,
    RowRange,
    Rows,
    RowStatistics,
    SequenceBatch,
    Settings,
    ShownModel,
    StoredPrior,
    TokenSequences,
    TrainingData,
    UserError,
    WeightedReward,
    load_user_terms,
    numbers,
    of_kind,
    ratio,
    write_text,
)

from .pictures import BASES, picture

END = len(BASES)  # the token that ends a strand
LONGEST = 40


class DnaDataSettings(Settings):
    """How a file's strands are divided."""

    held_out: float = Field(0.1, gt=0, lt=0.5, description="share for validation, and for testing")


class DnaRewardSettings(Settings):
    """What is paid."""

    weights: dict[str, float] = Field(default_factory=dict, description="of terms, 1 if unset")
    gc: float = Field(0.5, ge=0, le=1, description="wanted share of G and C")
    longest_run: int = Field(3, ge=1, description="equal bases in a row that are free")


@dataclass(frozen=True)
class Strands:
    """A batch as terms and a user's rules see it."""

    batch: SequenceBatch

    @property
    def tokens(self) -> Tensor:
        """(B, T) int64: 0 to 3 are the bases, 4 ends a strand."""
        return self.batch.tokens

    @property
    def bases(self) -> Tensor:
        """(B, T) bool: where there is a base."""
        return self.batch.mask & (self.tokens < END)

    @property
    def gc(self) -> Tensor:
        """(B, T) bool: where there is a G or a C."""
        return self.bases & ((self.tokens == 1) | (self.tokens == 2))

    def to(self, device: str) -> Strands:
        """The same strands on another device."""
        return Strands(self.batch.to(device))


class DnaRows:
    """What is counted of each strand: its length, and its share of G and C."""

    def ranges(self) -> Mapping[str, RowRange]:
        """What each can be."""
        return {"length": RowRange(low=0), "gc_share": RowRange(0, 1, "ratio")}

    def count(self, batch: SequenceBatch, terms: Tensor | None = None) -> Mapping[str, Counts]:
        """Numerators and denominators, one of each a strand."""
        strands = Strands(batch)
        bases = strands.bases.sum(1).double()
        return {"length": numbers(bases), "gc_share": ratio(strands.gc.sum(1), bases)}


class DnaStatistics:
    """The rows over many strands, with 95 % intervals."""

    def __init__(self) -> None:
        self._rows = DnaRows()
        self._gathered = RowStatistics(self._rows.ranges())

    def update(self, batch: SequenceBatch) -> None:
        """Add a batch."""
        self._gathered.add(self._rows.count(batch))

    def result(self) -> dict[str, Estimate]:
        """Every row."""
        return self._gathered.result()


class DnaDomain(Domain):
    """Strands of up to 39 bases."""

    name = "dna"
    sequences = "strands"
    vocab_size = END + 1
    length = LONGEST
    end_token: int | None = END
    data_settings: type[Settings] = DnaDataSettings
    reward_settings: type[Settings] = DnaRewardSettings
    figures: Mapping[str, Figure] = {"gc_share": Figure(share=True)}

    def default_prior(self, device: torch.device | str) -> StoredPrior:
        """None comes along."""
        raise UserError(
            "dna has no prior of its own, expected --prior; train one with pretrain dna"
        )

    def read_training(
        self, paths: Sequence[Path], settings: Settings, cache: Path | None, progress: Progress
    ) -> TrainingData:
        """Strands of files; equal ones are on one side of the division."""
        held_out = of_kind(DnaDataSettings, settings).held_out
        sides: tuple[list[list[int]], ...] = ([], [], [])  # train, validation, test
        for done, path in enumerate(paths, start=1):
            for tokens in self.read_sequences(path):
                place = hashlib.sha256(bytes(tokens)).digest()[0] / 256
                side = 1 + int(place / held_out)
                sides[side if side < 3 else 0].append(tokens)
            progress(done, len(paths))
        train, validation, test = map(TokenSequences, sides)
        summary = {"all": {"strands": sum(map(len, sides))}}
        return TrainingData(train, validation, test, summary, skipped=[])

    def read_sequences(self, path: Path) -> list[list[int]]:
        """The strands of a text file."""
        lines = path.read_text(encoding="ascii", errors="replace").split()
        if not lines:
            raise UserError(f"{path}: no strand, expected one a line")
        for number, line in enumerate(lines, start=1):
            if not set(line) <= set(BASES) or len(line) >= LONGEST:
                raise UserError(
                    f"{path} strand {number}: {line!r}, expected up to {LONGEST - 1} of {BASES}"
                )
        return [[*(BASES.index(base) for base in line), END] for line in lines]

    def reward(self, settings: Settings, rules: Path | None) -> Reward:
        """Two terms, and those of a user's file."""
        wanted = of_kind(DnaRewardSettings, settings)

        def gc(strands: Strands) -> Tensor:
            """Minus how far the share of G and C is off, in tenths, at the end."""
            share = strands.gc.sum(1) / strands.bases.sum(1).clamp(min=1)
            last = strands.batch.lengths[:, None] - 1
            paid = torch.zeros_like(strands.tokens, dtype=torch.float64)
            return paid.scatter(1, last, -10 * (share - wanted.gc).abs().double()[:, None])

        def runs(strands: Strands) -> Tensor:
            """-1 for each base that makes a run of equal ones longer than is free."""
            equal = strands.bases[:, 1:] & (strands.tokens[:, 1:] == strands.tokens[:, :-1])
            length = torch.ones_like(strands.tokens)
            for t in range(1, length.shape[1]):
                length[:, t] += length[:, t - 1] * equal[:, t - 1]
            return -((length > wanted.longest_run) & strands.bases).double()

        own = {term.name: term for term in load_user_terms(rules)} if rules else {}
        weights = {name: term.weight for name, term in own.items()} | wanted.weights
        return WeightedReward(Strands, {"gc": gc, "runs": runs, **own}, weights)

    def statistics(self, settings: Settings) -> DnaStatistics:
        """Length and the share of G and C."""
        return DnaStatistics()

    def rows(
        self, settings: Settings, reward: Reward, names: Collection[str] | None = None
    ) -> Rows:
        """What can be aimed at: the same, and what each term pays."""
        return JoinedRows(DnaRows(), RewardRows(reward, names))

    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        """One file with a strand a line."""
        rows = ("".join(BASES[token] for token in row if token < END) for row in batch.to_lists())
        write_text(directory / "strands.txt", "".join(f"{row}\n" for row in rows))
        progress(1, 1)

    def token_text(self, token: int) -> str:
        """A letter a base."""
        return BASES[token]

    def exhibit(self, shown: Material) -> Exhibit:
        """Strands of every model side by side, in a report."""
        batches = shown.at_most(12)
        pictures = (picture(*one) for one in zip(shown.models, batches, strict=True))
        return Exhibit("Look", f'<div class="round">\n{"".join(pictures)}</div>\n')

    def display(self, model: ShownModel, batch: SequenceBatch, settings: Settings) -> str:
        """The first strands, in a notebook."""
        return picture(model, batch)
