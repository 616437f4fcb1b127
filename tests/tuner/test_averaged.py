"""The policy of averaged weights: the average by hand, and who may not have it."""

import pytest
import torch
from pydantic import ValidationError

from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.toy import make_toy
from sequence_tutor.tuner.learner import Learner
from sequence_tutor.tuner.settings import TuneSettings

TOY = make_toy(0, length=5, width=16)


def learned(
    average: int, updates: int, algorithm: str = "psi"
) -> tuple[Learner, list[dict[str, torch.Tensor]]]:
    """A learner after updates on one batch, and its weights before the first and after each."""
    settings = TuneSettings(
        algorithm=algorithm,
        steps=100,
        replay={"fresh": 1.0 if algorithm == "ppo" else 0.5},
        optimiser={"warm_up": 0, "average": average},
    )
    learner = Learner(TOY.prior, settings, TOY.reward.weights)
    batch = rollout(TOY.prior, 64, 5, torch.Generator().manual_seed(0)).batch
    stored = learner.experiences.store(batch, TOY.reward(batch).float())

    def weights() -> dict[str, torch.Tensor]:
        return {name: one.clone() for name, one in learner.values.state_dict().items()}

    past = [weights()]
    for step in range(updates):
        learner.learn(stored, step)
        past.append(weights())
    return learner, past


def test_the_policy_has_the_moving_average_of_the_weights() -> None:
    learner, past = learned(average=4, updates=6)
    for name, kept in learner.policy.values.state_dict().items():
        by_hand = past[0][name].double()
        for later in past[1:]:
            by_hand = 0.75 * by_hand + 0.25 * later[name].double()
        torch.testing.assert_close(kept.double(), by_hand, rtol=1e-5, atol=1e-7)
    assert not any(one.requires_grad for one in learner.policy.values.parameters())


def test_what_is_learned_does_not_depend_on_the_average() -> None:
    with_average, _ = learned(average=4, updates=3)
    without, _ = learned(average=0, updates=3)
    assert without.policy.values is without.values
    own = with_average.values.state_dict()
    for name, weights in without.values.state_dict().items():
        assert torch.equal(own[name], weights)


def test_a_snapshot_is_of_the_policy_that_samples() -> None:
    learner, past = learned(average=4, updates=3, algorithm="ppo")
    for name, kept in learner.target.state_dict().items():
        assert torch.equal(kept, past[0][name])  # from before the first update
    learner.collected()
    sampling = learner.proposal.values.state_dict()
    assert any(not torch.equal(kept, past[-1][name]) for name, kept in sampling.items())
    for name, kept in learner.target.state_dict().items():
        assert torch.equal(kept, sampling[name])


def test_who_learns_once_from_the_newest_alone_is_refused() -> None:
    refused = r"optimiser.average is 50 but reinforce-kl learns from what"
    with pytest.raises(ValidationError, match=refused):
        TuneSettings(algorithm="reinforce-kl", replay={"fresh": 1.0}, optimiser={"average": 50})
