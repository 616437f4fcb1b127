"""Scores of each line of files of molecules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sequence_tutor.estimates import finite_or_none
from sequence_tutor.molecule.reading.entry import DEFAULT_CHOICE, Choice, Entry, Standardise
from sequence_tutor.molecule.reading.molecules import molecule_files, read_molecules
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.tokens import Tokeniser, split_smiles

CHUNK = 4096
"""Lines held in memory at a time."""

USUAL: Standardise = "none"
"""Standardisation by default: molecules are scored as they are written."""

LONGEST_SHOWN = 60
"""Characters of a SMILES in a table."""

ScoredLine = dict[str, Any]
"""`{"smiles", "valid", "canonical", "terms": {name: number or None}, "scores": the same for terms
with a transform, "total": number}`. Optional: `standardised`, the SMILES that was scored instead of
`smiles`; `name` and `fields`, the other data of the file; `problem`, and `where` it is, or
`damaged`, the position from which on the file cannot be read. JSON, hence `Any`."""


def score_lines(
    reward: MoleculeReward,
    paths: Sequence[Path],
    tokeniser: Tokeniser,
    choice: Choice = DEFAULT_CHOICE,
    part: tuple[int, int] = (0, 1),
) -> Iterator[ScoredLine]:
    """Score files as they are read: one result for every line, record or row, in order.

    A heading gives no result. A line without a molecule, a blank one too, is invalid and has None
    for every term; a line that cannot be read also has a `problem`. `terms` are raw numbers.

    Args:
        reward: computes the terms; it is closed at the end.
        paths: files of molecules, or folders of them.
        tokeniser: for terms that count the tokens of a SMILES.
        choice: how the files are read.
        part: i and n: of each n lines of a file the i-th alone is scored.

    Raises:
        UserError: a path that cannot be used, or a user's function or program that is broken.
    """
    try:
        for file in molecule_files(paths):
            entries = islice(read_molecules(file, choice, every_line=True), part[0], None, part[1])
            while chunk := list(islice(entries, CHUNK)):
                yield from _scored(reward, file, chunk, tokeniser, choice)
    finally:
        reward.close()


def score_line_row(scored: ScoredLine) -> dict[str, str]:
    """A result as cells of a table: column -> text."""
    smiles = scored["smiles"]
    shown = smiles if len(smiles) <= LONGEST_SHOWN else f"{smiles[:LONGEST_SHOWN]}..."
    numbers: dict[str, float | None] = {}
    for name, value in scored["terms"].items():
        if name != "valid":
            numbers[name] = value
        if name in scored["scores"]:
            numbers[f"{name}_score"] = scored["scores"][name]
    numbers["total"] = scored["total"]
    cells = {name: "" if value is None else f"{value:.3g}" for name, value in numbers.items()}
    return {"smiles": shown, "valid": "yes" if scored["valid"] else "no", **cells}


def _scored(
    reward: MoleculeReward,
    file: Path,
    entries: Sequence[Entry],
    tokeniser: Tokeniser,
    choice: Choice,
) -> Iterator[ScoredLine]:
    meant: list[str | None] = [choice.meant(entry.smiles, USUAL) for entry in entries]
    counts = [len(split_smiles(smiles or "", tokeniser)) for smiles in meant]
    judged = reward.judge_smiles(meant, counts)
    numbers = zip(judged.raw.tolist(), judged.scores.tolist(), judged.total.tolist(), strict=True)
    for entry, smiles, record, (raw, transformed, total) in zip(
        entries, meant, judged.records, numbers, strict=True
    ):
        scores = dict(zip(reward.term_names, transformed, strict=True))
        line: ScoredLine = {"smiles": entry.smiles}
        if smiles != entry.smiles:
            line["standardised"] = smiles
        if entry.name:
            line["name"] = entry.name
        line |= {
            "valid": record.canonical is not None,
            "canonical": record.canonical,
            "terms": _numbers(dict(zip(reward.term_names, raw, strict=True))),
            "scores": _numbers({name: scores[name] for name in reward.transformed}),
            "total": total + 0.0,  # which turns -0 into 0
        }
        if entry.fields:
            line["fields"] = dict(entry.fields)
        if entry.problem:
            line["problem"] = entry.problem
            line["damaged" if entry.is_end else "where"] = f"{file} {entry.where}"
        yield line


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: finite_or_none(value) for name, value in values.items()}
