"""Melodies side by side: sound, piano roll, score, MIDI file, and what every rule paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sequence_tutor.evaluation.model import Model
from sequence_tutor.melody.audio import synthesise, wav_bytes
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER
from sequence_tutor.melody.engraving import can_engrave, engrave
from sequence_tutor.melody.midi import midi_bytes
from sequence_tutor.melody.notation import to_musicxml
from sequence_tutor.melody.output import MelodyOutputSettings
from sequence_tutor.reporting.embedding import data_uri
from sequence_tutor.reporting.rolls import Roll, draw_roll, shown_pitches
from sequence_tutor.step_scores import step_scores

AS_WRITTEN = MelodyOutputSettings()
"""In C major or A minor, 120 quarter notes a minute."""

SAMPLE_RATES = (22050, 11025)
"""The best that the page has room for is taken; half of a CD's is enough for these sounds."""

SOUND_BUDGET = 11_000_000
"""Bytes of a page that sounds may take in all."""

MOST_ROUNDS, WANTED_ROUNDS = 12, 3


@dataclass(frozen=True)
class MelodyCard:
    """One melody of one model.

    Attributes:
        model, style: whose it is, and its place in the list.
        wav, midi: addresses that hold the files.
        file: the name a saved file gets, without its suffix.
        seconds: of the notes; the sound's release comes after.
        duration: of the whole sound.
        total: the weighted reward.
        steps: sixteenths, from the left edge of the roll to the right one.
        roll: the drawing.
        score: address of its picture as a score; None: there is no program to draw one.
    """

    model: str
    style: int
    wav: str
    midi: str
    file: str
    seconds: float
    duration: float
    total: float
    steps: int
    roll: Roll
    score: str | None


Round = Sequence[MelodyCard]
"""The melodies of all models that began with the same random numbers."""


def melody_rounds(
    models: Sequence[Model],
    melodies: Sequence[Sequence[Sequence[int]]],
    rate: int,
    settings: MelodyOutputSettings = AS_WRITTEN,
) -> list[Round]:
    """The cards of every round.

    Args:
        models: the prior first; each is scored by its own reward.
        melodies: for each model as many melodies as there are rounds.
        rate: samples a second.
        settings: the key and the tempo that they are shown in.
    """
    scored = [_paid(model, own) for model, own in zip(models, melodies, strict=True)]
    steps = [step for own in scored for one in own for rule in one.values() for step in rule]
    largest = max(map(abs, steps), default=1.0) or 1.0
    scores = _scores([tokens for own in melodies for tokens in own], settings)
    rounds: list[Round] = []
    for number, row in enumerate(zip(*melodies, strict=True)):
        pitches = shown_pitches(row, settings.transposition)
        shown = _Look(settings, pitches, largest, rate, scores)
        rounds.append(
            [
                _card(f"{model.name}-{number + 1}", model.name, place, tokens, own[number], shown)
                for place, (model, tokens, own) in enumerate(zip(models, row, scored, strict=True))
            ]
        )
    return rounds


def room_for(
    models: int,
    steps: int,
    settings: MelodyOutputSettings = AS_WRITTEN,
    budget: int = SOUND_BUDGET,
) -> tuple[int, int]:
    """How many rounds a page has room for, and the samples a second of their sounds.

    Args:
        models: sounds in a round.
        steps: sixteenths of each.
        settings: the tempo.
        budget: bytes of all sounds.
    """
    seconds = steps * _step_seconds(settings)
    for rate in SAMPLE_RATES:
        size = models * round(seconds * rate) * 2 * 4 / 3  # 16 bits, base64
        rounds = int(budget // size)
        if rounds >= WANTED_ROUNDS:
            break
    return min(max(rounds, 1), MOST_ROUNDS), rate


def _step_seconds(settings: MelodyOutputSettings) -> float:
    return 60 / settings.tempo / STEPS_PER_QUARTER


def _paid(model: Model, melodies: Sequence[Sequence[int]]) -> list[dict[str, list[float]]]:
    """For each melody the weighted reward of every rule at every step."""
    weights = dict(zip(model.reward.names, model.reward.weights.tolist(), strict=True))
    return [
        {
            rule: [weights[rule] * reward for reward in steps]
            for rule, steps in scored["reward"].items()
        }
        for scored in step_scores(model.reward, melodies)
    ]


@dataclass(frozen=True)
class _Look:
    """What the cards of a round have in common.

    Attributes:
        settings: key and tempo.
        pitches: lowest and highest MIDI pitch shown.
        largest: size of the largest payment.
        rate: samples a second.
        scores: melody -> address of its picture as a score, as far as they were drawn.
    """

    settings: MelodyOutputSettings
    pitches: tuple[int, int]
    largest: float
    rate: int
    scores: Mapping[tuple[int, ...], str]


def _scores(
    melodies: Sequence[Sequence[int]], settings: MelodyOutputSettings
) -> dict[tuple[int, ...], str]:
    """Melody -> address of its picture as a score; none where nothing can draw them."""
    if not (settings.score and can_engrave()):
        return {}
    distinct = list(dict.fromkeys(map(tuple, melodies)))
    up = settings.transposition
    pictures = engrave([to_musicxml(one, settings.tempo, settings.key, up) for one in distinct])
    addresses = (data_uri(picture.encode(), "image/svg+xml") for picture in pictures)
    return dict(zip(distinct, addresses, strict=True))


def _card(
    file: str,
    model: str,
    style: int,
    tokens: Sequence[int],
    paid: Mapping[str, Sequence[float]],
    look: _Look,
) -> MelodyCard:
    tempo, up = look.settings.tempo, look.settings.transposition
    sound = synthesise(tokens, tempo, up, look.rate)
    return MelodyCard(
        model,
        style,
        data_uri(wav_bytes(sound, look.rate), "audio/wav"),
        data_uri(midi_bytes(tokens, tempo, up), "audio/midi"),
        file,
        len(tokens) * _step_seconds(look.settings),
        len(sound) / look.rate,
        sum(map(sum, paid.values())),
        len(tokens),
        draw_roll(tokens, paid, look.pitches, look.largest, up),
        look.scores.get(tuple(tokens)),
    )
