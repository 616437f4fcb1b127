"""What every term says of each line of files of molecules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sequence_tutor.estimates import finite_or_none
from sequence_tutor.molecule.reading.entry import DEFAULT_CHOICE, Choice, Entry
from sequence_tutor.molecule.reading.molecules import molecule_files, read_molecules
from sequence_tutor.molecule.reading.standardise import Standardise
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.tokens import Tokeniser, split_smiles

CHUNK = 4096
"""Lines held in memory at a time."""

USUAL: Standardise = "none"
"""How molecules are read where nobody has said it: scores are of what is written."""

LONGEST_SHOWN = 60
"""Characters of a SMILES in a table."""

ScoredLine = dict[str, Any]
"""`{"smiles", "valid", "canonical", "terms": {name: number or None}, "scores": likewise, of those
that have a transform, "total": number}`, and where there are any: `standardised`, the SMILES that
was scored in place of `smiles`; `name` and `fields`, what the file says beside it; `problem`;
`damaged`, the place from where on the file cannot be read.
JSON, hence `Any`."""


def score_lines(
    reward: MoleculeReward,
    paths: Sequence[Path],
    tokeniser: Tokeniser,
    choice: Choice = DEFAULT_CHOICE,
) -> Iterator[ScoredLine]:
    """Score files as they are read: one result for every line, record or row, in order.

    A heading is no line of these. A line without a molecule, a blank one too, is invalid and has
    None for every term; one that cannot be read also has a `problem`. Terms have their raw values,
    `total` is what is paid.

    Args:
        reward: its terms are computed; it is closed at the end.
        paths: files of molecules, or folders of them.
        tokeniser: what the terms of a molecule's writing count.
        choice: what is read of the files.

    Raises:
        UserError: a path that cannot be used, or a scorer that is broken.
    """
    try:
        for file in molecule_files(paths):
            entries = read_molecules(file, choice, every_line=True)
            while chunk := list(islice(entries, CHUNK)):
                yield from _scored(reward, file, chunk, tokeniser, choice)
    finally:
        reward.close()


def score_line_row(scored: ScoredLine) -> dict[str, str]:
    """A result as the cells of a table."""
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
    for entry, smiles, molecule in zip(entries, meant, judged, strict=True):
        scores = dict(zip(reward.term_names, molecule.scores, strict=True))
        line: ScoredLine = {"smiles": entry.smiles}
        if smiles != entry.smiles:
            line["standardised"] = smiles
        if entry.name:
            line["name"] = entry.name
        line |= {
            "valid": molecule.canonical is not None,
            "canonical": molecule.canonical,
            "terms": _numbers(dict(zip(reward.term_names, molecule.raw, strict=True))),
            "scores": _numbers({name: scores[name] for name in reward.transformed}),
            "total": molecule.total + 0.0,  # which turns -0 into 0
        }
        if entry.fields:
            line["fields"] = dict(entry.fields)
        if entry.problem:
            line["problem"] = entry.problem
        if entry.is_end:
            line["damaged"] = f"{file} {entry.where}"
        yield line


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    """What JSON can say of them."""
    return {name: finite_or_none(value) for name, value in values.items()}
