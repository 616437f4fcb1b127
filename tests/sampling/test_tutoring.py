"""The ends of the scale are exact, and beyond the policy there is more of the same."""

from __future__ import annotations

import pytest
import torch

from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.sampling.rollout import rollout
from sequence_tutor.sampling.tutoring import TutoredPolicy

V = 5


def random_prior(seed: int) -> NeuralPrior:
    network = RecurrentNetwork(RecurrentSettings(width=8), V, V)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(generator=generator)
    return NeuralPrior(network)


PRIOR, POLICY, OTHER = random_prior(0), random_prior(1), random_prior(2)


@pytest.mark.parametrize(("strength", "expected"), [(0.0, PRIOR), (1.0, POLICY)])
def test_ends_are_exact(strength: float, expected: NeuralPrior) -> None:
    tutored = TutoredPolicy(PRIOR, POLICY, strength)
    drawn = [
        rollout(model, 50, 7, torch.Generator().manual_seed(3)).batch.tokens
        for model in (tutored, expected)
    ]
    assert torch.equal(*drawn)
    tokens = drawn[0]
    assert torch.equal(tutored.sequence_log_probs(tokens), expected.sequence_log_probs(tokens))


@pytest.mark.parametrize("strength", [-0.5, 0.5, 2.0])
def test_strength_scales_the_log_ratio(strength: float) -> None:
    tokens = torch.randint(V, (6, 4), generator=torch.Generator().manual_seed(4))
    log_prior, log_policy = PRIOR.sequence_log_probs(tokens), POLICY.sequence_log_probs(tokens)
    mixed = TutoredPolicy(PRIOR, POLICY, strength).sequence_log_probs(tokens)
    torch.testing.assert_close(mixed.exp().sum(-1), torch.ones(6, 4))
    # differences between tokens do not feel the normalisation
    expected = log_prior + strength * (log_policy - log_prior)
    torch.testing.assert_close(mixed.diff(dim=-1), expected.diff(dim=-1))


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_another_prior_gets_the_advice_that_was_learned(strength: float) -> None:
    tokens = torch.randint(V, (6, 4), generator=torch.Generator().manual_seed(4))
    tutored = TutoredPolicy(OTHER, POLICY, strength, PRIOR)
    log_prior, log_policy, log_other = (
        model.sequence_log_probs(tokens) for model in (PRIOR, POLICY, OTHER)
    )
    expected = (log_other + strength * (log_policy - log_prior)).log_softmax(-1)
    torch.testing.assert_close(tutored.sequence_log_probs(tokens), expected)
    none = TutoredPolicy(OTHER, POLICY, 0.0, PRIOR).sequence_log_probs(tokens)
    assert torch.equal(none, log_other)


@pytest.mark.parametrize("own", [None, OTHER])
def test_steps_agree_with_whole_sequences(own: NeuralPrior | None) -> None:
    tutored = TutoredPolicy(PRIOR, POLICY, 1.5, own)
    sampled = rollout(tutored, 20, 6, torch.Generator().manual_seed(5), keep_log_probs=True)
    assert sampled.log_probs is not None
    whole = tutored.sequence_log_probs(sampled.batch.tokens)
    torch.testing.assert_close(sampled.log_probs, whole, atol=1e-5, rtol=0)
