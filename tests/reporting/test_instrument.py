"""The instrument in a real browser: its networks compute, write and sound as ours do."""

from __future__ import annotations

import base64
import json
import math
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import torch
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from symusic.core import ScoreTick
from torch import Tensor

from browsing import IS_HERE, Report
from kit import generator
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.exporting.json_file import network_as_json, short_network_as_json
from sequence_tutor.melody.encoding import Note, decode
from sequence_tutor.models import ActionValueNetwork, RecurrentNetwork, RecurrentSettings
from sequence_tutor.models.lookback import RUNS
from sequence_tutor.models.network import seeded_network
from sequence_tutor.models.recurrent import seeing_place
from sequence_tutor.prior.finding import shipped_prior
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.reporting.instrument import SCRIPTS

pytestmark = pytest.mark.skipif(not IS_HERE, reason="chromium and chromedriver are not here")

STEPS = 1000


def script(name: str) -> str:
    return (files("sequence_tutor.reporting") / "templates" / name).read_text()


@pytest.fixture
def room(browser: webdriver.Chrome, tmp_path: Path) -> Report:
    """A page with the scripts alone."""
    scripts = "".join(f"<script>{script(name)}</script>" for name in SCRIPTS[:-1])
    file = tmp_path / "room.html"
    file.write_text(f"<!doctype html><meta charset=utf-8><link rel=icon href=data:,>{scripts}")
    return Report(browser, file)


def shipped(name: str) -> RecurrentNetwork:
    """The network of a shipped prior."""
    prior = shipped_prior(name).prior
    assert isinstance(prior, NeuralPrior)
    assert isinstance(prior.network, RecurrentNetwork)
    return prior.network


def perturbed(network: RecurrentNetwork) -> RecurrentNetwork:
    """As tuning might leave it: sees its place in a phrase, and all its weights are other ones."""
    found = ActionValueNetwork.from_prior(network, "log_prior").network
    assert isinstance(found, RecurrentNetwork)
    found = seeing_place(found, 32)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator()), alpha=0.02)
    return found


def of_kind(**settings: Any) -> RecurrentNetwork:
    """A network with random weights, also of its copy gates."""
    network = seeded_network(RecurrentSettings(**settings), 38, 38, generator())
    assert isinstance(network, RecurrentNetwork)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3)
            parameter.add_(torch.randn(parameter.shape, generator=generator()), alpha=0.1)
    return network


def some_tokens() -> Tensor:
    """(1, STEPS): half of them repeat those of a bar before, so that repetitions are counted."""
    tokens = torch.randint(38, (1, STEPS), generator=generator())
    for start in range(32, STEPS - 16, 32):
        tokens[:, start : start + 16] = tokens[:, start - 16 : start]
    return tokens


@pytest.mark.parametrize(
    ("network", "is_short"),
    [
        pytest.param(lambda: shipped("tunes"), True, id="tunes"),
        pytest.param(lambda: perturbed(shipped("tunes")), True, id="tunes-tuned"),
        pytest.param(lambda: shipped("melody"), True, id="melody"),
        pytest.param(
            lambda: of_kind(cell="gru", width=20, layers=2, lags=(4, 16), periods=(3, 16)),
            False,
            id="gru",
        ),
        pytest.param(lambda: of_kind(width=20, layers=3), False, id="three-layers"),
    ],
)
@pytest.mark.slow
def test_a_browser_computes_the_same_log_probabilities(
    room: Report, network: Any, is_short: bool
) -> None:
    one = network()
    tokens = some_tokens()
    with torch.no_grad():
        wanted = one(tokens)[0, :, :38].log_softmax(-1)  # (STEPS, V)
    written = (short_network_as_json if is_short else network_as_json)(one)
    found = room.ask(
        "const network = new RecurrentNetwork(arguments[0], 38);"
        "return [38, ...arguments[1].slice(0, -1)].map("
        "token => [...logSoftmax([...network.step(token)].slice(0, 38))])",
        json.loads(json.dumps(written)),
        tokens[0].tolist(),
    )
    assert len(found) == STEPS
    assert (torch.tensor(found) - wanted).abs().max() < 1e-4
    assert room.complaints() == []


def test_lengths_of_repetitions_are_those_of_the_models() -> None:
    assert f"const REPETITIONS = {list(RUNS)};" in script("network.js")


@pytest.mark.slow
def test_a_string_of_the_right_pitch_that_dies_away(room: Report) -> None:
    loudest, last, crossings = room.driver.execute_async_script(
        "const done = arguments[0], rate = 44100;"
        "const context = new OfflineAudioContext(1, 2 * rate, rate);"
        "strike(context, context.destination, 69, 0.1, 1);"
        "context.startRendering().then(found => {"
        "  const s = found.getChannelData(0);"
        "  const loudest = s.reduce((most, one) => Math.max(most, Math.abs(one)), 0);"
        "  const part = s.slice(0.5 * rate, 1.0 * rate);"
        "  let crossings = 0;"
        "  for (let i = 1; i < part.length; i++) if (part[i - 1] < 0 && part[i] >= 0) crossings++;"
        "  done([loudest, Math.abs(s[Math.floor(1.5 * rate)]), crossings]);"
        "})"
    )
    assert 0.1 < loudest < 1
    assert last < 1e-3 * loudest
    assert crossings == pytest.approx(220, abs=1)  # 440 Hz for half a second


