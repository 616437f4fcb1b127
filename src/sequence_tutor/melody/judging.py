"""Scores of the melodies in files: each in its own key, under its own name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from sequence_tutor.domain.executed_terms import TermsExecutor
from sequence_tutor.domain.step_scores import CHUNK, Scored, step_scores
from sequence_tutor.melody.encoding import VOCAB_SIZE
from sequence_tutor.melody.reading.own_tunes import LONGEST, OwnTune, own_tunes
from sequence_tutor.melody.reading.score import upwards
from sequence_tutor.melody.reading.sources import holds_tokens
from sequence_tutor.melody.reward import MelodyReward, MelodyRewardSettings
from sequence_tutor.melody.scales import OCTAVE, Key
from sequence_tutor.melody.signature import signature_of
from sequence_tutor.reward.user_terms import UserTerm
from sequence_tutor.storage.token_lines import token_lines


class _Melody(NamedTuple):
    """A melody to score; `remark` says how it was read where reading changed something."""

    tokens: list[int]
    key: Key
    key_from: str
    remark: str = ""


def judged(
    paths: Sequence[Path],
    settings: MelodyRewardSettings,
    user_rules: Sequence[UserTerm] = (),
    executor: TermsExecutor | None = None,
) -> Iterator[Scored]:
    """What every rule pays at every step, melody by melody.

    The key is that of the settings if they name one, else the one that the file names, else the one
    estimated from the notes. Lists of tokens are in C major, as models write them, unless the
    settings name another key.

    Args:
        paths: lists of tokens, MIDI, ABC or MusicXML.
        settings: of the reward.
        user_rules: the user's own.
        executor: computes them; None: this process does.

    Yields:
        As `step_scores`, and the melody's `name`, its `key`, the origin of that (`settings`,
        `file`, `notes`, or `tokens`), and what reading changed in `read`.

    Raises:
        UserError: a file, or something in it, is no melody.
    """
    rewards: dict[Key, MelodyReward] = {}

    def reward_in(key: Key) -> MelodyReward:
        if key not in rewards:
            in_key = settings.model_copy(update={"key": key})
            rewards[key] = in_key.build(user_rules, executor=executor)
        return rewards[key]

    reward_in(settings.key)  # wrong weights are refused before any file is read
    names = Counter(path.name for path in dict.fromkeys(paths))
    stream = chain.from_iterable(
        _named(path.name if names[path.name] == 1 else str(path), _melodies(path, settings))
        for path in paths
    )
    while chunk := list(islice(stream, CHUNK)):
        scored: dict[int, Scored] = {}
        for key in dict.fromkeys(one.key for _, one in chunk):
            places = [place for place, (_, one) in enumerate(chunk) if one.key == key]
            rows = step_scores(reward_in(key), [chunk[place][1].tokens for place in places])
            scored |= dict(zip(places, rows, strict=True))
        for place, (name, one) in enumerate(chunk):
            facts = {"name": name, "key": str(signature_of(one.key)), "key_from": one.key_from}
            read = {"read": f"{name}: {one.remark}"} if one.remark else {}
            yield {**facts, **scored[place], **read}


def _melodies(path: Path, settings: MelodyRewardSettings) -> Iterator[_Melody]:
    is_given = "key" in settings.model_fields_set
    if holds_tokens(path):
        for tokens in token_lines(path, VOCAB_SIZE, LONGEST):
            yield _Melody(tokens, settings.key, "settings" if is_given else "tokens")
        return
    for tune in own_tunes(path):
        key = settings.key if is_given else tune.key
        key_from = "settings" if is_given else "file" if tune.key_is_named else "notes"
        moves = _moves(tune)
        remark = tune.description(moves) if tune.changes or moves else ""
        yield _Melody(tune.tokens(OCTAVE * tune.judged_octaves()), key, key_from, remark)


def _moves(tune: OwnTune) -> list[str]:
    """The changes that bring a tune into the encoding's three octaves."""
    octaves = tune.judged_octaves()
    judged = f"judged {upwards(octaves, 'octave')}, in the range of three octaves"
    return ([judged] if octaves else []) + tune.folding(OCTAVE * octaves)


def _named(label: str, melodies: Iterable[_Melody]) -> Iterator[tuple[str, _Melody]]:
    """The melodies of one file under its label, with a number where there are several."""
    stream = iter(melodies)
    first = list(islice(stream, 2))
    for number, one in enumerate(chain(first, stream), start=1):
        yield (label if len(first) == 1 else f"{label}:{number}"), one
