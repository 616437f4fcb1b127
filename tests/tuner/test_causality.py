"""Every form ends at p(x) exp(r(x)/c) / Z, also where a reward pays before it is earned."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from kit import silent
from sequence_tutor.algorithms import find_algorithm
from sequence_tutor.evaluation.exact_optimum import exact_log_prior, exact_rewards
from sequence_tutor.exact import SequenceSpace, along_sequences, enumerate_sequences, sequence_kl
from sequence_tutor.sampling.measure import Task
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.causality import late_terms
from sequence_tutor.tuner.loop import Tuner
from sequence_tutor.tuner.settings import TuneSettings

TOY = make_toy(0, vocab_size=3, length=4, width=32)
SPACE = SequenceSpace(3, 4)


class PaidAtOnce:
    """All of `pair` at the first step; `prefix` where it is earned."""

    names, weights = TOY.reward.names, TOY.reward.weights

    def __call__(self, batch: SequenceBatch) -> Tensor:
        terms = TOY.reward(batch)
        terms[:, 0, 1] = terms[:, :, 1].sum(1)
        terms[:, 1:, 1] = 0.0
        return terms


FORMS: dict[str, dict[str, object]] = {
    "psi one step": {"algorithm": "psi", "n_steps": 1, "paths": "every", "eta": 0.1},
    "g one step": {"algorithm": "g", "n_steps": 1, "paths": "every", "eta": 0.1},
    "psi whole": {"algorithm": "psi", "value_weight": 0.1},
    "g whole": {"algorithm": "g", "value_weight": 0.1},
    "trajectory balance": {"algorithm": "psi", "paths": "first"},
    "path consistency": {"algorithm": "psi", "paths": "every"},
    "two steps": {"algorithm": "psi", "n_steps": 2, "paths": "every"},
    "reinforce-kl": {"algorithm": "reinforce-kl"},
    "actor-critic": {"algorithm": "actor-critic"},
    "ppo": {"algorithm": "ppo"},
    "dap": {"algorithm": "dap"},
    "raml": {"algorithm": "raml"},
}


def distance(folder: Path, form: dict[str, object], prefix: tuple[int, ...], steps: int) -> float:
    """KL in nats a sequence to the truth, of all sequences with that beginning."""
    fresh = (
        {"fresh": 1.0}
        if find_algorithm(str(form["algorithm"])).on_policy
        else {"fresh": 0.25, "by_return": 0.0}
    )
    settings = TuneSettings.model_validate(
        {
            "c": 1.0,
            "steps": steps,
            "batch": 128,
            "collect": 128,
            "collect_every": 1,
            "evaluate_every": steps,
            "evaluate_samples": 64,
            "replay": {"capacity": 2048, **fresh},
            "optimiser": {"learning_rate": 0.02, "fall_from": 0.2},
            **form,
        }
    )
    task = Task(TOY.prior, PaidAtOnce(), 4, prefix=prefix)
    said: list[str] = []
    policy = Tuner(task, settings, folder, said.append).run(silent)
    assert [sentence for sentence in said if "paid for tokens that come later: 'pair'" in sentence]
    log_policy = along_sequences(SPACE.log_policy(policy.sequence_log_probs))
    energy = exact_log_prior(task, SPACE) + exact_rewards(task, SPACE)
    tokens = enumerate_sequences(3, 4).tokens
    begun = (tokens[:, : len(prefix)] == torch.tensor(prefix, dtype=torch.int64)).all(1)
    log_policy, energy = log_policy[begun], energy[begun]
    return sequence_kl(log_policy.log_softmax(0), energy.log_softmax(0))


def test_what_is_learned_is_paid_where_it_is_decided(tmp_path: Path) -> None:
    said: list[str] = []
    task = Task(TOY.prior, PaidAtOnce(), 4, prefix=(1,))
    tuner = Tuner(task, TuneSettings(c=2.0), tmp_path, said.append)
    assert said == [
        "paid for tokens that come later: 'pair' (step 1); what such a term pays a sequence is "
        "paid at its last step instead, see LOOKS_AHEAD in docs/extend/rule.md"
    ]
    batch = SequenceBatch.from_lists([[1, 0, 2, 1], [1, 2, 2, 0]])
    terms = PaidAtOnce()(batch)
    experiences = tuner.learner.experiences
    reward = experiences.see(experiences.store(batch, terms.float()), 2.0).reward
    own, pair = terms[:, :, 0] / 2, terms[:, 0, 1] / 2
    expected = torch.stack([0 * pair, own[:, 0] + own[:, 1], own[:, 2], own[:, 3] + pair], 1)
    torch.testing.assert_close(reward, expected.float())


@pytest.mark.slow
@pytest.mark.parametrize("prefix", [(), (1,)], ids=["free", "given"])
@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_ends_at_the_truth(form: str, prefix: tuple[int, ...], tmp_path: Path) -> None:
    assert distance(tmp_path, FORMS[form], prefix, 1200) < 0.02


def test_a_reward_of_the_past_is_left_as_it_is() -> None:
    assert late_terms(Task(TOY.prior, TOY.reward, 4)) == {}
    assert late_terms(Task(TOY.prior, PaidAtOnce(), 4)) == {"pair": 1}
