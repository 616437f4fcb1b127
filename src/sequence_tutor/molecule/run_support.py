"""What molecules offer to a run beside their reward: parts, spellings, children, a critic, a table.

The counterpart of `domain.run_support`, whose methods say what they take and give.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path

from torch import Tensor

from sequence_tutor.config.settings import Settings, of_kind
from sequence_tutor.domain import Around, Designer
from sequence_tutor.domain.run_support import RunSupport
from sequence_tutor.molecule.breeding import Crosser
from sequence_tutor.molecule.chemistry import known, quiet
from sequence_tutor.molecule.critic import Critic
from sequence_tutor.molecule.designing import beginning_of, designer
from sequence_tutor.molecule.numbers import molecule_numbers
from sequence_tutor.molecule.scoring.terminal_reward import MoleculeReward
from sequence_tutor.molecule.spelling import Speller
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.molecule.writing.found import FOUND_FILE, FoundMolecules
from sequence_tutor.molecule.writing.output import MoleculeOutputSettings
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.choosing import ChoosingOptions
from sequence_tutor.sequences import SequenceBatch


class MoleculeRunSupport(RunSupport):
    """The methods of `RunSupport` that need no more than a vocabulary.

    Attributes:
        vocabulary: turns tokens into SMILES.
    """

    opening = "scaffold"
    vocabulary: Vocabulary

    def design(self, around: Around, length: int) -> Designer:
        """Groups at the points of a part, a linker between two ends, or small changes."""
        return designer(around, self.vocabulary, length)

    def begin_with(self, part: str, prior: Prior, length: int) -> Sequence[int]:
        """A part written with its attachment point last, as the prior finds it likeliest."""
        return beginning_of(part, self.vocabulary, prior, length)

    def speller(self) -> Speller:
        """A molecule has many SMILES."""
        return Speller(self.vocabulary)

    def crosser(self, length: int) -> Crosser:
        """Crosses and mutates molecular graphs."""
        return Crosser(self.vocabulary, length)

    def chooser(self, weights: Tensor, options: ChoosingOptions) -> Critic:
        """A Gaussian process on count fingerprints."""
        return Critic(self.vocabulary, weights, options)

    def numbers(self, names: Collection[str]) -> Mapping[str, Callable[[SequenceBatch], Tensor]]:
        """Properties, descriptors, alerts."""
        return molecule_numbers(self.vocabulary, names)

    def gatherer(
        self, directory: Path, reward: Reward, settings: Settings, resumed: bool
    ) -> FoundMolecules | None:
        """The table of every distinct molecule of a run; None for a reward of another kind."""
        if not isinstance(reward, MoleculeReward):  # an object of the user
            return None
        chosen = of_kind(MoleculeOutputSettings, settings)
        path = directory / FOUND_FILE
        return FoundMolecules(path, reward, resumed, chosen.parquet, chosen.reinvent)

    def opener(self) -> MoleculeRunSupport:
        """Itself."""
        return self

    def openings(self, batch: SequenceBatch, given: int) -> Sequence[Hashable]:
        """The scaffold of each molecule with a ring, whatever was given."""
        return [scaffold for scaffold in self._scaffolds(batch) if scaffold is not None]

    def properties(
        self, given: int = 0
    ) -> Mapping[str, Callable[[SequenceBatch], Sequence[Hashable]]]:
        """The scaffold (Bemis and Murcko 1996)."""
        return {"distinct_scaffolds": self._scaffolds}

    def _scaffolds(self, batch: SequenceBatch) -> list[str | None]:
        """The scaffold of each molecule; None: there is no molecule, or it has no ring."""
        with quiet():
            strings = self.vocabulary.decode_batch(batch)
            found = [known(smiles) if smiles else None for smiles in strings]
            return [one.scaffold or None if one is not None else None for one in found]
