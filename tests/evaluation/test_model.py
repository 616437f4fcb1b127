from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.model import prior_of
from sequence_tutor.evaluation.own_rules import UserRules
from sequence_tutor.evaluation.yardstick import judged_alike, sharing_rewards
from sequence_tutor.tuner.run_folder import POLICY_FILE
from sequence_tutor.tuner.stage_settings import StageSettings
from sequence_tutor.verbs.sample import sample

RULES = "def rests(melodies):\n    return (melodies.tokens == 0).double()\n"


def test_a_prior_is_judged_by_the_default_reward(melody_prior: Path) -> None:
    model = load_model(melody_prior)
    assert model.name == "small"
    assert model.tune is None
    assert model.length == 32
    assert model.policy is model.stored.prior
    assert model.reward.weights.tolist() == [1.0] * 9


def test_a_run_is_judged_by_what_it_was_tuned_on(melody_run: Path) -> None:
    model = load_model(melody_run)
    assert model.name == "likes-c"
    assert model.tune is not None
    assert model.tune.c == 4.0
    assert dict(zip(model.reward.names, model.reward.weights.tolist(), strict=True))["tonic"] == 3
    start = torch.zeros(1, 1, dtype=torch.int64)
    gained = model.policy.sequence_log_probs(start) - model.stored.prior.sequence_log_probs(start)
    assert gained[0, 0].argmax() == 14


def test_the_prior_of_a_run_is_judged_as_the_run_is(melody_run: Path) -> None:
    model = load_model(melody_run)
    prior = prior_of(model)
    assert prior.name == "prior"
    assert prior.policy is model.stored.prior
    assert prior.reward.names == model.reward.names
    assert prior.reward.weights.tolist() == model.reward.weights.tolist()


def test_rules_must_be_what_they_were(
    melody_prior: Path, make_run: Callable[..., None], tmp_path: Path
) -> None:
    rules = tmp_path / "mine.py"
    rules.write_text(RULES)
    digest = hashlib.sha256(RULES.encode()).hexdigest()
    make_run(tmp_path / "run", melody_prior, rules, digest)
    assert load_model(tmp_path / "run").reward.names[-1] == "rests"
    moved = rules.rename(tmp_path / "moved.py")
    model = load_model(tmp_path / "run")
    with pytest.raises(UserError, match=r"mine\.py: the rules .* say where with --rules"):
        evaluate([model], samples=2)
    assert len(sample(model, 2)) == 2  # nothing is scored, so no rule is missed
    assert load_model(tmp_path / "run", rules=moved).reward.names[-1] == "rests"
    moved.write_text(RULES + "# changed\n")
    with pytest.raises(UserError, match=r"moved\.py: not the rules"):
        load_model(tmp_path / "run", rules=moved)


def test_rules_for_a_run_that_had_none_are_refused(melody_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="without rules"):
        load_model(melody_run, rules=tmp_path / "mine.py")


def test_models_that_are_not_there_or_not_finished(melody_run: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither a folder"):
        load_model(tmp_path / "nothing")
    unfinished = tmp_path / "unfinished"
    shutil.copytree(melody_run, unfinished)
    (unfinished / POLICY_FILE).unlink()
    with pytest.raises(UserError, match="not finished"):
        load_model(unfinished)
    (unfinished / POLICY_FILE).write_bytes(b"not a tensor in it")
    with pytest.raises(UserError, match="damaged"):
        load_model(unfinished)
    (unfinished / "run.json").write_text("{")
    with pytest.raises(UserError, match="not a run of this version"):
        load_model(unfinished)


def test_models_judged_alike_share_one_reward(melody_run: Path) -> None:
    one, other = load_model(melody_run), load_model(melody_run)
    louder = replace(other, stage=StageSettings(weights={"tonic": 9.0}))
    shared = sharing_rewards([one, other, louder])
    assert shared[0].reward is shared[1].reward is prior_of(shared[1]).reward
    assert shared[2].reward is not shared[0].reward
    assert [model.reward.names for model in shared] == [one.reward.names] * 3
    assert not judged_alike(one, louder)


def test_runs_with_the_same_rules_of_ones_own_are_judged_alike(
    melody_prior: Path, make_run: Callable[..., None], tmp_path: Path
) -> None:
    rules = tmp_path / "mine.py"
    rules.write_text(RULES)
    digest = hashlib.sha256(rules.read_bytes()).hexdigest()
    for name in ("one", "other"):
        make_run(tmp_path / name, melody_prior, rules, digest)
    assert judged_alike(load_model(tmp_path / "one"), load_model(tmp_path / "other"))
    changed = load_model(tmp_path / "other")
    assert isinstance(changed.rules, UserRules)
    changed = replace(changed, rules=replace(changed.rules, digest="another"))
    assert not judged_alike(load_model(tmp_path / "one"), changed)
