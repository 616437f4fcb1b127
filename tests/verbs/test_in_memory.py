"""Priors, rewards and seeds that are objects in memory: tuned, gone on with, loaded again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import sequence_tutor as st
from sequence_tutor.prior.finding import shipped_prior
from sequence_tutor.prior.ngram import NGramPrior
from sequence_tutor.prior.store import load_prior
from sequence_tutor.storage.run_log import read_log
from sequence_tutor.tuner.learner import Update
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.verbs.check import check

QUICK = {
    "algorithm": "g",
    "steps": 6,
    "batch": 8,
    "collect": 8,
    "evaluate_every": 2,
    "evaluate_samples": 16,
    "network": {"cell": "gru", "width": 8},
}
SEEDS = [[0, 1, 2, 3, 0, 1], [0] * 6]
PAGE = Path(__file__).parents[2] / "docs" / "start" / "researcher.md"


class Bigrams(nn.Module):
    """Logits of four tokens by the last one, trained by nobody."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.table = nn.Embedding(5, 4)
        self.dropout = nn.Dropout(0.5)  # which a prior must not be asked with
        generator = torch.Generator().manual_seed(seed)
        nn.init.normal_(self.table.weight, generator=generator)

    def forward(self, tokens: Tensor) -> Tensor:
        last = tokens[:, -1] if tokens.shape[1] else tokens.new_full((len(tokens),), 4)
        logits: Tensor = self.dropout(self.table(last))
        return logits


def zeros(batch: st.SequenceBatch) -> Tensor:
    return (batch.tokens == 0).double()


def ones(batch: st.SequenceBatch) -> list[float]:
    return [float(row.count(1)) for row in batch.to_lists()]


