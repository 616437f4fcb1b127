"""Molecules as files: SMILES, a table, structures, pictures."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from rdkit import Chem
from rdkit.Chem.Draw import rdDepictor

from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError, require
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.molecule.chemistry import parse, quiet
from sequence_tutor.molecule.scoring.front import FRONT, on_front, score_columns
from sequence_tutor.molecule.scoring.rewarded_table import raw_names, rewarded_table
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.statistics import TABLE_TERMS
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.molecule.writing.pictures import picture_grid
from sequence_tutor.molecule.writing.table_files import PYARROW, parquet_of, write_table
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.weighted import explaining
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.files import replacing, write_text

WRITTEN = (
    "molecules.smi",
    "molecules.csv",
    "molecules.parquet",
    "molecules.sdf",
    "best.png",
    "best.svg",
    "random.png",
    "random.svg",
)
"""Files that `write_molecules` may write."""

SCORED_AT_ONCE = 256
"""Molecules scored between two reports of progress."""


class MoleculeOutputSettings(Settings):
    """How molecules are written."""

    pictured: int = Field(20, ge=0, le=200, description="molecules in each picture; 0: none")
    sort_by: str = Field("", description="term whose highest are the best; empty: the total")
    sdf: bool = Field(True, description="whether to write structures (SDF) too")
    parquet: bool = Field(False, description="whether to write the table as Parquet too")
    reinvent: bool = Field(
        False,
        description="whether a run writes its table with the columns of REINVENT 4 too, and score "
        "its own with those",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.parquet:
            require("parquet", "Parquet needs pyarrow", *PYARROW)
        return self


@dataclass(frozen=True)
class Row:
    """One molecule of a table.

    Attributes:
        smiles: as written.
        canonical: canonical SMILES; None: invalid.
        terms: name -> number; empty where invalid.
    """

    smiles: str
    canonical: str | None
    terms: Mapping[str, float]


def write_scored(
    batch: SequenceBatch,
    vocabulary: Vocabulary,
    scorer: Scorer,
    reward: Reward | None,
    directory: Path,
    settings: MoleculeOutputSettings,
    progress: Callable[[int, int], None],
) -> None:
    """Score a batch and write it with `write_molecules`.

    The total and the terms of the reward, if any, come before those of Table 2, and the column
    `front` after them: 1 for the molecules of the first Pareto front of the reward's terms.
    `progress` counts every molecule twice: when it is scored and when it is written.
    """
    count = len(batch)
    rows: list[Row] = []
    names: tuple[str, ...] = tuple(TABLE_TERMS)
    for begin in range(0, count, SCORED_AT_ONCE):
        part = batch[begin : begin + SCORED_AT_ONCE]
        table = rewarded_table(scorer, vocabulary, part, reward)
        names = tuple(table.numbers)
        texts = map(vocabulary.decode, part.to_lists())
        numbers = zip(*table.numbers.values(), strict=True)
        for text, canonical, values in zip(texts, table.canonical, numbers, strict=True):
            terms = {} if canonical is None else dict(zip(names, values, strict=True))
            rows.append(Row(text, canonical, terms))
        progress(len(rows), 2 * count)

    own = None if reward is None else explaining(reward)
    if isinstance(own, MoleculeReward):
        rows = _with_front(rows, own.wanted)
        names = (*names, FRONT)

    def written(done: int, files: int) -> None:
        progress(count + count * done // files, 2 * count)

    write_molecules(rows, names, directory, settings, written)


def _with_front(rows: Sequence[Row], wanted: Mapping[str, float]) -> list[Row]:
    """The rows with whether each molecule is on the first front of the terms' scores."""
    valid = [row for row in rows if row.canonical is not None]
    names = score_columns(wanted, valid[0].terms if valid else ())
    columns = {name: [row.terms[name] for row in valid] for name in names}
    front = iter(on_front(columns, names, len(valid)))
    return [
        row
        if row.canonical is None
        else replace(row, terms={**row.terms, FRONT: float(next(front))})
        for row in rows
    ]


