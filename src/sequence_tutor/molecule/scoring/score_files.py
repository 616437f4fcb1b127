"""Scored molecules as a table, structures or a list, with the columns and fields that were read.

A line that is no molecule is in the table, with empty cells; structures and lists omit it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from rdkit import Chem
from rdkit.Chem.Draw import rdDepictor

from sequence_tutor.errors import UserError, require
from sequence_tutor.molecule.chemistry import parse, quiet
from sequence_tutor.molecule.writing.output import sdf_writer
from sequence_tutor.molecule.writing.reinvent_table import reinvents_header, reinvents_row
from sequence_tutor.molecule.writing.table_files import PYARROW, parquet_of
from sequence_tutor.storage.files import replacing

Write = Callable[[Mapping[str, Any]], None]
"""Takes one `ScoredLine` (JSON, hence `Any`)."""

_FIRST = ("smiles", "standardised", "name", "valid", "canonical")
_LAST = ("total", "problem")
_ALWAYS = ("smiles", "valid", "canonical", "total")


def score_writer(path: Path, *, reinvent: bool = False) -> AbstractContextManager[Write]:
    """Write scored molecules atomically; the suffix of the file chooses the format.

    Args:
        path: of the file.
        reinvent: whether a table has the columns of REINVENT 4.

    Raises:
        UserError: unknown suffix.
    """
    if reinvent:
        if path.suffix.lower() != ".csv":
            raise UserError(f"{path}: the columns of REINVENT are those of a .csv, expected one")
        return _reinvent_writer(path)
    kinds = {
        ".csv": _csv_writer,
        ".parquet": _parquet_writer,
        ".sdf": _sdf_writer,
        ".smi": _smi_writer,
    }
    if path.suffix.lower() not in kinds:
        raise UserError(
            f"{path}: unknown kind of file, expected one of {' '.join(kinds)} or .jsonl"
        )
    return kinds[path.suffix.lower()](path)


@contextmanager
def _parquet_writer(path: Path) -> Iterator[Write]:
    """The table of `_csv_writer`; the columns of the input are text, as they were read."""
    require("parquet", "Parquet needs pyarrow", *PYARROW)
    numbers: list[str] = []
    with TemporaryDirectory() as folder:
        table = Path(folder) / "table.csv"
        with _csv_writer(table, numbers) as write:
            yield write
        parquet_of(table, path, numbers)


@contextmanager
def _csv_writer(path: Path, numbers: list[str] | None = None) -> Iterator[Write]:
    """Lines are kept on disk until the last one, because only then all columns are known.

    The names of columns with numbers are added to `numbers`.
    """
    columns: dict[str, dict[str, None]] = {part: {} for part in ("lines", "fields", "terms")}
    with TemporaryFile("w+", encoding="utf-8") as waiting:

        def write(scored: Mapping[str, Any]) -> None:
            columns["lines"] |= dict.fromkeys(name for name in scored if name in (*_FIRST, *_LAST))
            columns["fields"] |= dict.fromkeys(scored.get("fields", ()))
            columns["terms"] |= dict.fromkeys(_numbers(scored))
            waiting.write(json.dumps(scored) + "\n")

        yield write
        waiting.seek(0)
        ours = (*_FIRST, *columns["terms"], *_LAST)
        fields = {name: _input_name(name, ours) for name in columns["fields"]}
        others = columns["lines"] or _ALWAYS
        first = [name for name in _FIRST if name in others]
        last = [name for name in _LAST if name in others]
        header = [*first, *fields.values(), *columns["terms"], *last]
        with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, header, lineterminator="\n")
            table.writeheader()
            for line in waiting:
                scored = json.loads(line)
                given = {fields[name]: text for name, text in scored.get("fields", {}).items()}
                table.writerow({**given, **_numbers(scored), **_texts(scored, header)})
    if numbers is not None:
        numbers += [*columns["terms"], "total"]


@contextmanager
def _reinvent_writer(path: Path) -> Iterator[Write]:
    """Lines are kept on disk until the last one, because only then all columns are known."""
    fields: dict[str, None] = {}
    terms: dict[str, None] = {}
    with TemporaryFile("w+", encoding="utf-8") as waiting:

        def write(scored: Mapping[str, Any]) -> None:
            fields.update(dict.fromkeys(scored.get("fields", ())))
            terms.update(dict.fromkeys(scored["terms"]))
            waiting.write(json.dumps(scored) + "\n")

        yield write
        waiting.seek(0)
        names = [*fields], [*terms]
        with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(reinvents_header(*names))
            table.writerows(reinvents_row(json.loads(line), *names) for line in waiting)


@contextmanager
def _sdf_writer(path: Path) -> Iterator[Write]:
    with sdf_writer(path) as writer:

        def write(scored: Mapping[str, Any]) -> None:
            smiles = scored.get("standardised", scored["smiles"])
            molecule = parse(smiles) if scored["valid"] else None
            if molecule is None:
                return
            rdDepictor.Compute2DCoords(molecule)
            molecule.SetProp("_Name", _one_line(scored.get("name", "") or scored["canonical"]))
            numbers = _numbers(scored) | {"total": scored["total"]}
            for name, text in scored.get("fields", {}).items():
                molecule.SetProp(_field_name(_input_name(name, (*numbers, "smiles"))), _lines(text))
            molecule.SetProp("smiles", scored["smiles"])
            for name, number in numbers.items():
                if number is not None:
                    molecule.SetDoubleProp(_field_name(name), float(number))
            writer.write(molecule)

        yield write


@contextmanager
def _smi_writer(path: Path) -> Iterator[Write]:
    """SMILES and name, as docking programs want them; the InChIKey is the name of one without."""
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as file:

        def write(scored: Mapping[str, Any]) -> None:
            if scored["valid"]:
                smiles = scored.get("standardised", scored["smiles"])
                molecule = parse(smiles)
                assert molecule is not None  # it is valid
                with quiet():
                    name = (
                        _one_line(scored.get("name", "")) or Chem.MolToInchiKey(molecule) or smiles
                    )
                file.write(f"{smiles}\t{name}\n")

        yield write


def _numbers(scored: Mapping[str, Any]) -> dict[str, float | None]:
    """Each term raw and, where it has a transform, transformed; `valid` has a column of its own."""
    numbers: dict[str, float | None] = {}
    for name, value in scored["terms"].items():
        if name == "valid":
            continue
        column = f"{name}_term" if name in (*_FIRST, *_LAST) else name  # a user's own term
        numbers[column] = value
        if name in scored["scores"]:
            numbers[f"{name}_score"] = scored["scores"][name]
    return numbers


def _texts(scored: Mapping[str, Any], header: list[str]) -> dict[str, Any]:
    """The other cells of a line that this module names."""
    found = {name: scored.get(name) for name in (*_FIRST, *_LAST) if name in header}
    return found | {"valid": "yes" if scored["valid"] else "no"}


def _input_name(name: str, ours: tuple[str, ...]) -> str:
    """The name of an input column, changed where a column written here has that name."""
    return f"input_{name}" if name in ours else name


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _field_name(name: str) -> str:
    """A field name without angle brackets."""
    return _one_line(name).replace("<", "(").replace(">", ")") or "field"


def _lines(text: str) -> str:
    """A value without lines that would end the field or the record."""
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n".join(f" {line}" if line.startswith(("$$$$", ">")) else line for line in lines)
