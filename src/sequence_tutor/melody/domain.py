"""The melody domain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sequence_tutor.config.settings import Settings, of_kind
from sequence_tutor.domain import (
    Beginning,
    Constrained,
    Domain,
    Exhibit,
    Limits,
    Material,
    Progress,
    ShownModel,
    TrainingData,
    Wishes,
)
from sequence_tutor.domain.division import TRAIN
from sequence_tutor.domain.executed_terms import TermsExecutor
from sequence_tutor.domain.fingerprints import WINDOWS, window_fingerprints
from sequence_tutor.domain.rows import JoinedRows, RewardRows, Rows
from sequence_tutor.domain.step_scores import Scored, summed
from sequence_tutor.errors import UserError
from sequence_tutor.melody.beginnings import begin_with
from sequence_tutor.melody.encoding import FIRST_NOTE, VOCAB_SIZE
from sequence_tutor.melody.filling.fill import constrained
from sequence_tutor.melody.frame import AS_TOKENS, Frame
from sequence_tutor.melody.judging import judged
from sequence_tutor.melody.limits import limited_tables, limits
from sequence_tutor.melody.published import PUBLISHED
from sequence_tutor.melody.reading.corpus import MelodyDataSettings, read_corpus
from sequence_tutor.melody.reading.own_tunes import LONGEST, own_tunes
from sequence_tutor.melody.reading.sources import holds_tokens
from sequence_tutor.melody.reward import MelodyReward, MelodyRewardSettings
from sequence_tutor.melody.rows import MelodyRows
from sequence_tutor.melody.scales import C_MAJOR, OCTAVE
from sequence_tutor.melody.signature import signature_of
from sequence_tutor.melody.statistics import FIGURES, LikenessToTunes, MelodyStatistics
from sequence_tutor.melody.token_facts import token_facts
from sequence_tutor.melody.view import Melodies
from sequence_tutor.melody.writing.output import MelodyOutputSettings, transposed, write_melodies
from sequence_tutor.prior.finding import shipped_prior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reward.protocol import Reward
from sequence_tutor.reward.user_terms import load_user_terms
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.storage.token_lines import token_lines


class MelodyDomain(Domain):
    """Monophonic melodies of sixteenth notes."""

    name = "melody"
    sequences = "melodies"
    real = "real tunes"
    vocab_size = VOCAB_SIZE
    length = 32  # two bars of 4/4, as in the paper
    end_token: int | None = None
    note_tokens = tuple(range(FIRST_NOTE, VOCAB_SIZE))
    data_settings: type[Settings] = MelodyDataSettings
    reward_settings: type[Settings] = MelodyRewardSettings
    output_settings: type[Settings] = MelodyOutputSettings
    figures = FIGURES
    published = PUBLISHED
    opening = "rhythm of the first bar"
    executes_rules_alone = True

    def __init__(
        self,
        frame: Frame = AS_TOKENS,
        windows: Tensor | None = None,
        executor: TermsExecutor | None = None,
    ) -> None:
        """Melodies in a frame.

        Args:
            frame: the key and the meter that a model's tokens are in.
            windows: fingerprints of a prior's training tunes, or None.
            executor: computes a user's rules; None: this process does.
        """
        self.frame, self._windows, self._executor = frame, windows, executor

    def _in(self, frame: Frame) -> MelodyDomain:
        return MelodyDomain(frame, self._windows, self._executor)

    def executed_by(self, executor: str | None) -> MelodyDomain:
        """The domain whose rules of a user's file are computed by this executor."""
        if executor is None:
            return self
        return MelodyDomain(self.frame, self._windows, TermsExecutor(executor))

    def with_prior(
        self, card: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None
    ) -> MelodyDomain:
        """The same domain in the meter that a prior learned, in C major or A minor."""
        return MelodyDomain(Frame.of_card(card), (tensors or {}).get(WINDOWS), self._executor)

    def framed(self, reward: Settings) -> MelodyDomain:
        """The same domain in the key of a run's rules."""
        judged = of_kind(MelodyRewardSettings, reward)
        chords = judged.rules.chords
        bars = () if chords is None else chords.in_tokens(judged.key)
        return self._in(self.frame.judged_in(judged.key, bars))

    def limited_tables(
        self, music: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]
    ) -> Mapping[str, Mapping[str, Any]]:
        """The rules in the key of the scale, and what is written where it is."""
        return limited_tables(music, tables, self.frame)

    def limits(self, music: Mapping[str, Any], settings: Settings, *, moves: bool) -> Limits:
        """The tokens of a range and a scale."""
        return limits(music, of_kind(MelodyOutputSettings, settings), self.frame, moves=moves)

    def within(self, tokens: Sequence[int]) -> MelodyDomain:
        """The same domain, whose new notes are only of these tokens."""
        if not tokens:
            return self
        return self._in(replace(self.frame, only=tuple(tokens)))

    def recorded(self, output: Mapping[str, Any]) -> Mapping[str, Any]:
        """The output settings that a run was tuned with.

        Settings without `transpose`, of older versions, say nothing of the run's key; ignore them.
        """
        return output if "transpose" in output else {}

    def check_output(self, settings: Settings) -> Sequence[str]:
        """Refuse a key that cannot be written from this frame, or pitches out of MIDI's range."""
        chosen = of_kind(MelodyOutputSettings, settings)
        heard = chosen.heard(self.frame)
        if self.frame.key is None or not self.frame.is_heard_in_relative(chosen.key_name):
            return []
        return [
            f"key is {chosen.key_name}, and the run was tuned in {signature_of(self.frame.key)}: "
            f"it is heard in {heard.signature}, which has the same notes and another tonic"
        ]

    def opener(self) -> MelodyDomain:
        """Itself."""
        return self

    def openings(self, batch: SequenceBatch, given: int) -> Sequence[Hashable]:
        """Where notes begin, hold and rest in the first whole bar after the given tokens."""
        return [rhythm for rhythm in self._rhythms(given, batch) if rhythm is not None]

    def properties(
        self, given: int = 0
    ) -> Mapping[str, Callable[[SequenceBatch], Sequence[Hashable]]]:
        """The rhythm of the first whole bar after the given tokens."""
        return {"distinct_rhythms": partial(self._rhythms, given)}

    def _rhythms(self, given: int, batch: SequenceBatch) -> list[tuple[int, ...] | None]:
        """The rhythm of that bar of each melody; None: it ends before."""
        bar = self.frame.meter.steps
        first = -(-given // bar) * bar
        kinds = batch.tokens[:, first : first + bar].clamp(max=FIRST_NOTE).tolist()
        whole = (batch.lengths >= first + bar).tolist()
        return [
            tuple(rhythm) if has_bar else None for rhythm, has_bar in zip(kinds, whole, strict=True)
        ]

    def default_prior(self, device: torch.device | str) -> StoredPrior:
        """The shipped prior `melody`."""
        return shipped_prior(self.name, device)

    def read_training(
        self, paths: Sequence[Path], settings: Settings, cache: Path | None, progress: Progress
    ) -> TrainingData:
        """Read MIDI, ABC and MusicXML; tunes are divided as wholes."""
        chosen = of_kind(MelodyDataSettings, settings)
        corpus = read_corpus(paths, chosen, cache, progress)
        fingerprints = window_fingerprints(corpus.side(TRAIN).rows())
        return corpus.training_data(self.name, chosen, {WINDOWS: fingerprints})

    def read_sequences(self, path: Path) -> list[list[int]]:
        """Melodies of a JSONL, MIDI, ABC or MusicXML file: any meter, in the key as written.

        A tune begins with its first note; long rests do not split it.

        Raises:
            UserError: the file cannot be read, or holds something that is no melody of 1 to 512
                tokens.
        """
        if holds_tokens(path):
            return list(token_lines(path, VOCAB_SIZE, LONGEST))
        return [tune.tokens(OCTAVE * tune.judged_octaves()) for tune in own_tunes(path)]

    def begin(self, path: Path, settings: Settings) -> Beginning:
        """The first melody of a file, moved so that `write` moves it back to where it stands.

        A prime in D is moved to C, the key the model learned, and the result is written in D.
        Tokens are taken to be in the key that the settings name.

        Raises:
            UserError: as of `read_sequences`, or there is none in the file.
        """
        chosen = of_kind(MelodyOutputSettings, settings)
        if holds_tokens(path):
            for tokens in token_lines(path, VOCAB_SIZE, LONGEST):
                down = chosen.transpose - chosen.heard(self.frame).transpose
                return Beginning(transposed(tokens, down), chosen)
        else:
            for tune in own_tunes(path):
                return begin_with(tune, chosen, self.frame)
        raise UserError(f"{path}: no melody in it, expected one to begin with")

    def constrain(
        self,
        wishes: Wishes,
        settings: Settings,
        length: int | None,
        write: Callable[[int, int], SequenceBatch],
    ) -> Constrained:
        """Bars of a tune that are kept, a distance from it, a range and a scale."""
        chosen = of_kind(MelodyOutputSettings, settings)
        return constrained(wishes, chosen, self.frame, length, write, self.begin)

    def reward(self, settings: Settings, rules: Path | None) -> MelodyReward:
        """The nine rules with the constants of the settings, and a user's own rules."""
        user_rules = load_user_terms(rules) if rules else ()
        chosen = of_kind(MelodyRewardSettings, settings).in_meter(self.frame.meter)
        return chosen.build(user_rules, executor=self._executor)

    def shown_to_functions(self, batch: SequenceBatch) -> Melodies:
        """The melodies in the run's key."""
        return Melodies(batch, self.frame.key or C_MAJOR)

    def scores(
        self, paths: Sequence[Path], settings: Settings, rules: Path | None
    ) -> Iterator[Scored]:
        """What every rule pays at every step, each melody judged in its own key: see `judged`."""
        user_rules = load_user_terms(rules) if rules else ()
        chosen = of_kind(MelodyRewardSettings, settings)
        return judged(paths, chosen, user_rules, self._executor)

    def score_row(self, scored: Scored) -> dict[str, str]:
        """The name, the key and the sum of what each rule pays."""
        estimated = ", as its notes tell" if scored["key_from"] == "notes" else ""
        judged_in = scored["key"] + estimated  # a rule is called key
        return {"sequence": scored["name"], "judged in": judged_in, **summed(scored)}

    def statistics(self, settings: Settings) -> MelodyStatistics:
        """The rows of `MelodyRows` in the reward's key."""
        key = of_kind(MelodyRewardSettings, settings).key
        return MelodyStatistics(key, self.frame.meter, self._windows)

    def rows(
        self, settings: Settings, reward: Reward, names: Collection[str] | None = None
    ) -> Rows:
        """Those of the statistics, and what each rule pays."""
        key = of_kind(MelodyRewardSettings, settings).key
        own = MelodyRows(key, self.frame.meter, self._windows)
        return JoinedRows(own, RewardRows(reward, names))

    def likeness(self, real: SequenceBatch, settings: Settings) -> LikenessToTunes:
        """Distances of intervals and durations."""
        return LikenessToTunes(real)

    def token_facts(self) -> Mapping[str, Any]:
        """Names such as `off`, `hold` and C4, MIDI pitches, the meter and the key."""
        return token_facts(self.frame)

    def exhibit(self, shown: Material) -> Exhibit:
        """Sound, piano roll, score and MIDI file; next-token probabilities along one melody."""
        from sequence_tutor.melody.exhibit import exhibit

        return exhibit(shown)

    def display(self, model: ShownModel, batch: SequenceBatch, settings: Settings) -> str:
        """A player and a piano roll for each melody."""
        from sequence_tutor.melody.exhibit import display

        return display(model, batch, of_kind(MelodyOutputSettings, settings))

    def write(
        self, batch: SequenceBatch, directory: Path, settings: Settings, progress: Progress
    ) -> None:
        """MIDI, ABC, MusicXML, sound and score of each melody, a list of tokens, a picture."""
        chosen = of_kind(MelodyOutputSettings, settings)
        write_melodies(batch.to_lists(), directory, chosen, self.frame, progress)
