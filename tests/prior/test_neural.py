"""A network as a prior."""

import torch

from kit import generator
from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.objectives.divergences import tempered
from sequence_tutor.prior.neural import NeuralPrior

V = 6
TOKENS = torch.randint(V, (5, 8), generator=generator())


def test_it_is_normalised_and_its_steps_are_its_sequences() -> None:
    prior = NeuralPrior(RecurrentNetwork(RecurrentSettings(width=10), V, outputs=V))
    whole = prior.sequence_log_probs(TOKENS)
    torch.testing.assert_close(whole.exp().sum(-1), torch.ones(5, 8))
    previous, state = torch.full((5,), prior.vocab_size), prior.initial_state(5)
    for t in range(8):
        log_probs, state = prior.step(previous, state)
        torch.testing.assert_close(log_probs, whole[:, t], rtol=1e-5, atol=1e-5)
        previous = TOKENS[:, t]


def test_it_is_frozen() -> None:
    network = RecurrentNetwork(RecurrentSettings(width=10), V, outputs=V)
    prior = NeuralPrior(network)
    assert not prior.network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not prior.sequence_log_probs(TOKENS).requires_grad


def test_a_tempered_prior_is_the_tempered_distribution() -> None:
    prior = NeuralPrior(RecurrentNetwork(RecurrentSettings(width=8), 5, 5))
    tokens = torch.tensor([[0, 4, 2]])
    flatter = prior.tempered(1.5).sequence_log_probs(tokens)
    torch.testing.assert_close(flatter, tempered(prior.sequence_log_probs(tokens), 1.5))
    assert prior.tempered(1.0) is prior
