"""What sequences show of themselves in a notebook."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
import torch

from sequence_tutor.config.presets import build
from sequence_tutor.domain import Domain, find_domain
from sequence_tutor.domain.exhibit import END
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.melody.exhibit import DISPLAYED
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.molecule import MoleculeDomain
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.reporting.samples import LEAST_HEIGHT, MOST_HEIGHT, ROW_HEIGHT, Samples
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.text import TextDomain
from sequence_tutor.verbs.sample import sample

MELODY = [14, 1, 18, 1, 21, 1, 1, 0]
HOSTILE = "<img src=x onerror=alert(1)>\"'&"
FRAME = re.compile(
    r'<div style="height: (\d+)rem; resize: vertical; overflow: hidden">'
    r'<iframe srcdoc="([^"]*)" title="[^"]*" sandbox="allow-scripts allow-downloads" '
    r'style="width: 100%; height: 100%; border: 0"></iframe></div>'
)
"""All that a notebook is given: nothing else may be in it, and no value may end an attribute."""


def page(samples: Samples) -> str:
    """The page in the frame, whose box is as high as its rows of three need, up to a limit."""
    found = FRAME.fullmatch(samples._repr_html_())
    assert found is not None
    height, source = found.groups()
    rows = math.ceil(len(samples) / 3)
    assert int(height) == min(LEAST_HEIGHT + ROW_HEIGHT * rows, MOST_HEIGHT)
    return unescape(source)


def untrained(domain: Domain, reward: dict[str, object], name: str = "psi") -> Model:
    """A model of a domain, of which nothing is asked but to score."""
    torch.manual_seed(0)
    size = domain.vocab_size
    prior = NeuralPrior(RecurrentNetwork(RecurrentSettings(width=4), size, size))
    settings = build(domain.reward_settings, reward, "test")
    return Model(name, domain, prior, StoredPrior(prior, domain.name), settings, 30)


def written(model: Model, sequences: list[list[int]]) -> Samples:
    return Samples(SequenceBatch.from_lists(sequences), model, model.domain.output_settings())


@pytest.mark.parametrize(("count", "players"), [(3, 3), (20, DISPLAYED)])
def test_melodies_have_a_player_and_a_roll_each(melody_run: Path, count: int, players: int) -> None:
    text = page(sample(load_model(melody_run), count, quiet=True))
    assert text.startswith("<!doctype html>")
    assert text.count("<audio ") == text.count('<svg class="roll') == players
    assert text.count('src="data:audio/wav;base64,') == players
    assert f"<p>{count} melodies of likes-c</p>" in text


def test_they_sound_in_the_key_and_tempo_of_their_files(melody_run: Path, tmp_path: Path) -> None:
    settings = MelodyOutputSettings(key="D", tempo=60)
    samples = Samples(
        SequenceBatch.from_lists([MELODY]), load_model(melody_run), settings, tmp_path / "out"
    )
    text = page(samples)
    assert 'data-seconds="2.0"' in text  # eight sixteenths of a quarter of a second
    assert "likes-c: D4 F♯4 A4." in text  # C, E and G as written
    assert f"their files are in {tmp_path / 'out'}" in text


def test_long_melodies_are_fewer(melody_run: Path) -> None:
    text = page(written(load_model(melody_run), [[14] * 512] * 6))
    assert text.count("<audio ") == 1
    assert len(text) < 4_000_000


def test_molecules_are_a_grid_of_structures() -> None:
    model = untrained(find_domain("molecule"), {"weights": {"qed": 1.0}, "workers": 0})
    rows = [
        MoleculeDomain().vocabulary.encode(smiles) for smiles in ("CCO", "OCC", "c1ccccc1", "C(")
    ]
    text = page(written(model, rows))
    assert "4 sequences 2 are different molecules" in text
    assert text.count('<img src="data:image/svg+xml;base64,') == 2 * 2  # best, and by chance
    assert text.count('class="copy"') == 4
    assert 'href="data:text/csv;base64,' in text


def test_lines_are_text_whatever_is_in_them() -> None:
    domain = TextDomain({"text": {"tokens": sorted(set(HOSTILE)), "tokeniser": "characters"}})
    model = untrained(domain, {}, HOSTILE)
    text = page(written(model, [domain.vocabulary.encode(HOSTILE)] * 2))
    assert text.count("<li>") == 2
    assert "<img" not in text
    assert [unescape(line) for line in re.findall(r"<code>(.*?)</code>", text)] == [
        f"{HOSTILE}{END}"
    ] * 2


def test_the_frame_needs_nothing_and_lets_nothing_out(melody_run: Path) -> None:
    model = replace(load_model(melody_run), name=HOSTILE)
    samples = written(model, [MELODY])
    shown = samples._repr_html_()
    assert re.findall(r"<[a-z/]+", shown) == ["<div", "<iframe", "</iframe", "</div"]
    assert "allow-same-origin" not in shown
    text = page(samples)
    assert "default-src 'none'" in unescape(text)
    assert not re.search(r"https?://", text)
    assert HOSTILE not in text
    for address in re.findall(r'\s(?:src|href)="([^"]*)"', text):
        assert address.startswith("data:")


@pytest.mark.long
def test_everything_a_notebook_holds_shows_itself(melody_run: Path) -> None:
    model = load_model(melody_run)
    shown = model._repr_html_()
    assert "likes-c: a tuned model of melody" in shown
    assert ">c</th><td>4</td>" in shown
    assert ">reward.weights.tonic</th><td>3</td>" in shown
    assert "prior: a prior of melody" in prior_of(model)._repr_html_()
    assert "a prior of melody" in model.stored._repr_html_()
    table = evaluate([prior_of(model), model], 50)._repr_html_()
    assert '<th scope="col">likes-c</th><th scope="col">Note RNN *</th>' in table
    assert ">starts with tonic %</th>" in table
    assert "50 sequences of each model, seed 0" in table