def write_molecules(
    rows: Sequence[Row],
    names: Sequence[str],
    directory: Path,
    settings: MoleculeOutputSettings,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write `molecules.smi`, `.csv`, `.sdf`, and pictures of the best and of a random sample.

    The table has all rows, the invalid ones with empty cells; the other files have the valid ones.
    Files of an earlier call are removed first.

    Args:
        rows: the molecules, in the order of the files.
        names: the terms, in the order of the columns.
        directory: made if it does not exist.
        settings: which files to write.
        progress: called with the number of files written and of all files.

    Raises:
        UserError: `sort_by` is no term.
    """
    best_by = _sorting_term(settings.sort_by, names)
    valid = [row for row in rows if row.canonical is not None]
    table = directory / "molecules.csv"
    tasks: list[Callable[[], None]] = [
        lambda: write_text(
            directory / "molecules.smi", "".join(f"{row.canonical}\n" for row in valid)
        ),
        lambda: write_table(
            table,
            ["smiles", "canonical", *names],
            (
                [
                    row.smiles,
                    row.canonical,
                    *(finite_or_none(row.terms.get(name, math.nan)) for name in names),
                ]
                for row in rows
            ),
        ),
    ]
    if settings.parquet:
        tasks.append(lambda: parquet_of(table))
    if settings.sdf:
        tasks.append(lambda: write_sdf(directory / "molecules.sdf", valid))
    if settings.pictured and valid:
        tasks.append(lambda: _pictures(valid, best_by, directory, settings.pictured))
    for name in WRITTEN:  # a crash must not leave files of two samples that look like one
        (directory / name).unlink(missing_ok=True)
    for done, task in enumerate(tasks, start=1):
        task()
        progress(done, len(tasks))


def write_sdf(path: Path, rows: Iterable[Row]) -> None:
    """Write the 2D structures of valid molecules with their terms as properties, atomically."""
    with sdf_writer(path) as writer:
        for row in rows:
            mol = parse(row.canonical or "")
            if mol is None:
                raise ValueError(f"{row.canonical!r} is no valid molecule")
            rdDepictor.Compute2DCoords(mol)
            mol.SetProp("_Name", str(row.canonical))
            for name, value in row.terms.items():
                if math.isfinite(value):
                    mol.SetDoubleProp(name, value)
            writer.write(mol)


@contextmanager
def sdf_writer(path: Path) -> Iterator[Chem.SDWriter]:
    """Write an SDF atomically.

    RDKit is given an open file: it takes no name that is not UTF-8, and says nothing of a disk that
    is full.
    """
    with (
        replacing(path) as beside,
        beside.open("w", encoding="utf-8", newline="\n") as file,
        quiet(),
        Chem.SDWriter(file) as writer,
    ):
        yield writer


def legend(terms: Mapping[str, float], most: int = 6, line: int = 3) -> str:
    """The raw numbers of the first terms, a few on each line: `qed 0.91  sa -2.1`."""
    shown = [f"{name} {terms[name]:.3g}" for name in raw_names(terms)[:most]]
    return "\n".join("  ".join(shown[i : i + line]) for i in range(0, len(shown), line))


def _pictures(rows: Sequence[Row], best_by: str | None, directory: Path, count: int) -> None:
    """Pictures of the best distinct molecules and of a random sample of fixed seed."""
    distinct = list({row.canonical: row for row in rows}.values())
    chance = random.Random(0).sample(distinct, min(count, len(distinct)))
    if best_by is not None:

        def worst_last(row: Row) -> float:
            number = row.terms[best_by]
            return math.inf if math.isnan(number) else -number

        picture_rows(sorted(distinct, key=worst_last)[:count], directory / "best")
    picture_rows(chance, directory / "random")


def picture_rows(rows: Sequence[Row], path: Path) -> None:
    """Draw valid molecules with their first terms below, as PNG and SVG."""
    smiles = [row.canonical for row in rows if row.canonical is not None]
    picture_grid(smiles, [legend(row.terms) for row in rows], path)


def _sorting_term(asked: str, names: Sequence[str]) -> str | None:
    if asked and asked not in names:
        raise UserError(f"sort_by is {asked!r}, expected one of {', '.join(names)}")
    return asked or next(iter(names), None)
