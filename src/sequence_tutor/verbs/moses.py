"""`benchmark molecule moses`: how like held-out molecules those of a model are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.model import Model
from sequence_tutor.files import PathLike
from sequence_tutor.progress import progress
from sequence_tutor.randomness import named_generator
from sequence_tutor.rollout import rollout
from sequence_tutor.versions import versions

DOMAIN = "molecule"
SAMPLES = 30_000
BATCH = 1024


def moses(
    model: Model,
    reference: PathLike,
    *,
    train: PathLike | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    quiet: bool = False,
) -> dict[str, Any]:
    """The statistics of MOSES that RDKit alone defines, see `moses_statistics`.

    Args:
        model: a prior or a tuned model of molecules.
        reference: file of molecules that it was not trained on.
        train: file of those that it was; without it there is no novelty.
        samples: molecules sampled; MOSES takes 30,000.
        seed: of the sampling.
        quiet: show no progress.

    Returns:
        `statistics`, name -> value, None where undefined; `published`, those of the CharRNN of
        MOSES on its own data; `model`, `samples`, `seed`, `versions`.

    Raises:
        UserError: the model is of another domain, or a file cannot be used.
    """
    if model.domain.name != DOMAIN:
        raise UserError(f"{model.name}: a model of {model.domain.name!r}, expected {DOMAIN!r}")
    # a model of molecules is there, and so is RDKit
    from sequence_tutor.molecule.distribution import describe, moses_statistics
    from sequence_tutor.molecule.published import MOSES_CHAR_RNN
    from sequence_tutor.molecule.tokens import Vocabulary

    # Both files before anything is sampled: a wrong one is told at once.
    held_out = describe(list(_molecules(Path(reference))), str(reference), silent=quiet)
    known = None if train is None else list(_molecules(Path(train)))
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
        "versions": versions(),
    }


def _molecules(path: Path) -> Iterator[str]:
    """The SMILES of a file; what cannot be read is passed over."""
    from sequence_tutor.molecule.reading import molecule_files, read_molecules

    for file in molecule_files([path]):
        yield from (entry.smiles for entry in read_molecules(file) if not entry.problem)
