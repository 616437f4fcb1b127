"""SD files: structures with data fields, record by record.

RDKit's own supplier silently joins a record to the next one where a data field is not followed by a
blank line. Here records are split first, at `$$$$` and at every further structure, so that each of
them becomes a molecule or a problem.

Source: CTfile Formats, BIOVIA 2020: connection tables in V2000 and V3000, SD files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rdkit import Chem

from sequence_tutor.foreign import Line
from sequence_tutor.molecule.chemistry import canonical_smiles, quiet
from sequence_tutor.molecule.reading.entry import Entry
from sequence_tutor.molecule.reading.tables import unique_names

LONGEST_SD_LINE = 2**16
"""Characters of a line of a record."""
MOST_LINES = 2**16
"""Lines of a record."""
MOST_ATOMS = 1000
"""Most atoms of a structure."""

_END = "$$$$"
_TABLE_END = "M  END"
_COUNTS = re.compile(r"[\s\d.-]*V[23]000\s*")
_FULL_COUNTS = re.compile(r"(?=.*\d)[\s\d]{6}[\s\d.-]*V[23]000\s*")  # also inside a table cut short
_HEADER_LINES = 3
_FIELD = re.compile(r">.*?<(.+)>|>.*?\b(DT\d+)\b")


def sd_entries(lines: Iterator[Line], *, details: bool) -> Iterator[Entry]:
    """The entries of an SD file, as canonical SMILES; with `details`, names and data fields too."""
    place = 0
    with quiet():
        for record, problem in _records(lines):
            for structure in [record] if problem else _structures(record):
                place += 1
                yield _entry(place, structure, problem, details=details)


def _records(lines: Iterator[Line]) -> Iterator[tuple[list[str], str]]:
    """The lines up to each `$$$$`, and a problem of them, or ""."""
    record: list[str] = []
    problem = ""
    for line in lines:
        if line.text.startswith(_END):
            yield record, problem
            record, problem = [], ""
        elif line.problem:
            problem = problem or line.problem
        elif len(record) >= MOST_LINES:
            problem = problem or f"a record of more than {MOST_LINES} lines"
        else:
            record.append(line.text)
    if problem or any(line.strip() for line in record):
        yield record, problem


def _structures(record: Sequence[str]) -> Iterator[Sequence[str]]:
    """The record, or each of its structures where `$$$$` between several is missing."""
    begins = [0]
    is_open, in_data = False, False  # inside a connection table, or inside data fields
    for place, line in enumerate(record):
        if line.startswith(_TABLE_END):
            is_open = False
        elif line.startswith(">") and _FIELD.match(line) and not is_open:
            in_data = True
        elif not in_data and (_FULL_COUNTS if is_open else _COUNTS).fullmatch(line):
            if any(_COUNTS.fullmatch(before) for before in record[begins[-1] : place]):
                begins.append(max(place - _HEADER_LINES, begins[-1]))
            is_open = True
    for begin, end in zip(begins, [*begins[1:], len(record)], strict=True):
        yield record[begin:end]


def _entry(place: int, record: Sequence[str], problem: str, *, details: bool) -> Entry:
    name, fields = ("", ()) if problem or not details else (_name(record), _fields(record))
    smiles = ""
    if not problem:
        molecule = Chem.MolFromMolBlock(_block(record))
        if molecule is None:
            problem = "a record that is no molecule"
        elif not molecule.GetNumAtoms():
            problem = "a record without atoms"
        elif molecule.GetNumAtoms() > MOST_ATOMS:
            problem = f"a molecule of more than {MOST_ATOMS} atoms"
        else:
            smiles = canonical_smiles(molecule)
    return Entry(place, smiles, problem, name, fields, unit="record")


def _block(record: Sequence[str]) -> str:
    """The structure without data, with its counts on the fourth line and with its end."""
    counts = _place_of_counts(record)
    header = record[max(counts - _HEADER_LINES, 0) : counts]
    block = [*[""] * (_HEADER_LINES - len(header)), *header]
    for line in record[counts:]:
        if line.startswith((_TABLE_END, ">")):
            break
        block.append(line)
    while block and not block[-1].strip():
        block.pop()
    return "\n".join([*block, _TABLE_END, ""])


def _place_of_counts(record: Sequence[str]) -> int:
    """The line with the counts of atoms and bonds: the fourth, unless header lines are missing."""
    found = (place for place, line in enumerate(record) if _COUNTS.fullmatch(line))
    return next(found, min(_HEADER_LINES, len(record)))


def _name(record: Sequence[str]) -> str:
    """The first line of the header."""
    counts = _place_of_counts(record)
    return record[max(counts - _HEADER_LINES, 0)].strip() if counts >= _HEADER_LINES else ""


def _fields(record: Sequence[str]) -> list[tuple[str, str]]:
    """The data fields: names in angle brackets, and the lines below them."""
    found: list[tuple[str, list[str]]] = []
    is_open = False
    for line in record[_place_of_counts(record) :]:
        if line.startswith(">") and (match := _FIELD.match(line)):
            found.append((match[1] or match[2], []))
            is_open = True
        elif is_open and line.strip():
            found[-1][1].append(line)
        else:
            is_open = False
    names = unique_names([name for name, _ in found])
    return [(name, "\n".join(lines)) for name, (_, lines) in zip(names, found, strict=True)]
