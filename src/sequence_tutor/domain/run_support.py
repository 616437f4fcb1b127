"""What a domain can offer to a run that samples and learns; all of it is optional."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from torch import Tensor

from sequence_tutor.config.settings import Settings
from sequence_tutor.domain.data import Constrained, Limits, Wishes
from sequence_tutor.domain.designing import Around, Designer
from sequence_tutor.domain.gathering import Gatherer
from sequence_tutor.errors import SettingsError, UserError
from sequence_tutor.prior.protocol import Prior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.sampling.choosing import Chooses, ChoosingOptions, Crosses
from sequence_tutor.sampling.measure import Opens, Spells
from sequence_tutor.sequences import SequenceBatch


class RunSupport:
    """What a user may ask of sequences, and their other spellings, children, rankings and store.

    The methods of `Domain` that a domain may leave as they are.
    """

    name: str

    def begin_with(self, part: str, prior: Prior, length: int) -> Sequence[int]:
        """The tokens that every sequence with a part of the user's begins with.

        Args:
            part: as the user writes it.
            prior: chooses among several ways to write it.
            length: most tokens of a sequence.

        Raises:
            UserError: it cannot be used, or this domain has no such parts.
        """
        raise UserError(f"--scaffold is of molecules, not of {self.name}")

    def constrain(
        self,
        wishes: Wishes,
        settings: Settings,
        length: int | None,
        write: Callable[[int, int], SequenceBatch],
    ) -> Constrained:
        """The constraint on sequences that a user's wishes describe.

        Args:
            wishes: in the user's words.
            settings: of the files that will be written.
            length: tokens of a sequence; None: those of the user's own sequence.
            write: samples of the model: how many, and of how many tokens.

        Raises:
            UserError: they cannot be met, or this domain has no such constraints.
        """
        raise UserError(
            f"--from, --keep, --vary, --range and --scale are of melodies, not of {self.name}"
        )

    def design(self, around: Around, length: int) -> Designer:
        """What writes sequences around a part, two ends or a whole sequence of the user's.

        Args:
            around: in the user's words.
            length: most tokens of a sequence.

        Raises:
            UserError: they cannot be used, or this domain designs nothing so.
        """
        raise UserError(f"--scaffold, --ends and --near are of molecules, not of {self.name}")

    def limited_tables(
        self, music: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Mapping[str, Any]]:
        """The tables `reward` and `output` of a run, with what its table `music` says of them.

        Raises:
            UserError: it says what cannot be, or this domain has no such table.
        """
        raise SettingsError(f"music is a table of melodies, expected none for {self.name}")

    def limits(self, music: Mapping[str, Any], settings: Settings, *, moves: bool) -> Limits:
        """What the sequences of a run may be, by its table `music`.

        Args:
            music: the table; `limited_tables` has checked it.
            settings: output settings.
            moves: whether these may still be changed to meet it.

        Raises:
            UserError: nothing can be that.
        """
        return Limits((), settings)

    def within(self, tokens: Sequence[int]) -> Self:
        """This domain where only some tokens may be chosen; none given: all."""
        return self

    def gatherer(
        self, directory: Path, reward: Reward, settings: Settings, resumed: bool
    ) -> Gatherer | None:
        """An object that stores what a run samples in its folder; None: this domain has none.

        `settings` are `output_settings`; a resumed run will restore its state.
        """
        return None

    def speller(self) -> Spells | None:
        """Writes a sequence in other spellings; None: each sequence has only one."""
        return None

    def crosser(self, length: int) -> Crosses | None:
        """Makes children of at most `length` tokens of two sequences; None: there are none."""
        return None

    def chooser(self, weights: Tensor, options: ChoosingOptions) -> Chooses | None:
        """Ranks sequences before terms of `weights` (R,) score them; None: nothing can."""
        return None

    def numbers(self, names: Collection[str]) -> Mapping[str, Callable[[SequenceBatch], Tensor]]:
        """Functions for numbers of a sequence that a fence may bound, by name.

        Each takes B sequences and gives (B,) numbers, NaN where a sequence has none.

        Raises:
            UserError: there is no number of a name.
        """
        raise UserError(
            f"fence: {sorted(names)[0]!r} is bounded, but these sequences have no numbers that "
            "could be; expected log_p or log_p_percentile alone"
        )

    def opener(self) -> Opens | None:
        """Extracts how sequences begin; None: beginnings are not compared."""
        return None

    def properties(
        self, given: int = 0
    ) -> Mapping[str, Callable[[SequenceBatch], Sequence[Hashable]]]:
        """Properties whose distinct values can be aimed at, under names like `distinct_rhythms`.

        A function gives the value of each of B sequences; all that have none share the value None.
        `given` tokens at the beginning are not the policy's.
        """
        return {}
