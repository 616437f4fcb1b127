"""The table of every distinct molecule that a run samples.

One line for each molecule, added when it is sampled first: its strings, the update, the total by
the reward's own weights (not those of a stage), the raw and the transformed number of each term,
its likelihoods. A function or program that a stage gave weight 0 was not called: it counts 0 in the
total of that stage's molecules, and its columns are empty. The last column is 0 until the run ends;
then it is 1 for the molecules of the first Pareto front of all terms' scores. A resumed run cuts
the file to its length at the checkpoint, so that every molecule is in it exactly once. Memory holds
one hash for each molecule.
"""

from __future__ import annotations

import csv
import heapq
import io
import os
import random
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sequence_tutor.domain.gathering import Collected
from sequence_tutor.errors import UserError
from sequence_tutor.estimates import finite_or_none
from sequence_tutor.molecule.chemistry import molecule_hash
from sequence_tutor.molecule.scoring.front import FRONT, NOT_ON_FRONT, ON_FRONT, on_front
from sequence_tutor.molecule.scoring.named_terms import FOUND_COLUMNS
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.writing.output import Row, picture_rows, write_sdf
from sequence_tutor.molecule.writing.reinvent_table import write_reinvent_table
from sequence_tutor.molecule.writing.table_files import Cell, parquet_of, read_table
from sequence_tutor.storage.files import open_own, replacing

FOUND_FILE = "found.csv"


class FoundMolecules:
    """Writes the table. Satisfies `Gatherer`.

    Args:
        path: the CSV file.
        reward: the reward of the run.
        resumed: continue the table of a checkpoint, whose state `restore` will get; otherwise an
            older table at `path` is replaced.
        parquet: whether `close` writes the table as Parquet too.
        reinvent: whether `close` writes it with REINVENT's columns too.

    Raises:
        UserError: there is no table to continue.
    """

    def __init__(
        self,
        path: Path,
        reward: MoleculeReward,
        resumed: bool,
        parquet: bool = False,
        reinvent: bool = False,
    ) -> None:
        self.path = path
        self._reward = reward
        self._parquet, self._reinvent = parquet, reinvent
        self._seen: set[int] = set()
        if resumed and not path.is_file():
            raise UserError(f"{path}: the table of this run is not there, expected it to go on")
        self._file = open_own(path, resumed=resumed)
        self._has_front = True  # tables of older runs have no such column
        if resumed:
            self._has_front = FRONT in next(csv.reader([_first_line(path)]), [])
        else:
            self._write([header(reward.term_names)])

    def gather(self, collected: Collected) -> None:
        """Add the valid molecules of a batch that are not in the table."""
        # what was paid: scored again after `remember`, every molecule would be a repeat
        totals = (collected.terms.sum(1) @ self._reward.weights.to(collected.terms)).tolist()
        likelihoods = zip(collected.log_prior.tolist(), collected.log_policy.tolist(), strict=True)
        judged = self._reward.judge(collected.batch)
        rows: list[Sequence[Cell]] = []
        numbers = np.stack([judged.raw, judged.scores], axis=2).reshape(len(totals), -1).tolist()
        for smiles, record, total, both, terms in zip(
            judged.smiles, judged.records, totals, likelihoods, numbers, strict=True
        ):
            if record.canonical is None or not self._is_new(record.canonical):
                continue
            first = (smiles, record.canonical, collected.step, total, *both, record.scaffold)
            last = [NOT_ON_FRONT] if self._has_front else []
            rows.append([*first, *map(finite_or_none, terms), *last])
        self._write(rows)

    def state(self) -> dict[str, Tensor]:
        """The length of the file, which is on the disk up to there."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return {"bytes": torch.tensor(self._file.tell())}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Cut the file to the length of a `state`, and read its molecules.

        Raises:
            UserError: it is shorter, so it was changed.
        """
        length = int(state["bytes"])
        if self._file.seek(0, os.SEEK_END) < length:
            raise UserError(f"{self.path}: shorter than the run left it, expected {length} bytes")
        self._file.truncate(length)
        self._file.seek(length)
        self._seen = {molecule_hash(row["canonical"]) for row in read_table(self.path)}

    def close(self) -> None:
        """Close the table; write the best molecules, pictures, and other tables if asked for."""
        self._file.close()
        if self._has_front:
            mark_front(self.path, self._reward.wanted)
        write_best(self.path)
        if self._parquet:
            parquet_of(self.path)
        if self._reinvent:
            write_reinvent_table(self.path)

    def _is_new(self, canonical: str) -> bool:
        before = len(self._seen)
        self._seen.add(molecule_hash(canonical))
        return len(self._seen) > before

    def _write(self, rows: Sequence[Sequence[Cell]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._file.write(text.getvalue().encode())


def header(names: Sequence[str]) -> list[str]:
    """The columns of a table with these terms."""
    both = (column for name in names for column in (name, f"{name}_score"))
    return [*FOUND_COLUMNS, *both, FRONT]


def mark_front(table: Path, wanted: Mapping[str, float]) -> None:
    """Write which molecules are on the first front; every line keeps its length.

    So the length at a checkpoint stays that of whole lines, and the run can go on.

    Args:
        table: of a run, the terms of which it has.
        wanted: term -> 1 where a higher score is wanted, -1 where a lower one is.
    """
    columns = {f"{name}_score": array("d") for name in wanted}
    count = 0
    for row in read_table(table):
        count += 1
        for name, column in columns.items():
            column.append(float(row[name] or "nan"))
    ways = {f"{name}_score": way for name, way in wanted.items()}
    front = on_front(columns, ways, count)
    with (
        replacing(table) as beside,
        table.open(encoding="utf-8", newline="") as old,
        beside.open("w", encoding="utf-8", newline="") as new,
    ):
        new.write(old.readline())
        for line, is_on in zip(old, front, strict=True):
            begin, _, end = line.rpartition(NOT_ON_FRONT if line.endswith("0\n") else ON_FRONT)
            new.write(f"{begin}{ON_FRONT if is_on else NOT_ON_FRONT}{end}")


def _first_line(table: Path) -> str:
    with table.open(encoding="utf-8", newline="") as file:
        return file.readline()


COUNT = 20
"""Molecules in each picture."""


def write_best(table: Path, count: int = COUNT) -> None:
    """Write `best.sdf` and pictures of the best and of a random sample beside a table.

    The table is read once, row by row. The best have the highest totals; of equals the first come
    first. The random sample has a fixed seed.
    """
    best: list[tuple[float, int, dict[str, str]]] = []
    chance: list[dict[str, str]] = []
    rng = random.Random(0)
    for place, row in enumerate(read_table(table)):
        item = (float(row["total"]), -place, row)  # places differ, so rows are never compared
        if len(best) < count:
            heapq.heappush(best, item)
        else:
            heapq.heappushpop(best, item)
        if len(chance) < count:
            chance.append(row)
        elif (spot := rng.randrange(place + 1)) < count:  # Vitter 1985, algorithm R
            chance[spot] = row
    if not chance:
        return
    ordered = [_row(row) for _, _, row in sorted(best, reverse=True)]
    write_sdf(table.with_name("best.sdf"), ordered)
    picture_rows(ordered, table.with_name("best"))
    picture_rows([_row(row) for row in chance], table.with_name("random"))


def _row(row: dict[str, str]) -> Row:
    """A row with its total and its raw terms where they have numbers."""
    raw = [name for name in row if f"{name}_score" in row]
    numbers = {name: float(row[name]) for name in ("total", *raw) if row[name]}
    return Row(row["smiles"], row["canonical"], numbers)
