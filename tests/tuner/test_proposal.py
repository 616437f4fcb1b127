"""GDC samples from a former policy, which is renewed where the policy has come nearer."""

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from kit import silent, toy_task
from sequence_tutor.tuner.learner import Learner
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

FORM: dict[str, Any] = {
    "algorithm": "gdc",
    "c": 0.5,
    "steps": 12,
    "batch": 64,
    "collect": 64,
    "collect_every": 1,
    "replay": {"fresh": 1.0},
    "optimiser": {"learning_rate": 0.05, "warm_up": 1, "fall_from": 1.0},
    "evaluate_every": 12,
    "evaluate_samples": 16,
}
TOKENS = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]])


def said(learner: Learner) -> tuple[Tensor, Tensor]:
    policy, proposal = learner.policy, learner.proposal
    return policy.sequence_log_probs(TOKENS), proposal.sequence_log_probs(TOKENS)


def test_the_proposal_waits_until_the_policy_is_nearer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuner = Tuner(toy_task(), TuneSettings.model_validate(FORM), tmp_path)
    learner, decided = tuner.learner, list[bool]()
    grade = learner.grade

    def followed(seen: Any) -> Any:
        before, former = said(learner)
        graded = grade(seen)
        decided.append(graded.renews)
        pairs.append((before, former))
        return graded

    pairs = list[tuple[Tensor, Tensor]]()
    monkeypatch.setattr(learner, "grade", followed)
    tuner.run(silent)
    assert {True, False} == set(decided)
    following = [former for _, former in pairs[1:]] + [said(learner)[1]]
    for renewed, (policy, proposal), after in zip(decided, pairs, following, strict=True):
        wanted = policy if renewed else proposal
        torch.testing.assert_close(after, wanted, atol=1e-5, rtol=0)
    for policy, proposal in pairs[1:]:  # an update moves it, renewed or not
        assert float((policy - proposal).abs().max()) > 1e-4


def test_what_follows_the_policys_own_samples_is_refused() -> None:
    with pytest.raises(ValidationError, match="target_kl follow what the policy itself has just"):
        TuneSettings.model_validate({**FORM, "target_kl": 0.1})
    with pytest.raises(ValidationError, match="aims follow what the policy itself has just"):
        TuneSettings.model_validate({**FORM, "aims": {"token_2": ">= 40 %"}})
