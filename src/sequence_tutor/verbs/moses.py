"""`benchmark molecule moses`: how similar a model's molecules are to held-out ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.progress import progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.storage.files import PathLike
from sequence_tutor.storage.versions import versions

if TYPE_CHECKING:
    from sequence_tutor.molecule.reading.entry import Choice

DOMAIN = "molecule"
SAMPLES = 30_000
BATCH = 1024


def moses(
    model: Model,
    reference: PathLike,
    *,
    train: PathLike | None = None,
    column: str | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    quiet: bool = False,
) -> dict[str, Any]:
    """The statistics of MOSES that RDKit alone defines, see `moses_statistics`.

    Args:
        model: a prior or a tuned model of molecules.
        reference: file of molecules that it was not trained on.
        train: file of those that it was trained on; without it novelty is undefined.
        column: of tables, the one with the SMILES; None: the one whose name says so.
        samples: molecules sampled; MOSES takes 30,000.

    Returns:
        `statistics`, name -> value, None where undefined; `published`, those of the CharRNN of
        MOSES on its own data; `remarks`, sentences about the files; `model`, `samples`, `seed`,
        `versions`.

    Raises:
        UserError: the model is of another domain, or a file cannot be used.
    """
    if model.domain.name != DOMAIN:
        raise UserError(f"{model.name}: a model of {model.domain.name!r}, expected {DOMAIN!r}")
    # RDKit is installed: a model of molecules was loaded
    from sequence_tutor.molecule.distribution import (
        MOSES_CHAR_RNN,
        canonical_set,
        describe,
        moses_statistics,
    )
    from sequence_tutor.molecule.reading.entry import Choice
    from sequence_tutor.molecule.tokens import Vocabulary

    remarks: list[str] = []
    # both files are read before sampling, so that a wrong one is refused at once
    choice = Choice(column, remark=remarks.append)
    smiles = _molecules(Path(reference), choice)
    held_out = describe(smiles, str(reference), silent=quiet)
    _remark_invalid(choice, reference, len(smiles) - len(held_out.canonical), len(smiles))
    known = None
    if train is not None:
        smiles = _molecules(Path(train), choice)
        known, invalid = canonical_set(smiles, str(train), silent=quiet)
        _remark_invalid(choice, train, invalid, len(smiles))
    vocabulary = Vocabulary.from_card(model.stored.card)
    generator = named_generator(seed, "moses", model.device)
    generated: list[str | None] = []
    with progress("sampling", samples, quiet=quiet) as advance:
        while len(generated) < samples:
            size = min(BATCH, samples - len(generated))
            end = model.domain.end_token
            batch = rollout(model.policy, size, model.length, generator, end_token=end).batch
            generated += vocabulary.decode_batch(batch)
            advance(size)
    found = moses_statistics(generated, held_out, known, silent=quiet)
    return {
        "model": model.name,
        "statistics": {name: None if math.isnan(value) else value for name, value in found.items()},
        "published": {"CharRNN of MOSES": dict(MOSES_CHAR_RNN)},
        "samples": samples,
        "seed": seed,
        "remarks": remarks,
        "versions": versions(),
    }


def _molecules(path: Path, choice: Choice) -> list[str]:
    """The SMILES of a file; remarks count lines without one and locate damage."""
    from sequence_tutor.molecule.reading.molecules import molecule_files, read_molecules

    found: list[str] = []
    for file in molecule_files([path]):
        without: list[str] = []
        for entry in read_molecules(file, choice):
            if entry.is_end:
                choice.remark(f"{file} {entry.where}: {entry.problem}")
            elif entry.problem:
                without.append(f"{entry.where}: {entry.problem}")
            else:
                found.append(entry.smiles)
        if without:
            choice.remark(f"{file}: {len(without)} without a molecule, first {without[0]}")
    return found


def _remark_invalid(choice: Choice, path: PathLike, invalid: int, count: int) -> None:
    if invalid:
        choice.remark(f"{path}: {invalid} of {count} SMILES are no valid molecule")
