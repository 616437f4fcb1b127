"""Molecules as a domain of the tutor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain import Progress, TrainingData
from sequence_tutor.molecule.corpus import read_corpus
from sequence_tutor.molecule.corpus_reader import TEST, TRAIN, VALIDATION
from sequence_tutor.molecule.corpus_settings import MoleculeDataSettings
from sequence_tutor.molecule.judge import SampleJudge
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.prior.store import StoredPrior, find_prior

KNOWN = "molecules"
"""Name, among a prior's tensors, of the hashes of its training molecules."""


class MoleculeDomain:
    """SMILES strings, ended by an end token. Satisfies `domain.Domain`.

    Args:
        vocabulary: the tokens; a prior's own come by `with_prior`.
        longest: most tokens of a molecule, the end token aside.
    """

    name = "molecule"
    note_tokens: tuple[int, ...] = ()
    data_settings: type[Settings] = MoleculeDataSettings

    def __init__(self, vocabulary: Vocabulary | None = None, longest: int = 120) -> None:
        self.vocabulary = vocabulary or Vocabulary.broad()
        self.vocab_size = self.vocabulary.size
        self.end_token: int | None = self.vocabulary.end_token
        self.length = longest + 1

    def with_prior(self, card: Mapping[str, Any]) -> MoleculeDomain:
        """The domain with the vocabulary of a prior, and the length of its training data."""
        return MoleculeDomain(Vocabulary.from_card(card), card["molecule"]["longest"])

    def default_prior(self, device: torch.device | str) -> StoredPrior:
        """The shipped prior `molecule`."""
        return find_prior(self.name, device)

    def read_training(
        self, paths: Sequence[Path], settings: Settings, cache: Path | None, progress: Progress
    ) -> TrainingData:
        """Read lists, tables and SD files; the molecule is the unit of the division."""
        assert isinstance(settings, MoleculeDataSettings)
        corpus = read_corpus(paths, settings, cache, progress)
        card = {"molecule": dict(corpus.facts)}
        known = corpus.hashes(TRAIN)
        return TrainingData(
            train=corpus.side(TRAIN),
            validation=corpus.side(VALIDATION),
            test=corpus.side(TEST),
            summary=corpus.summary,
            skipped=corpus.skipped,
            dropped=corpus.dropped,
            provenance={
                "sources": [name for name in corpus.summary if name != "all"],
                "settings": settings.model_dump(mode="json"),
            },
            card=card,
            tensors={KNOWN: known},
            judge=SampleJudge(Vocabulary.from_card(card), known, corpus.summary["all"]),
        )
