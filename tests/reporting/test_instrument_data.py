"""What a page contains so that it can play: which runs, whose networks, and how many bytes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
import torch

from sequence_tutor.algorithms.policy import TunedPolicy
from sequence_tutor.domain import Exhibit
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import Model, prior_of
from sequence_tutor.melody.frame import Frame
from sequence_tutor.melody.instrument import instrument_facts
from sequence_tutor.prior.neural import TemperedPrior
from sequence_tutor.reporting.instrument import SCRIPTS, make_instrument

LIMIT = 2_000_000


def exhibit(models: int) -> Exhibit:
    frames = [Frame()] * models
    return Exhibit("", "", tuning=instrument_facts([one.heard() for one in frames], frames))


def data(models: list[Model], **most: int) -> dict[str, Any]:
    found = make_instrument(models, exhibit(len(models)), **most)
    assert found is not None
    said: dict[str, Any] = json.loads(found.data)
    return said


@pytest.fixture
def models(melody_run: Path) -> list[Model]:
    """A prior and a run of it."""
    model = load_model(melody_run)
    return [prior_of(model), model]


def test_a_run_of_the_largest_shipped_prior_needs_less_than_two_megabytes(
    make_run: Callable[..., None], tmp_path: Path
) -> None:
    with as_file(files("sequence_tutor.prior") / "shipped" / "tunes") as prior:
        make_run(tmp_path / "run", prior)
        model = load_model(tmp_path / "run")
    found = make_instrument([prior_of(model), model], exhibit(2))
    assert found is not None
    folder = files("sequence_tutor.reporting") / "templates"
    scripts = sum(len((folder / name).read_text()) for name in SCRIPTS)
    assert 1_000_000 < len(found.data) + scripts < LIMIT


def test_runs_share_the_network_of_their_prior(models: list[Model]) -> None:
    prior, run = models
    said = data([prior, run, replace(run, name="again")])
    assert [one["name"] for one in said["runs"]] == ["likes-c", "again"]
    assert [one["style"] for one in said["runs"]] == [1, 2]
    assert len(said["networks"]) == 2
    assert said["runs"][0]["prior"] == said["runs"][1]["prior"] == [[0, 1.0]]
    assert said["runs"][0]["tuned"] == [[1, 1.0]]


def test_what_a_page_has_no_room_for_is_left_out(models: list[Model]) -> None:
    assert make_instrument(models, exhibit(2), most=1000) is None
    run = models[1]
    assert isinstance(run.policy, TunedPolicy)
    values = copy.deepcopy(run.policy.values)
    with torch.no_grad():
        values.get_parameter("network.head.bias").add_(torch.arange(39) / 39)  # another network
    other = replace(
        run, name="other", policy=TunedPolicy(values, run.policy.algorithm, run.policy.prior)
    )
    enough = len(json.dumps(data(models)["networks"])) + 200
    assert [one["name"] for one in data([*models, other])["runs"]] == ["likes-c", "other"]
    assert [one["name"] for one in data([*models, other], most=enough)["runs"]] == ["likes-c"]


def test_other_priors_and_silent_sequences_have_no_instrument(models: list[Model]) -> None:
    prior, run = models
    assert make_instrument([prior], exhibit(1)) is None  # nothing is tuned
    assert make_instrument(models, Exhibit("Look", "")) is None  # nothing sounds
    flat = replace(run.stored, prior=TemperedPrior(run.stored.prior, 1.2))
    assert make_instrument([prior, replace(run, stored=flat)], exhibit(2)) is None


def test_a_name_ends_no_script(models: list[Model]) -> None:
    prior, run = models
    found = make_instrument([prior, replace(run, name="</script>")], exhibit(2))
    assert found is not None
    assert "<" not in found.data
    assert json.loads(found.data)["runs"][0]["name"] == "</script>"


def test_every_key_is_reached_the_nearer_way() -> None:
    (keys,) = (one["keys"] for one in instrument_facts([Frame().heard()], [Frame()])["models"])
    assert {one["up"] for one in keys} == set(range(-5, 7))
    assert [one["name"] for one in keys if one["own"]] == ["C major"]
    assert {one["up"]: one["name"] for one in keys}[2] == "D major"
    free = Frame(key=None)
    (keys,) = (one["keys"] for one in instrument_facts([free.heard()], [free])["models"])
    assert {one["up"]: one["name"] for one in keys}[-1] == "\N{MINUS SIGN}1 semitones"
