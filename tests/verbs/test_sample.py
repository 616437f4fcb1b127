from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.melody.writing.output import MelodyOutputSettings
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import ToyDomain
from sequence_tutor.verbs.sample import sample
from sequence_tutor.workbench.tutored import Tutoring


@pytest.fixture(scope="module")
def model(melody_run: Path) -> Model:
    return load_model(melody_run)


def toy(favourite: int, bias: float) -> Model:
    """A model of the toy domain that writes one token nearly always."""
    network = RecurrentNetwork(RecurrentSettings(width=4), 4, 4)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.head.bias[favourite] = bias
    prior, domain = NeuralPrior(network), ToyDomain()
    return Model("toy", domain, prior, StoredPrior(prior, "toy"), domain.reward_settings(), 6)


def test_the_first_sequences_are_distinct_and_the_seed_decides(model: Model) -> None:
    batch = sample(model, 2500, seed=4)
    rows = batch.to_lists()
    assert len({tuple(row) for row in rows}) == 2500
    assert sample(model, 2500, seed=4).to_lists() == rows
    assert sample(model, 10, seed=4).to_lists() == rows[:10]
    assert sample(model, 10, seed=5).to_lists() != rows[:10]


def test_few_distinct_sequences_are_collected_from_many() -> None:
    rows = sample(toy(favourite=2, bias=4.0), 60).to_lists()
    assert len({tuple(row) for row in rows}) == 60
    assert rows[0] == [2] * 6


def test_a_model_without_so_many_sequences_says_so() -> None:
    with pytest.raises(UserError, match="2 distinct sequences were asked for, but only 1 came"):
        sample(toy(favourite=2, bias=60.0), 2)


def test_temperature_widens_and_narrows() -> None:
    cold, hot = toy(0, 1.0), toy(0, 1.0)
    shares = [
        (sample(one, 64, temperature=temperature).batch.tokens == 0).double().mean().item()
        for one, temperature in ((cold, 0.6), (hot, 20.0))
    ]
    assert shares[0] > shares[1] + 0.1


def test_length_is_a_choice(model: Model) -> None:
    assert sample(model, 3, length=5).batch.tokens.shape == (3, 5)


def test_a_run_is_not_sampled_beyond_what_it_was_tuned_at(model: Model, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tuned at a length of 32 tokens, and 33 were asked for"):
        sample(model, 3, length=33)
    with pytest.raises(UserError, match="tuned at a length of 32 tokens"):
        sample(model, 3, length=64, tutoring=Tutoring(strength=0.5))
    prime = tmp_path / "prime.jsonl"
    prime.write_text(f'{{"tokens": {[14] * 32}}}\n')
    with pytest.raises(UserError, match="tune with this --prime and a larger --length"):
        sample(model, 1, prime=prime)
    assert sample(prior_of(model), 3, length=40).batch.tokens.shape == (3, 40)


def test_another_beginning_than_the_one_tuned_for_is_said(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prime = tmp_path / "prime.jsonl"
    prime.write_text('{"tokens": [16, 1]}\n')
    sample(replace(model, prefix=(14, 1)), 1, prime=prime)
    assert "tuned to go on from another beginning" in capsys.readouterr().err


def test_what_a_run_begins_with_leaves_something_to_write(model: Model) -> None:
    primed = replace(model, prefix=(14, 1, 18))
    assert sample(primed, 2, length=4).batch.tokens[:, :3].tolist() == [[14, 1, 18]] * 2
    with pytest.raises(UserError, match="likes-c: 3 tokens to begin with, expected fewer than"):
        sample(primed, 1, length=3)


def test_all_go_on_from_the_prime_and_it_is_heard_as_it_stands(
    model: Model, tmp_path: Path
) -> None:
    prime = tmp_path / "prime.jsonl"
    prime.write_text('{"tokens": [16, 1, 20, 1]}\n')  # D and F sharp
    settings = MelodyOutputSettings(key="D", wav=False)
    batch = sample(model, 4, tmp_path / "out", prime=prime, settings=settings).batch
    assert batch.tokens[:, :4].tolist() == [[14, 1, 18, 1]] * 4
    written = model.domain.read_sequences(tmp_path / "out" / "melody-0001.mid")[0]
    assert written[:4] == [16, 1, 20, 1]


def test_files_are_written_where_asked_for(model: Model, tmp_path: Path) -> None:
    batch = sample(model, 2, tmp_path / "out")
    assert model.domain.read_sequences(tmp_path / "out" / "melodies.jsonl") == batch.to_lists()
    assert (tmp_path / "out" / "melody-0002.wav").stat().st_size > 44


def test_what_cannot_be_sampled_is_refused(model: Model, tmp_path: Path) -> None:
    prime = tmp_path / "prime.jsonl"
    prime.write_text(f'{{"tokens": {[14] * 32}}}\n')
    with pytest.raises(UserError, match="32 tokens to begin with, expected fewer than the length"):
        sample(model, 1, prime=prime)
    with pytest.raises(UserError, match="count is 0"):
        sample(model, 0)
    for temperature in (0.0, -1.0, float("nan"), float("inf"), 1e-320):
        with pytest.raises(UserError, match="temperature is"):
            sample(model, 1, temperature=temperature)
    with pytest.raises(UserError, match="length is 0"):
        sample(model, 1, length=0)


def test_a_plain_draw_repeats_and_says_what_is_thought_of_each(tmp_path: Path) -> None:
    certain = toy(favourite=2, bias=4.0)
    found = sample(certain, 60, tmp_path / "out", repeats=True, quiet=True)
    rows = found.to_lists()
    assert len(rows) == 60
    assert rows.count([2] * 6) > 20
    assert found.draws is not None
    lines = (tmp_path / "out" / "draws.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == found.draws
    assert [draw["tokens"] for draw in found.draws] == rows
    favourite = next(draw for draw in found.draws if draw["tokens"] == [2] * 6)
    # each token with probability e^4 / (e^4 + 3)
    expected = 6 * (4 - math.log(math.exp(4) + 3))
    assert favourite["log_prior"] == favourite["log_policy"] == pytest.approx(expected, rel=1e-5)
    terms = certain.reward(SequenceBatch.from_lists([[2] * 6])).sum(1)[0]
    assert list(favourite["terms"].values()) == pytest.approx(terms.tolist())
    assert favourite["reward"] == pytest.approx(float(terms.sum()))
    assert sample(certain, 60, quiet=True).draws is None
