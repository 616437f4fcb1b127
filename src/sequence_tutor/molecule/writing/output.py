"""Molecules as files people open: SMILES, a table, structures, pictures."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from rdkit import Chem
from rdkit.Chem.Draw import rdDepictor

from sequence_tutor.config.settings import Settings
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.molecule.chemistry import parse, quiet
from sequence_tutor.molecule.scoring.rewarded_table import raw_names
from sequence_tutor.molecule.writing.parquet import parquet_of, require_pyarrow
from sequence_tutor.molecule.writing.pictures import picture_grid
from sequence_tutor.storage.files import replacing, write_text

WRITTEN = (
    *("molecules.smi", "molecules.csv", "molecules.parquet", "molecules.sdf"),
    *("best.png", "best.svg", "random.png", "random.svg"),
)
"""What `write_molecules` may write."""

Cell = str | float | int | None
"""None is an empty cell."""


class MoleculeOutputSettings(Settings):
    """How molecules are written."""

    pictured: int = Field(20, ge=0, le=200, description="molecules in each picture; 0: none")
    sort_by: str = Field("", description="term whose highest are the best; empty: the total")
    sdf: bool = Field(True, description="whether to write structures (SDF) too")
    parquet: bool = Field(False, description="whether to write the table as Parquet too")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.parquet:
            require_pyarrow()
        return self


@dataclass(frozen=True)
class Row:
    """A molecule and what is known of it.

    Attributes:
        smiles: as it was written.
        canonical: its canonical SMILES; None: it is no molecule.
        terms: name -> raw value; empty where it is no molecule.
    """

    smiles: str
    canonical: str | None
    terms: Mapping[str, float]


def write_molecules(
    rows: Sequence[Row],
    names: Sequence[str],
    directory: Path,
    settings: MoleculeOutputSettings,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write `molecules.smi`, `.csv`, `.sdf`, and pictures of the best and of a random sample.

    The table has all rows, the invalid ones with empty cells; the other files the valid ones.
    What an earlier call wrote is removed first.

    Args:
        rows: the molecules, in the order in which they shall stand.
        names: the terms, column by column.
        directory: where to; it is made.
        settings: what to write.
        progress: called with the files written and of all.

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
            ([row.smiles, row.canonical, *_cells(row, names)] for row in rows),
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


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a CSV file atomically."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_sdf(path: Path, rows: Iterable[Row]) -> None:
    """Write structures in the plane with their terms as properties, atomically.

    Args:
        path: the file.
        rows: valid molecules.
    """
    with replacing(path) as beside, quiet():
        writer = Chem.SDWriter(str(beside))
        for row in rows:
            assert row.canonical is not None  # the caller gives valid ones
            mol = parse(row.canonical)
            if mol is None:
                raise ValueError(f"{row.canonical!r} is no valid molecule")
            rdDepictor.Compute2DCoords(mol)
            mol.SetProp("_Name", row.canonical)
            for name, value in row.terms.items():
                if math.isfinite(value):
                    mol.SetDoubleProp(name, value)
            writer.write(mol)
        writer.close()


def legend(terms: Mapping[str, float], most: int = 6, line: int = 3) -> str:
    """The first terms by their own numbers, in lines of a few: `qed 0.91  sa -2.1`.

    What a transform makes of a term is not shown.
    """
    shown = [f"{name} {terms[name]:.3g}" for name in raw_names(terms)[:most]]
    return "\n".join("  ".join(shown[i : i + line]) for i in range(0, len(shown), line))


def _pictures(rows: Sequence[Row], best_by: str | None, directory: Path, count: int) -> None:
    """Of the best distinct molecules, and of as many taken at random, always the same ones."""
    distinct = list({row.canonical: row for row in rows}.values())
    chance = random.Random(0).sample(distinct, min(count, len(distinct)))
    if best_by is not None:
        best = sorted(distinct, key=lambda row: -_or_lowest(row.terms[best_by]))[:count]
        picture_rows(best, directory / "best")
    picture_rows(chance, directory / "random")


def _or_lowest(number: float) -> float:
    return -math.inf if math.isnan(number) else number


def picture_rows(rows: Sequence[Row], path: Path) -> None:
    """Draw valid molecules with their first terms below them, as PNG and SVG."""
    smiles = [row.canonical for row in rows if row.canonical is not None]
    picture_grid(smiles, [legend(row.terms) for row in rows], path)


def _cells(row: Row, names: Sequence[str]) -> list[Cell]:
    return [finite_or_none(row.terms.get(name, math.nan)) for name in names]


def _sorting_term(asked: str, names: Sequence[str]) -> str | None:
    if asked and asked not in names:
        raise UserError(f"sort_by is {asked!r}, expected one of {', '.join(names)}")
    return asked or next(iter(names), None)
