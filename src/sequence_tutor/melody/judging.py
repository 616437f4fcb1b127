"""Scores of melodies in files: each in its own key, under its own name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sequence_tutor.domain.step_scores import CHUNK, Scored, step_scores
from sequence_tutor.melody.encoding import VOCAB_SIZE
from sequence_tutor.melody.reading.own_tunes import LONGEST, OwnTune, own_tunes
from sequence_tutor.melody.reading.score import counted
from sequence_tutor.melody.reading.sources import holds_tokens
from sequence_tutor.melody.reward import MelodyReward, MelodyRewardSettings
from sequence_tutor.melody.scales import OCTAVE, Key
from sequence_tutor.melody.signature import signature_of
from sequence_tutor.reward.user_terms import UserTerm
from sequence_tutor.storage.token_lines import token_lines


@dataclass(frozen=True)
class _Judged:
    """A melody, its name, and what is said of its key and of how it was read."""

    name: str
    tokens: list[int]
    key: Key
    key_from: str
    said: str = ""


def judged(
    paths: Sequence[Path], settings: MelodyRewardSettings, user_rules: Sequence[UserTerm] = ()
) -> Iterator[Scored]:
    """What every rule pays at every step, melody by melody.

    A tune is judged in the key that its file names, else in the one that its notes tell; where the
    settings name a key, all are judged in that. Tokens are in C major, as models write them, unless
    the settings say otherwise.

    Args:
        paths: lists of tokens, MIDI, ABC or MusicXML.
        settings: of the reward.
        user_rules: the user's own.

    Yields:
        As `step_scores`, and the melody's `name`, its `key`, where that is from (`settings`,
        `file`, `notes`, or `tokens`), and, where reading changed something, what in `read`.

    Raises:
        UserError: a file, or something in it, is no melody.
    """
    rewards: dict[Key, MelodyReward] = {}

    def reward_in(key: Key) -> MelodyReward:
        if key not in rewards:
            rewards[key] = settings.model_copy(update={"key": key}).build(user_rules)
        return rewards[key]

    reward_in(settings.key)  # wrong weights are refused before any file is read
    stream = (
        one
        for path, label in _labelled(paths)
        for one in _numbered(_melodies(path, settings), label)
    )
    while chunk := list(islice(stream, CHUNK)):
        scored: dict[int, Scored] = {}
        for key in dict.fromkeys(one.key for one in chunk):
            places = [place for place, one in enumerate(chunk) if one.key == key]
            rows = step_scores(reward_in(key), [chunk[place].tokens for place in places])
            scored |= dict(zip(places, rows, strict=True))
        for place, one in enumerate(chunk):
            facts = {"name": one.name, "key": str(signature_of(one.key)), "key_from": one.key_from}
            yield {**facts, **scored[place], **({"read": one.said} if one.said else {})}


def _melodies(path: Path, settings: MelodyRewardSettings) -> Iterator[_Judged]:
    """The melodies of one file; their names are given later."""
    is_given = "key" in settings.model_fields_set
    if holds_tokens(path):
        for tokens in token_lines(path, VOCAB_SIZE, LONGEST):
            yield _Judged("", tokens, settings.key, "settings" if is_given else "tokens")
        return
    for tune in own_tunes(path):
        key = settings.key if is_given else tune.key
        said = tune.said(_moved(tune)) if tune.changes or _moved(tune) else ""
        own = "file" if tune.key_is_named else "notes"
        semitones = OCTAVE * tune.judged_octaves()
        yield _Judged("", tune.tokens(semitones), key, "settings" if is_given else own, said)


def _moved(tune: OwnTune) -> list[str]:
    """What the encoding's three octaves change."""
    octaves = tune.judged_octaves()
    folded = tune.folded(OCTAVE * octaves)
    said = []
    if octaves:
        way = f"{counted(abs(octaves), 'octave')} {'up' if octaves > 0 else 'down'}"
        said.append(f"judged {way}, in the range of three octaves")
    if folded:
        said.append(f"{counted(folded, 'note')} moved by octaves into the range of three")
    return said


def _labelled(paths: Sequence[Path]) -> list[tuple[Path, str]]:
    """Each path and what its melodies are called: the file's name, or all of the path to it."""
    names = Counter(path.name for path in dict.fromkeys(paths))
    return [(path, path.name if names[path.name] == 1 else str(path)) for path in paths]


def _numbered(melodies: Iterable[_Judged], label: str) -> Iterator[_Judged]:
    """The melodies of one file under its name, with a number where there are several."""
    stream = iter(melodies)
    first, second = next(stream, None), next(stream, None)
    if first is None:
        return
    if second is None:
        yield _named(first, label)
        return
    yield _named(first, f"{label}:1")
    yield _named(second, f"{label}:2")
    for number, one in enumerate(stream, start=3):
        yield _named(one, f"{label}:{number}")


def _named(one: _Judged, name: str) -> _Judged:
    said = f"{name}: {one.said.partition(': ')[2]}" if one.said else ""
    return _Judged(name, one.tokens, one.key, one.key_from, said)
