"""Chord symbols, progressions, and the rule on chords, by hand."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from sequence_tutor.errors import UserError
from sequence_tutor.melody.chords import QUALITIES, Chord, parse_chord
from sequence_tutor.melody.meter import COMMON, Meter
from sequence_tutor.melody.progressions import (
    as_text,
    chord_spans,
    parse_progression,
    progression_of,
)
from sequence_tutor.melody.reward import MelodyRewardSettings
from sequence_tutor.melody.rules.chords import Chords
from sequence_tutor.melody.scales import Key
from sequence_tutor.melody.signature import signature_of
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch


@pytest.mark.parametrize(
    ("text", "tones"),
    [
        ("C", {0, 4, 7}),
        ("Dm7", {2, 5, 9, 0}),
        ("F#m7b5", {6, 9, 0, 4}),
        ("Bbmaj7", {10, 2, 5, 9}),
        ("Bb△".replace("△", "Δ"), {10, 2, 5, 9}),
        ("G-7", {7, 10, 2, 5}),
        ("E7sus", {4, 9, 11, 2}),
        ("Am/G", {9, 0, 4, 7}),
        ("B♭dim7", {10, 1, 4, 7}),
    ],
)
def test_tones(text: str, tones: set[int]) -> None:
    chord = parse_chord(text)
    assert chord is not None
    assert chord.tones == tones


def test_avoid_notes_are_a_semitone_above_chord_tones() -> None:
    assert Chord("C", "maj7").avoided == {1, 5, 8}  # F above E; C itself is a chord tone
    assert Chord("D", "m7").avoided == {3, 6, 10, 1}
    assert parse_chord("N.C.") is None
    for quality in QUALITIES:
        assert parse_chord(f"Eb{quality}") == Chord("Eb", quality)
        assert str(parse_chord(f"Eb{quality}/G")) == f"Eb{quality}/G"


@pytest.mark.parametrize("text", ["H7", "Cfoo", "", "c", "C/H"])
def test_what_is_no_chord(text: str) -> None:
    with pytest.raises(UserError, match="is no chord, expected one such as C, Cm, C7"):
        parse_chord(text)


def test_progressions() -> None:
    bars = parse_progression("| Dm7 | G7 / / C | % | N.C. |")
    assert as_text(bars) == "Dm7 | G7 / / C | G7 / / C | N.C."
    spans = chord_spans(bars, COMMON, 4, 36)
    assert [(span.first, span.last, str(span.chord)) for span in spans] == [
        (4, 20, "Dm7"),
        (20, 32, "G7"),
        (32, 36, "C"),
    ]
    jig = chord_spans(parse_progression("G D"), Meter(6, 8), 0, 24)  # it begins anew
    assert [span.first for span in jig] == [0, 6, 12, 18]
    for text, complaint in (("C || D", "bar 2 is empty"), ("% | C", "no bar before the first")):
        with pytest.raises(UserError, match=complaint):
            parse_progression(text)


def test_symbols_of_a_tune_become_a_progression() -> None:
    changes = [(4.0, "Dm7"), (20.0, "G7"), (31.7, "C"), (44.0, "N.C.")]
    text = progression_of(changes, COMMON, 4, 52)
    assert text == "Dm7 | G7 / / C | C / N.C. /"
    assert progression_of([], COMMON, 0, 16) == "N.C."


def test_moved_and_spelled_in_the_key() -> None:
    flat, sharp = signature_of(Key(tonic="Eb")), signature_of(Key(tonic="E"))
    assert str(Chord("C", "7", "G").moved(3, flat)) == "Eb7/Bb"
    assert str(Chord("D", "m").moved(4, sharp)) == "F#m"


def paid(rule: Chords, *tokens: int) -> list[float]:
    melodies = Melodies(SequenceBatch.full(torch.tensor([tokens])))
    found: list[float] = rule(melodies)[0].tolist()
    return found


def test_what_is_paid_by_hand() -> None:
    rule = Chords(progression="C | Dm")
    c, d, e, f, g = 14, 16, 18, 19, 21
    first = [c, 1, d, 1, f, 1, 1, 1, d, 1, g, c, e, 1, 1, 1]
    # C on the beat; D by step; F, a semitone above E, on the beat; D on the beat; G, a chord tone,
    # off it; C likewise by leap; E on the beat
    assert paid(rule, *first) == [0.25, 0, 0, 0, -1.5, 0, 0, 0, -0.75, 0, 0, 0, 0.25, 0, 0, 0]
    # E held into D minor is judged where it begins; F of it, held on, and D by leap cost nothing
    second = [*first, 1, 1, g, 1, f, 1, 1, 1, 1, 1, 1, c]
    assert paid(rule, *second)[16:] == [-0.75, 0, -0.5, 0, 0.25, 0, 0, 0, 0, 0, 0, -0.5]
    # a rest pays nothing, nor what is silent where a chord begins
    assert paid(rule, c, 1, 1, 0, *[1] * 12, 1, 1) == [0.25, *[0.0] * 17]
    up = Chords(progression="D | Em", transpose=2)
    assert paid(up, *second) == paid(rule, *second)
    waltz = Chords(progression="C | Dm", meter="3/4", upbeat=2)
    assert paid(waltz, e, 1, c, 1, 1, 1, *[1] * 8, f)[-1] == 0.25


def test_the_past_decides_what_is_paid() -> None:
    rule = Chords(progression="C | G7")
    tokens = torch.randint(0, 38, (8, 40), generator=torch.Generator().manual_seed(0))
    whole = rule(Melodies(SequenceBatch.full(tokens)))
    for length in (1, 16, 17, 39):
        part = rule(Melodies(SequenceBatch.full(tokens[:, :length])))
        assert torch.equal(part, whole[:, :length])


def test_in_the_settings_of_a_reward() -> None:
    table = {"weights": {"chords": 3.0}, "rules": {"chords": {"progression": "C | F"}}}
    settings = MelodyRewardSettings.model_validate(table)
    assert settings.model_dump(mode="json")["rules"]["chords"]["progression"] == "C | F"
    reward = settings.in_meter(Meter(3, 4)).build()
    assert dict(zip(reward.names, reward.weights.tolist(), strict=True))["chords"] == 3.0
    assert "chords" not in MelodyRewardSettings().model_dump(mode="json")["rules"]
    assert "chords" not in MelodyRewardSettings().build().names
    with pytest.raises(ValidationError, match="is no chord"):
        Chords(progression="C | X")
