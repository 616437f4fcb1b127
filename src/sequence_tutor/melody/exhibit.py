"""Melodies in reports and notebooks: sound, piano roll, score, MIDI, and what every rule paid."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sequence_tutor.config.settings import of_kind
from sequence_tutor.domain import Exhibit, Material, ShownModel
from sequence_tutor.domain.step_scores import step_scores
from sequence_tutor.drawing.fragments import data_uri, fragment
from sequence_tutor.melody.domain import MelodyDomain
from sequence_tutor.melody.encoding import STEPS_PER_QUARTER
from sequence_tutor.melody.frame import Heard
from sequence_tutor.melody.instrument import instrument_facts
from sequence_tutor.melody.midi import midi_bytes
from sequence_tutor.melody.next_tokens import colour_scale, token_maps
from sequence_tutor.melody.writing.abc import to_abc
from sequence_tutor.melody.writing.accompaniment import accompaniment
from sequence_tutor.melody.writing.audio import synthesise, wav_bytes
from sequence_tutor.melody.writing.engraving import can_engrave, engrave
from sequence_tutor.melody.writing.notation import to_musicxml
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.melody.writing.rolls import Roll, draw_roll, shown_pitches
from sequence_tutor.sequences import SequenceBatch

SAMPLE_RATES = (22050, 16000, 11025)
"""The highest within the budget is used; half the rate of a CD is enough for these sounds."""

SOUND_BUDGET = 11_000_000
"""Bytes of all sounds of a page."""

MOST_ROUNDS, WANTED_ROUNDS = 12, 8

DISPLAYED, DISPLAY_BUDGET = 6, 2_000_000
"""Most melodies that a notebook's cell shows, and the bytes of their sounds."""

SMALL_WIDTH = 300
"""Of the notes in a gallery."""

PACKAGE = "sequence_tutor.melody"


@dataclass(frozen=True)
class MelodyCard:
    """One melody of one model.

    Attributes:
        model, style: the model's name, and its place in the list.
        wav, score: data URIs; the score is None where no program can draw one.
        files: kind of file -> suffix and data URI.
        file: the name of a saved file, without its suffix.
        seconds, duration: of the notes, and of the sound, whose release comes after.
        total: the weighted reward.
        steps: sixteenths across the roll.
        roll, small: with what every rule paid, and the notes alone.
    """

    model: str
    style: int
    wav: str
    files: Mapping[str, tuple[str, str]]
    file: str
    seconds: float
    duration: float
    total: float
    steps: int
    roll: Roll
    small: Roll
    score: str | None


Round = Sequence[MelodyCard]
"""One melody of each model, all sampled with the same random numbers."""


def exhibit(shown: Material) -> Exhibit:
    """Melodies of every model side by side, and next-token probabilities along one of them."""
    models, heard = shown.models, [heard_of(model) for model in shown.models]
    slowest = min(one.tempo for one in heard)
    count, rate = room_for(len(models), max(model.length for model in models), slowest)
    melodies = [batch.to_lists() for batch in shown.exactly(count)]
    html = fragment(
        PACKAGE,
        "melodies.html",
        rounds=melody_rounds(models, melodies, rate),
        all_files=_packed(models, melodies, heard),
        maps=token_maps(models, melodies[-1][0], heard[-1].meter),
        mapped=models[-1].name,
        scale=colour_scale(),
    )
    frames = [_domain_of(model).frame for model in models]
    return Exhibit("Listen", html, "melodies", instrument_facts(heard, frames))


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
        melodies: of each model, one a round.
        rate: samples a second.
        settings: key and tempo; None: each model's own.
    """
    scored = [
        [one["reward"] for one in step_scores(model.reward, own)]
        for model, own in zip(models, melodies, strict=True)
    ]
    paying = {rule for own in scored for one in own for rule, steps in one.items() if any(steps)}
    scored = [
        [{rule: steps for rule, steps in one.items() if rule in paying} for one in own]
        for own in scored
    ]
    steps = [step for own in scored for one in own for rule in one.values() for step in rule]
    largest = max(map(abs, steps), default=1.0) or 1.0
    heard = [heard_of(model, settings) for model in models]
    is_engraved = can_engrave() and (settings is None or settings.score)
    scores = _scores(melodies, heard) if is_engraved else [{} for _ in melodies]

    def card(place: int, number: int, pitches: tuple[int, int]) -> MelodyCard:
        name, how, tokens = models[place].name, heard[place], melodies[place][number]
        paid: Mapping[str, Sequence[float]] = scored[place][number]
        backing = accompaniment(how, len(tokens))
        sound = synthesise(tokens, how.tempo, how.transpose, rate, backing=backing)
        return MelodyCard(
            model=name,
            style=place,
            wav=data_uri(wav_bytes(sound, rate), "audio/wav"),
            files={
                kind: (suffix, data_uri(content, media))
                for kind, (suffix, media, content) in _files(tokens, f"{name} {number + 1}", how)
            },
            file=f"{name}-{number + 1}",
            seconds=len(tokens) * _step_seconds(how.tempo),
            duration=len(sound) / rate,
            total=sum(map(sum, paid.values())),
            steps=len(tokens),
            roll=draw_roll(tokens, paid, pitches, largest, how),
            small=draw_roll(tokens, {}, pitches, largest, how, SMALL_WIDTH / len(tokens)),
            score=scores[place].get(tuple(tokens)),
        )

    rounds: list[Round] = []
    for number, row in enumerate(zip(*melodies, strict=True)):
        pitches = shown_pitches(row, [one.transpose for one in heard])
        rounds.append([card(place, number, pitches) for place in range(len(models))])
    return rounds


def heard_of(model: ShownModel, settings: MelodyOutputSettings | None = None) -> Heard:
    """How a model's melodies sound and are written, by its own output settings or others."""
    chosen = of_kind(MelodyOutputSettings, model.files()) if settings is None else settings
    return chosen.heard(_domain_of(model).frame)


