"""Melodies side by side: sound, piano roll, score, MIDI file, and what every rule paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sequence_tutor.config.settings import of_kind
from sequence_tutor.domain import Exhibit, Material, ShownModel
from sequence_tutor.domain.step_scores import step_scores
from sequence_tutor.drawing.fragments import data_uri, fragment
from sequence_tutor.melody.domain import MelodyDomain
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.midi import midi_bytes
from sequence_tutor.melody.next_tokens import token_maps
from sequence_tutor.melody.writing.audio import synthesise, wav_bytes
from sequence_tutor.melody.writing.engraving import can_engrave, engrave
from sequence_tutor.melody.writing.notation import to_musicxml
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.melody.writing.rolls import Roll, draw_roll, shown_pitches
from sequence_tutor.sequences import SequenceBatch

SAMPLE_RATES = (22050, 11025)
"""The best that the page has room for is taken; half of a CD's is enough for these sounds."""

SOUND_BUDGET = 11_000_000
"""Bytes of a page that sounds may take in all."""

MOST_ROUNDS, WANTED_ROUNDS = 12, 3

DISPLAYED, DISPLAY_BUDGET = 6, 2_000_000
"""Melodies that a notebook's cell shows at most, and the bytes that their sounds may take."""

PACKAGE = "sequence_tutor.melody"


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


def exhibit(shown: Material) -> Exhibit:
    """Melodies of every model side by side, and what each expects along one of them."""
    models, heard = shown.models, [heard_of(model) for model in shown.models]
    slowest = min(one.tempo for one in heard)
    count, rate = room_for(len(models), max(model.length for model in models), slowest)
    melodies = [batch.to_lists() for batch in shown.exactly(count)]
    html = fragment(
        PACKAGE,
        "melodies.html",
        rounds=melody_rounds(models, melodies, rate),
        maps=token_maps(models, melodies[-1][0], heard[-1].meter),
        mapped=models[-1].name,
    )
    return Exhibit("Listen", html, "melodies")


def display(model: ShownModel, batch: SequenceBatch, settings: MelodyOutputSettings) -> str:
    """The first melodies of one model."""
    steps = batch.tokens.shape[1]
    most, rate = room_for(1, steps, settings.tempo, DISPLAY_BUDGET)
    rows = batch[: min(most, DISPLAYED)].to_lists()
    rounds = melody_rounds([model], [rows], rate, settings)
    return fragment(PACKAGE, "display.html", rounds=rounds)


def melody_rounds(
    models: Sequence[ShownModel],
    melodies: Sequence[Sequence[Sequence[int]]],
    rate: int,
    settings: MelodyOutputSettings | None = None,
) -> list[Round]:
    """The cards of every round.

    Args:
        models: the prior first; each is scored by its own reward.
        melodies: for each model as many melodies as there are rounds.
        rate: samples a second.
        settings: the key and the tempo that they are shown in; None: each model's own.
    """
    scored = [
        [one["reward"] for one in step_scores(model.reward, own)]
        for model, own in zip(models, melodies, strict=True)
    ]
    steps = [step for own in scored for one in own for rule in one.values() for step in rule]
    largest = max(map(abs, steps), default=1.0) or 1.0
    heard = [heard_of(model, settings) for model in models]
    is_engraved = can_engrave() and (settings is None or settings.score)
    scores = [_scores(*one) if is_engraved else {} for one in zip(melodies, heard, strict=True)]

    def card(place: int, number: int, pitches: tuple[int, int]) -> MelodyCard:
        name, how, tokens = models[place].name, heard[place], melodies[place][number]
        paid: Mapping[str, Sequence[float]] = scored[place][number]
        sound = synthesise(tokens, how.tempo, how.transpose, rate)
        return MelodyCard(
            name,
            place,
            data_uri(wav_bytes(sound, rate), "audio/wav"),
            data_uri(midi_bytes(tokens, how), "audio/midi"),
            f"{name}-{number + 1}",
            len(tokens) * _step_seconds(how.tempo),
            len(sound) / rate,
            sum(map(sum, paid.values())),
            len(tokens),
            draw_roll(tokens, paid, pitches, largest, how),
            scores[place].get(tuple(tokens)),
        )

    rounds: list[Round] = []
    for number, row in enumerate(zip(*melodies, strict=True)):
        pitches = shown_pitches(row, [one.transpose for one in heard])
        rounds.append([card(place, number, pitches) for place in range(len(models))])
    return rounds


def heard_of(model: ShownModel, settings: MelodyOutputSettings | None = None) -> Heard:
    """How a model's melodies are heard, under its own settings of files or others."""
    room = model.framed_domain
    assert isinstance(room, MelodyDomain)  # of melodies
    chosen = of_kind(MelodyOutputSettings, model.files()) if settings is None else settings
    return chosen.heard(room.frame)


def room_for(
    models: int,
    steps: int,
    tempo: float = 120.0,
    budget: int = SOUND_BUDGET,
) -> tuple[int, int]:
    """How many rounds a page has room for, and the samples a second of their sounds.

    Args:
        models: sounds in a round.
        steps: sixteenths of each.
        tempo: quarter notes a minute.
        budget: bytes of all sounds.
    """
    seconds = steps * _step_seconds(tempo)
    for rate in SAMPLE_RATES:
        size = models * round(seconds * rate) * 2 * 4 / 3  # 16 bits, base64
        rounds = int(budget // size)
        if rounds >= WANTED_ROUNDS:
            break
    return min(max(rounds, 1), MOST_ROUNDS), rate


def _step_seconds(tempo: float) -> float:
    return 60 / tempo / STEPS_PER_QUARTER


def _scores(melodies: Sequence[Sequence[int]], heard: Heard) -> dict[tuple[int, ...], str]:
    """Melody -> address of its picture as a score."""
    distinct = list(dict.fromkeys(map(tuple, melodies)))
    pictures = engrave([to_musicxml(one, heard) for one in distinct])
    addresses = (data_uri(picture.encode(), "image/svg+xml") for picture in pictures)
    return dict(zip(distinct, addresses, strict=True))