@pytest.fixture
def page(browser: webdriver.Chrome, page_file: Path) -> Report:
    return Report(browser, page_file)


def set_knob(page: Report, name: str, value: object) -> None:
    page.ask(
        "const knob = document.querySelector(`.knobs [name=${arguments[0]}]`);"
        "knob.value = arguments[1]; knob.dispatchEvent(new Event('input', {bubbles: true}))",
        name,
        value,
    )


def written(page: Report) -> list[int]:
    found: list[int] = page.ask("return Instrument.all[0].written.tokens")
    return found


@pytest.mark.slow
def test_what_it_writes_is_distributed_as_the_policies_say(page: Report, melody_run: Path) -> None:
    model = load_model(melody_run)
    for strength, policy in ((0, model.stored.prior), (1, model.policy)):
        rows = page.ask(
            "const found = [];"
            "for (let seed = 1; seed <= 400; seed++) found.push(Instrument.all[0].policies[0]"
            ".write({seed, strength: arguments[0], temperature: 1}).tokens);"
            "return found",
            strength,
        )
        tokens = torch.tensor(rows)  # (400, T)
        log_probs = policy.sequence_log_probs(tokens)  # (400, T, V)
        chosen = log_probs.gather(-1, tokens[..., None]).squeeze(-1)
        surprise = chosen + (-log_probs.exp() * log_probs).sum(-1)  # 0 in the mean, if sampled so
        sums = surprise.sum(-1)  # (400,)
        assert abs(float(sums.mean())) < 4 * float(sums.std()) / math.sqrt(len(sums))
        assert len({tuple(row) for row in rows}) > 390
    # likes middle C: the more so the stronger
    counts = [
        page.ask(
            "let count = 0;"
            "for (let seed = 1; seed <= 100; seed++) count += Instrument.all[0].policies[0]"
            ".write({seed, strength: arguments[0], temperature: 1})"
            ".tokens.filter(token => token === 14).length;"
            "return count",
            strength,
        )
        for strength in (0, 1, 2)
    ]
    assert counts[0] < counts[1] < counts[2]


@pytest.mark.slow
def test_knobs_write_and_one_button_plays(page: Report) -> None:
    first = written(page)
    assert len(first) == 32
    set_knob(page, "strength", 0)
    assert page.driver.find_element(By.NAME, "strength_said").text == "0.00, the prior"
    assert written(page) != first
    set_knob(page, "strength", 1)
    assert written(page) == first
    another = page.driver.find_element(By.CSS_SELECTOR, ".another")
    another.send_keys(Keys.ENTER)
    assert written(page) != first
    said = page.driver.find_element(By.ID, "said").get_attribute("textContent") or ""
    assert said.startswith("Melody 2: ")
    set_knob(page, "tempo", 240)
    play = page.driver.find_element(By.CSS_SELECTOR, ".play")
    play.send_keys(Keys.ENTER)
    assert play.text == "Stop"
    step = "return Number(document.querySelector('.instrument').dataset.step)"
    page.until(lambda: page.ask(step) > 2)
    assert page.ask("return Instrument.all[0].player.context.state") == "running"
    assert "translate" in page.ask(
        "return document.querySelector('.written .cursor').getAttribute('transform')"
    )
    page.driver.find_element(By.CSS_SELECTOR, ".sound").send_keys(Keys.ENTER)  # one at a time
    page.until(lambda: play.text == "Play")
    page.until(lambda: page.ask("return document.querySelector('audio').currentTime") > 0)
    play.send_keys(Keys.ENTER)
    page.until(lambda: page.ask("return document.querySelector('audio').paused"))
    page.until(lambda: play.text == "Play")  # two bars at that tempo are two seconds
    set_knob(page, "end", "another")
    play.send_keys(Keys.ENTER)
    page.until(lambda: page.ask("return document.querySelector('[name=seed]').value") == "4")
    play.send_keys(Keys.ENTER)
    assert page.complaints() == []
    assert page.requests() == [page.report.as_uri()]


@pytest.mark.slow
def test_what_is_heard_can_be_saved_as_midi(page: Report) -> None:
    set_knob(page, "tempo", 100)
    set_knob(page, "key", 2)  # a whole tone up
    link = page.driver.find_element(By.CSS_SELECTOR, ".midi")
    head, _, content = (link.get_attribute("href") or "").partition(",")
    assert head == "data:audio/midi;base64"
    assert link.get_attribute("download") == "likes-c-1.mid"
    score = ScoreTick.from_midi(base64.b64decode(content))
    step = score.ticks_per_quarter // 4
    found = [
        Note(note.start // step, note.end // step, note.pitch - 2) for note in score.tracks[0].notes
    ]
    assert found == decode(written(page))
    assert score.tempos[0].qpm == pytest.approx(100)
    meter = score.time_signatures[0]
    assert (meter.numerator, meter.denominator) == (4, 4)
