"""Parts of a run from outside: objects in memory, and what an installed package offers."""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

import sequence_tutor as st
from sequence_tutor.config.toml_files import read_toml
from sequence_tutor.replay import Drawn, Sampler
from sequence_tutor.storage.checkpoints import load_checkpoint
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.callbacks import Collected, Ended, Evaluated, Learned, Moment, StageBegan

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "lingering"
SHORT: dict[str, Any] = {
    "steps": 6,
    "batch": 8,
    "collect": 8,
    "collect_every": 2,
    "evaluate_every": 2,
    "evaluate_samples": 16,
}


def go(out: Path, tables: dict[str, Any] | None = None, **given: Any) -> st.Model:
    given = {"threads": 1, "quiet": True, **given}
    return st.tune("toy", out, overrides={"tune": SHORT, **(tables or {})}, **given)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The example, as `pip install` leaves it."""
    site = tmp_path / "site"
    info = site / "lingering-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lingering\nVersion: 0.1.0\n")
    groups = read_toml(EXAMPLE / "pyproject.toml")["project"]["entry-points"]
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in own.items())
            for group, own in groups.items()
        )
    )
    shutil.copy(EXAMPLE / "lingering.py", site)
    monkeypatch.syspath_prepend(str(site))
    yield importlib.import_module("lingering")
    sys.modules.pop("lingering", None)


class Noting(st.Callback):
    """Notes every moment."""

    def __init__(self, ends_at: int | None = None) -> None:
        self.moments: list[Moment] = []
        self.ends_at = ends_at

    def collected(self, moment: Collected) -> None:
        self.moments.append(moment)

    def learned(self, moment: Learned) -> None:
        self.moments.append(moment)

    def evaluated(self, moment: Evaluated) -> bool:
        self.moments.append(moment)
        return moment.step == self.ends_at

    def stage(self, moment: StageBegan) -> None:
        self.moments.append(moment)

    def end(self, moment: Ended) -> None:
        self.moments.append(moment)

    def steps(self, kind: type[Moment]) -> list[int]:
        return [moment.step for moment in self.moments if isinstance(moment, kind)]


def test_every_moment_is_told_once_and_nothing_is_changed(tmp_path: Path) -> None:
    noting = Noting()
    stages = {"stages": [{"name": "first", "steps": 2}, {"steps": 4}]}
    go(tmp_path / "watched", stages, callbacks=[noting])
    go(tmp_path / "alone", stages)
    assert noting.steps(Collected) == [0, 2, 4]
    assert noting.steps(Learned) == [1, 2, 3, 4, 5, 6]
    assert noting.steps(Evaluated) == [0, 2, 4, 6]
    began = [one for one in noting.moments if isinstance(one, StageBegan)]
    assert [(one.step, one.number, one.name) for one in began] == [(0, 0, "first"), (2, 1, "2")]
    *_, last = noting.moments
    assert isinstance(last, Ended)
    assert (last.step, len(last.records)) == (6, 4)
    policies = [tmp_path / name / "policy.safetensors" for name in ("watched", "alone")]
    assert policies[0].read_bytes() == policies[1].read_bytes()
    st.check_callback(Noting())


def test_a_callback_ends_the_run(tmp_path: Path) -> None:
    noting = Noting(ends_at=2)
    go(tmp_path / "run", callbacks=[noting])
    assert noting.steps(Learned) == [1, 2]
    assert noting.steps(Ended) == [2]
    assert [one["step"] for one in read_log(tmp_path / "run" / "training.jsonl")] == [0, 2]
    assert len(st.sample(st.load_model(tmp_path / "run"), 3, quiet=True)) == 3


class Broken(st.Callback):
    def learned(self, moment: Learned) -> None:
        raise ValueError("no plot")


class Pushes(st.Callback):
    def evaluated(self, moment: Evaluated) -> None:
        policy: Any = moment.policy
        for parameter in policy.values.parameters():
            parameter.data.mul_(1.01)


@pytest.mark.parametrize(
    ("callback", "sentence"),
    [
        (Broken(), "callback Broken failed in learned at step 1: ValueError: no plot"),
        (Pushes(), "callback Pushes changes what the run learns"),
        (3, "a callback is 3, expected an object of a class that derives from"),
    ],
)
def test_a_callback_that_breaks_a_promise_is_named(callback: Any, sentence: str) -> None:
    with pytest.raises(st.UserError, match=sentence):
        st.check_callback(callback)


class Loaded(Sampler):
    """Draws by how often it was asked, which it saves."""

    def __init__(self, replay: Any) -> None:
        super().__init__(replay)
        self.asked = torch.zeros(1)

    def draw(self, count: int, share: float, generator: torch.Generator) -> Drawn:
        uniform = torch.rand(count, generator=generator)
        places = (uniform.pow(1 + self.asked) * len(self.replay)).long()
        return Drawn(places, torch.ones(count))

    def learned(self, drawn: Drawn, by_sequence: Tensor, by_step: Tensor | None) -> None:
        self.asked += 1

    def state(self) -> dict[str, Tensor]:
        return {"asked": self.asked}

    def restore(self, state: Any) -> None:
        self.asked.copy_(state["asked"])


def flat(log_policy: Tensor, strength: float) -> Tensor:
    return log_policy / (1 + strength)


class KilledOnce(st.Callback):
    def learned(self, moment: Learned) -> None:
        if moment.step == 5:
            raise KeyboardInterrupt


def test_objects_in_memory_go_on_bit_for_bit(tmp_path: Path) -> None:
    given: dict[str, Any] = {"sampler": Loaded, "exploration": flat}
    go(tmp_path / "whole", **given)
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path / "killed", callbacks=[KilledOnce()], **given)
    with pytest.raises(st.UserError, match=r"tune.replay.sampler 'object Loaded', not None"):
        go(tmp_path / "killed", exploration=flat)
    with pytest.raises(st.UserError, match=r"tune.exploration.kind 'object flat', not 'policy'"):
        go(tmp_path / "killed", sampler=Loaded)
    go(tmp_path / "killed", **given)
    policies = [tmp_path / name / "policy.safetensors" for name in ("whole", "killed")]
    assert policies[0].read_bytes() == policies[1].read_bytes()
    go(tmp_path / "ours")
    tensors = [
        load_checkpoint(tmp_path / name / "policy.safetensors")[0] for name in ("whole", "ours")
    ]
    assert any(not torch.equal(one, tensors[1][name]) for name, one in tensors[0].items())
    assert (
        "sampler" not in json.loads((tmp_path / "ours" / "run.json").read_text())["tune"]["replay"]
    )


class Outside(Sampler):
    def draw(self, count: int, share: float, generator: torch.Generator) -> Drawn:
        return Drawn(torch.full((count,), len(self.replay)), torch.ones(count))


class Forgets(Loaded):
    def state(self) -> dict[str, Tensor]:
        return {}

    def restore(self, state: Any) -> None:
        pass


class Global(Sampler):
    def draw(self, count: int, share: float, generator: torch.Generator) -> Drawn:
        return Drawn(torch.randint(len(self.replay), (count,)), torch.ones(count))


class Stateless(Loaded):
    def state(self) -> Any:
        return None


class Unteachable(Loaded):
    def learned(self, *told: Any) -> None:
        raise KeyError(len(told))


@pytest.mark.parametrize(
    ("sampler", "sentence"),
    [
        (Outside, "sampler Outside gave the places .* expected int64 from 0 to 11"),
        (Forgets, "drew two different batches from one saved state"),
        (Global, "drew two different batches from one generator state"),
        (Stateless, "the sampler Stateless failed.*: AttributeError"),
        (Unteachable, r"Unteachable failed at line \d+ of .*test_extensions.py: KeyError: 3"),
        (dict, "the sampler cannot be made of a store|the sampler is a dict"),
    ],
)
def test_a_sampler_that_breaks_a_promise_is_named(sampler: Any, sentence: str) -> None:
    with pytest.raises(st.UserError, match=sentence):
        st.check_sampler(sampler)
    st.check_sampler(Loaded)


def narrow(log_policy: Tensor, _: float) -> Tensor:
    return log_policy[:, :2]


def impossible(log_policy: Tensor, _: float) -> Tensor:
    return torch.full_like(log_policy, -torch.inf)


def by_batch(log_policy: Tensor, _: float) -> Tensor:
    return log_policy - log_policy.clamp(min=-9).mean(0)


@pytest.mark.parametrize(
    ("explore", "sentence"),
    [
        (
            narrow,
            r"exploration narrow gave \(3, 2\), expected a tensor of shape \(B, V\) = \(3, 4\)",
        ),
        (impossible, "a row in which no token is possible"),
        (by_batch, "answers a row by the other rows"),
        (3, "the exploration is a int"),
    ],
)
def test_an_exploration_that_breaks_a_promise_is_named(
    explore: Any, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(st.UserError, match=sentence):
        go(tmp_path / "run", exploration=explore)
    assert not (tmp_path / "run").exists()
    st.check_exploration(flat, 4)


def test_policy_gradients_refuse_another_exploration(tmp_path: Path) -> None:
    tables = {"tune": {**SHORT, "algorithm": "reinforce-kl", "collect_every": 1}}
    with pytest.raises(st.UserError, match="learns from what the policy itself has just sampled"):
        go(tmp_path / "run", tables, exploration=flat)


def test_a_package_offers_all_of_them(example: ModuleType, tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text(
        'callbacks = ["patience"]\n[log]\nto = ["csv"]\n'
        '[tune.replay]\nsampler = "rarely_seen"\n'
        '[tune.exploration]\nkind = "lingering"\nbegin = 0.5\nend = 0.0\n'
    )
    run = tmp_path / "run"
    st.check("toy", config=config)
    go(run, config=config)
    with (run / "table.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    logged = read_log(run / "training.jsonl")
    assert [int(row[0]) for row in rows] == [one["step"] for one in logged]
    assert logged[-1]["exploration"] < 0.5
    recorded = json.loads((run / "run.json").read_text())["tune"]
    assert recorded["replay"]["sampler"] == "rarely_seen"
    st.check_sampler(example.RarelySeen)
    st.check_exploration(example.lingering, 5)
    st.check_callback(example.Patience())
    falling = [{"objective_per_sequence": value} for value in (1.0, 3.0, 2.0, 2.5, 2.9)]
    told = Evaluated(run, 8, falling, st.load_model(run).policy)
    assert example.Patience().evaluated(told) is True
    assert example.Patience().evaluated(Evaluated(run, 6, falling[:4], told.policy)) is False


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"callbacks": ["patience"]}, "callbacks is 'patience': no installed package offers any"),
        ({"log": {"to": ["wandbb"]}}, "log.to has 'wandbb': did you mean 'wandb'"),
        (
            {"tune": {**SHORT, "exploration": {"kind": "boltzman"}}},
            "tune.exploration.kind is 'boltzman': did you mean 'boltzmann'",
        ),
        (
            {"tune": {**SHORT, "replay": {"sampler": "object Loaded"}}},
            "an object in memory that is not given; expected it with sampler=",
        ),
    ],
)
def test_what_nobody_offers_is_one_sentence(
    tables: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(st.UserError, match=sentence):
        go(tmp_path / "run", tables)
    assert not (tmp_path / "run").exists()
