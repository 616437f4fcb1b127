from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sequence_tutor.config.presets import build
from sequence_tutor.domain import find_domain
from sequence_tutor.domain.exhibit import END, paid_lines
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior


def text_model() -> Model:
    """Lines of a, b and spaces, under the reward's own defaults."""
    domain = find_domain("text").with_prior(
        {"text": {"tokens": [" ", "a", "b"], "tokeniser": "characters"}}
    )
    torch.manual_seed(0)
    prior = NeuralPrior(RecurrentNetwork(RecurrentSettings(width=4), 4, 4))
    settings = build(domain.reward_settings, {}, "test")
    return Model("psi", domain, prior, StoredPrior(prior, "text"), settings, 8)


def test_texts_are_read_as_they_were_written() -> None:
    model = text_model()
    ((line,),) = [own.lines for own in paid_lines([model], [[[1, 2, 0, 1, 3]]])]
    assert [piece.text for piece in line.pieces] == ["a", "b", " ", "a", END]
    assert line.total == pytest.approx(sum(piece.paid for piece in line.pieces))


def test_other_tokens_are_numbers_and_say_what_they_were_paid_for(melody_run: Path) -> None:
    model = load_model(melody_run)  # the tonic pays 3 at the first step, and weighs 3
    (own,) = paid_lines([model], [[[14, *[1] * 31]]])
    first = own.lines[0].pieces[0]
    assert first.text == "14 "
    assert "tonic +9" in first.why
    reasons = [why for piece in own.lines[0].pieces for why in piece.why.split(", ")]
    tonic = sum(float(why.removeprefix("tonic ")) for why in reasons if why.startswith("tonic "))
    assert f"tonic {tonic:+.3g}" in own.lines[0].why  # said without a pointer over the tokens too
    unpaid = [piece for piece in own.lines[0].pieces if not piece.why]
    assert all(piece.paid == 0 for piece in unpaid)