def go(out: Path, prior: object = None, reward: Any = zeros, **more: Any) -> st.Model:
    given: Any = Bigrams() if prior is None else prior
    asked = {"tune": {**QUICK, **more}}
    return st.tune(
        "toy", out, prior=given, reward=reward, seeds=SEEDS, overrides=asked, threads=1, quiet=True
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("in memory") / "run"
    go(out)
    return out


@pytest.mark.usefixtures("few_particles")
@pytest.mark.parametrize("reward", [zeros, pytest.param(ones, marks=pytest.mark.long)])
def test_a_module_and_a_function_are_tuned(reward: Callable[[Any], Any], tmp_path: Path) -> None:
    model = go(tmp_path / "run", reward=reward, steps=40, c=0.5)
    evaluation = st.evaluate([st.prior_of(model), model], samples=512)
    prior, tuned = (column.statistics["reward_per_sequence"].value for column in evaluation.columns)
    assert tuned > prior
    assert model.reward.names == (reward.__name__,)
    assert len(st.sample(model, 5, quiet=True)) == 5
    first = read_log(tmp_path / "run" / "training.jsonl")[0]
    assert first["kl_to_prior_per_token"] == pytest.approx(0.0, abs=1e-6)


def test_a_number_a_sequence_is_paid_at_its_last_token(tmp_path: Path) -> None:
    model = go(tmp_path / "run", reward=ones)
    batch = st.SequenceBatch.from_lists([[1, 1, 0], [0, 1, 2, 3]])
    assert model.reward(batch)[:, :, 0].tolist() == [[0, 0, 2, 0], [0, 0, 0, 1]]


def test_killed_it_goes_on_bit_for_bit(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn, updates = Tuner._learn, 0

    def die(self: Tuner) -> Update:
        nonlocal updates
        updates += 1
        if updates == 4:
            raise KeyboardInterrupt
        return learn(self)

    killed = tmp_path / "killed"
    with monkeypatch.context() as patch:
        patch.setattr(Tuner, "_learn", die)
        with pytest.raises(KeyboardInterrupt):
            go(killed)
    with pytest.raises(st.UserError, match="another reward or prior in memory"):
        go(killed, reward=ones)
    with pytest.raises(st.UserError, match="another"):
        go(killed, prior=Bigrams(1))
    go(killed)
    for name in ("policy.safetensors", "prior.json"):
        assert (killed / name).read_bytes() == (run / name).read_bytes()
    logs = [read_log(folder / "training.jsonl") for folder in (killed, run)]
    assert [{**record, "seconds": 0} for record in logs[0]] == [
        {**record, "seconds": 0} for record in logs[1]
    ]


def test_a_run_says_what_it_was_given_and_asks_for_it_again(run: Path) -> None:
    assert json.loads((run / "run.json").read_text())["own_reward"]["terms"] == {"zeros": 1.0}
    assert json.loads((run / "prior.json").read_text())["place"] == "object Bigrams"
    with pytest.raises(st.UserError, match=r"object in memory of the kind Bigrams.*with prior="):
        st.load_model(run)
    with pytest.raises(st.UserError, match="from another prior than the one given"):
        st.load_model(run, prior=Bigrams(1))
    with pytest.raises(st.UserError, match="toward another reward than the one given"):
        st.load_model(run, prior=Bigrams(), reward=ones)
    model = st.load_model(run, prior=Bigrams())
    assert len(st.sample(model, 3, quiet=True)) == 3  # nothing is scored, so no reward is missed
    with pytest.raises(st.UserError, match=r"with the terms zeros, .* with reward="):
        st.evaluate([model], samples=4)
    whole = st.load_model(run, prior=Bigrams(), reward=zeros)
    assert st.evaluate([whole], samples=4).columns[0].model.reward.names == ("zeros",)


def test_a_reward_of_settings_takes_no_object(melody_run: Path) -> None:
    with pytest.raises(st.UserError, match="toward a reward of settings; leave out reward="):
        st.load_model(melody_run, reward=zeros)


def test_a_network_of_ours_keeps_its_weights(tmp_path: Path) -> None:
    prior = st.find_domain("toy").default_prior("cpu").prior
    given = {"algorithm": "psi", "network": {"cell": "lstm"}}
    model = go(tmp_path / "run", prior=prior, **given)
    again = st.load_model(tmp_path / "run", reward=zeros)  # the prior is in the folder
    assert again.stored.is_same(model.stored)


def test_a_function_sees_what_a_rule_of_a_file_sees(molecule_prior: Path, tmp_path: Path) -> None:
    asked = {"tune": {**QUICK, "algorithm": "psi", "network": {"cell": "lstm"}}}
    given: Any = {"threads": 1, "quiet": True}

    def tonics(melodies: Any) -> Tensor:
        assert melodies.key.tonic == "C"
        tonic: Tensor = melodies.tokens % 12 == 2
        return tonic.double()

    prior, out = shipped_prior("melody"), tmp_path / "melody"
    settings = {"length": 8, **asked}
    tuned = st.tune("melody", out, prior=prior, reward=tonics, overrides=settings, **given)
    assert st.evaluate([tuned], samples=8).columns[0].model.reward.names == ("tonics",)

    def size(smiles: list[str]) -> list[int]:
        return [one.count("C") for one in smiles]

    stored, out = load_prior(molecule_prior), tmp_path / "molecule"
    tuned = st.tune("molecule", out, prior=stored, reward=size, overrides=asked, **given)
    assert tuned.reward.names == ("size",)
    with pytest.raises(st.UserError, match=r"rule 'broken' of .*test_in_memory\.py failed at line"):
        st.tune("melody", tmp_path / "none", reward=broken, overrides=settings, **given)
    assert not (tmp_path / "none").exists()


def broken(melodies: Any) -> Tensor:
    rings: Tensor = melodies.rings
    return rings


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"prior": 3}, "the prior is a int, expected a path, a name, a StoredPrior, or an object"),
        ({"prior": lambda _: 3}, r"answers tokens of shape \(1, 0\) with"),
        ({"prior": NGramPrior(1, 5, [[0]])}, "the prior has 5 tokens, expected 4 for toy"),
        ({"reward": 3}, "the reward is a int, expected an object that satisfies Reward"),
        ({"reward": lambda batch: batch.tokens[:, :2]}, r"gave shape \(2, 2\), expected \(B, T\)"),
        ({"algorithm": "psi"}, "this prior is a black box"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    given: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(st.UserError, match=sentence):
        go(tmp_path / "run", **given)
    assert not (tmp_path / "run").exists()


def test_a_reward_is_said_once(tmp_path: Path) -> None:
    both = {"reward": {"weights": {"tonic": 1.0}}}
    with pytest.raises(st.UserError, match="the reward is an object, and rules, weights or terms"):
        st.tune("melody", tmp_path / "run", reward=zeros, overrides=both, quiet=True)


@pytest.mark.usefixtures("few_particles")
def test_objects_are_compared_checked_and_swept(tmp_path: Path) -> None:
    given: dict[str, Any] = {"prior": Bigrams(), "reward": zeros, "threads": 1, "quiet": True}
    small = {"budget": 100, "seeds": 1, "samples": 40, **given}
    found = st.compare("toy", tmp_path / "c", ["g", "sir"], **small)
    assert [row.name for row in found.runs] == ["g", "sir"]
    assert st.compare("toy", tmp_path / "c", ["g", "sir"], **small).to_json() == found.to_json()
    small["reward"] = ones
    with pytest.raises(st.UserError, match="other settings"):
        st.compare("toy", tmp_path / "c", ["g", "sir"], **small)
    assert check("toy", prior=Bigrams(), reward=zeros).terms.keys() == {"zeros"}


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (source,) = (
        block
        for block in re.findall(
            r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE
        )
        if "prior=" in block
    )
    exec(compile(source.replace('steps": 500', 'steps": 4'), str(PAGE), "exec"), {})
    assert (tmp_path / "runs" / "mine" / "policy.safetensors").is_file()