def _domain_of(model: ShownModel) -> MelodyDomain:
    domain = model.framed_domain
    assert isinstance(domain, MelodyDomain)
    return domain


def room_for(
    models: int, steps: int, tempo: float = 120.0, budget: int = SOUND_BUDGET
) -> tuple[int, int]:
    """How many rounds fit into a page, and the samples a second of their sounds.

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


def _files(
    tokens: Sequence[int], title: str, heard: Heard
) -> Iterator[tuple[str, tuple[str, str, bytes]]]:
    """Kind of file -> suffix, media type and content."""
    yield "MIDI", ("mid", "audio/midi", midi_bytes(tokens, heard))
    yield "ABC", ("abc", "text/vnd.abc", to_abc(tokens, title, heard).encode())
    score = to_musicxml(tokens, heard).encode()
    yield "MusicXML", ("musicxml", "application/vnd.recordare.musicxml+xml", score)


def _packed(
    models: Sequence[ShownModel],
    melodies: Sequence[Sequence[Sequence[int]]],
    heard: Sequence[Heard],
) -> str:
    """Data URI of a ZIP file with the files of all melodies, the same for the same ones."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for model, own, how in zip(models, melodies, heard, strict=True):
            for number, tokens in enumerate(own, start=1):
                name = f"{model.name.replace('/', '-')}-{number}"
                for _, (suffix, _, content) in _files(tokens, f"{model.name} {number}", how):
                    archive.writestr(
                        zipfile.ZipInfo(f"{name}.{suffix}"), content, zipfile.ZIP_DEFLATED
                    )
    return data_uri(packed.getvalue(), "application/zip")


def _scores(
    melodies: Sequence[Sequence[Sequence[int]]], heard: Sequence[Heard]
) -> list[dict[tuple[int, ...], str]]:
    """For each model, melody -> data URI of its picture as a score, all as wide as the widest."""
    distinct = [list(dict.fromkeys(map(tuple, own))) for own in melodies]
    scores = [
        to_musicxml(one, how) for own, how in zip(distinct, heard, strict=True) for one in own
    ]
    pictures = iter(_as_wide(list(engrave(scores))))
    return [
        {one: data_uri(next(pictures).encode(), "image/svg+xml") for one in own} for own in distinct
    ]


_SIZE = re.compile(r'(<svg viewBox="0 0 )(\d+)( \d+")')


def _as_wide(pictures: Sequence[str]) -> list[str]:
    """Pictures with room at the right, so that notes have one size in cards of one width."""
    widths = [int(found[2]) for picture in pictures if (found := _SIZE.search(picture))]
    widest = max(widths, default=0)
    return [_SIZE.sub(rf"\g<1>{widest}\g<3>", picture, count=1) for picture in pictures]
