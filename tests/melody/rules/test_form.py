"""Form and cadences, by hand."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from sequence_tutor.errors import UserError
from sequence_tutor.melody.reward import MelodyRewardSettings
from sequence_tutor.melody.rules.form import Cadence, Form, Section, parse_form
from sequence_tutor.melody.view import Melodies
from sequence_tutor.sequences import SequenceBatch

A = [14, 1, 1, 1, 18, 1, 1, 1]
B = [21, 1, 23, 1, 21, 1, 0, 1]


def melodies(*tokens: int) -> Melodies:
    return Melodies(SequenceBatch.full(torch.tensor([tokens])))


def paid(rule: Form | Cadence, *tokens: int) -> list[float]:
    found: list[float] = rule(melodies(*tokens))[0].tolist()
    return [round(one, 6) for one in found]


def test_forms() -> None:
    expected = [Section("A", False), Section("A", True), Section("B", False), Section("A", False)]
    assert list(parse_form("A A' B A")) == list(parse_form("AA'BA")) == expected
    for text, complaint in (("A B", "nothing comes back"), ("a b", "is no form"), ("A", "no form")):
        with pytest.raises(UserError, match=complaint):
            parse_form(text)
    with pytest.raises(ValidationError, match="is no form"):
        Form(sections="x")


def test_sections_of_one_letter_are_alike() -> None:
    rule = Form(sections="A B A", meter="2/4", length=24)
    assert rule.section_steps == 8
    assert paid(rule, *A, *B, *A) == [0.0] * 16 + [0.1] * 8
    # another second note: four steps sound otherwise
    assert paid(rule, *A, *B, *A[:4], 19, 1, 1, 1)[16:] == [0.1] * 4 + [-0.1] * 4
    # struck again where it was held
    assert paid(rule, *A, *B, *A[:6], 18, 1)[16:] == [0.1] * 6 + [-0.1, 0.1]


def test_another_letter_is_to_sound_otherwise() -> None:
    rule = Form(sections="A B A", meter="2/4", length=24)
    assert paid(rule, *A, *A, *A) == [0.0] * 8 + [-0.1] * 8 + [0.1] * 8
    assert paid(rule, *A, *A[:4], *B[:4], *A)[8:16] == [-0.1] * 4 + [0.0] * 4


def test_a_prime_may_be_transposed_and_end_otherwise() -> None:
    first = [14, 1, 16, 1, 18, 1, 19, 1, *B]  # two bars
    higher = [token + 2 if token > 1 else token for token in first[:8]]
    rule = Form(sections="A A'", meter="2/4", length=32)
    assert rule.section_steps == 16
    ending = [26, 1, 1, 1, 1, 1, 1, 1]
    assert paid(rule, *first, *higher, *ending) == [0.0] * 16 + [0.1] * 8 + [0.0] * 8
    strict = Form(sections="A A", meter="2/4", length=32)
    # starts are where they were, but every pitch is another
    assert paid(strict, *first, *higher, *ending)[16:24] == [-0.1] * 8
    late = Form(sections="A A'", meter="2/4", length=34, upbeat=2)
    assert paid(late, 21, 1, *first, *higher, *ending)[18:26] == [0.1] * 8


def test_only_the_past_counts() -> None:
    tokens = torch.randint(0, 38, (8, 40), generator=torch.Generator().manual_seed(0))
    for rule in (Form(sections="A A' B A", meter="2/4", length=40), Cadence(bars=2, meter="2/4")):
        whole = rule(Melodies(SequenceBatch.full(tokens)))
        for length in (1, 15, 16, 30):
            part = rule(Melodies(SequenceBatch.full(tokens[:, :length])))
            assert torch.equal(part, whole[:, :length])


def test_phrases_close_on_the_tonic_chord() -> None:
    rule = Cadence(bars=1, meter="2/4")
    closing, moving, other = [16, 1, 1, 1, 21, 1, 1, 1], [16, 1, 1, 1, 21, 1, 23, 1], [16] + [1] * 7
    assert paid(rule, *closing, *moving, *other) == [*[0.0] * 7, 1, *[0.0] * 7, -1, *[0.0] * 7, -1]
    held = [*[16, 1, 18, 1], *[1] * 4]  # E, begun before the last beat
    assert paid(rule, *held)[-1] == 1
    assert paid(rule, *held[:4], 0, 1, 1, 1)[-1] == -1  # silence closes nothing


def test_in_settings_they_take_the_meter_of_the_prior() -> None:
    table = {
        "weights": {"form": 8.0},
        "rules": {"form": {"sections": "A A' B A"}, "cadence": {"bars": 2}},
    }
    from sequence_tutor.melody.meter import Meter

    settings = MelodyRewardSettings.model_validate(table).in_meter(Meter(6, 8))
    assert settings.rules.form is not None
    assert settings.rules.cadence is not None
    assert settings.rules.form.meter == settings.rules.cadence.meter == "6/8"
    assert settings.build().names[-2:] == ("form", "cadence")
