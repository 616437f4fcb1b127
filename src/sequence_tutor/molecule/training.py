"""The training data of a prior of molecules, and the molecules that a prior knows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rdkit import rdBase
from torch import Tensor

from sequence_tutor.domain import Progress, TrainingData
from sequence_tutor.domain.corpus import ALL
from sequence_tutor.domain.division import TRAIN
from sequence_tutor.molecule.held_out import held_out_tensors
from sequence_tutor.molecule.judge import SampleJudge
from sequence_tutor.molecule.reading.corpus import read_corpus
from sequence_tutor.molecule.reading.corpus_settings import MoleculeDataSettings
from sequence_tutor.molecule.tokens import Vocabulary

KNOWN = "molecules"
"""Name of the tensor of a prior with the sorted hashes of its training molecules."""


def read_training_data(
    name: str,
    paths: Sequence[Path],
    settings: MoleculeDataSettings,
    cache: Path | None,
    progress: Progress,
) -> TrainingData:
    """Read files and folders; all rows of one molecule are on one side.

    Args:
        name: of the domain, under which a card has the facts of the data.
        paths: lists, tables and SD files, and folders of them.
        settings: how they are read.
        cache: folder for the encoded data; None: no cache.
        progress: called with the kilobytes read and those of all files.

    Raises:
        UserError: a path that cannot be used, or no molecule at all.
    """
    corpus = read_corpus(paths, settings, cache, progress)
    vocabulary = Vocabulary.from_card({name: corpus.facts})
    known = corpus.hashes_of(TRAIN)
    remarks = {"remarks": list(corpus.remarks)} if corpus.remarks else {}
    return corpus.training_data(
        name,
        settings,
        {KNOWN: known, **held_out_tensors(corpus, vocabulary)},
        {"rdkit": rdBase.rdkitVersion, **remarks},
        SampleJudge(vocabulary, known if settings.parses else None, corpus.summary[ALL]),
    )


def known_molecules(card: Mapping[str, Any] | None, tensors: Mapping[str, Tensor]) -> Tensor | None:
    """Sorted hashes of a prior's training molecules; None: not known, or not of canonical SMILES.

    Those of unchecked data are of the strings as written: all samples would count as novel.

    Args:
        card: of the prior; None: there is none.
        tensors: stored beside the prior's weights.
    """
    settings = {} if card is None else card.get("data", {}).get("settings", {})
    is_canonical = settings.get("check", True) or settings.get("augment", 0)
    return tensors.get(KNOWN) if is_canonical else None
