"""The three ways action values start, against the prior they start from."""

import pytest
import torch

from sequence_tutor.models import (
    ActionValueNetwork,
    Network,
    RecurrentSettings,
    Start,
    TransformerSettings,
    build_network,
)

V = 5
TOKENS = torch.randint(V, (6, 9), generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=["lstm", "gru", "transformer"])
def prior(request: pytest.FixtureRequest) -> Network:
    if request.param == "transformer":
        shape = TransformerSettings(cell="transformer", width=8, heads=2, layers=2)
        return build_network(shape, V, outputs=V)
    return build_network(RecurrentSettings(cell=request.param, width=8, layers=2), V, outputs=V)


def test_log_prior_start_is_exactly_log_p_with_a_value_of_zero(prior: Network) -> None:
    values = ActionValueNetwork.from_prior(prior, "log_prior")(TOKENS)
    torch.testing.assert_close(values, prior(TOKENS).log_softmax(-1))
    torch.testing.assert_close(values.logsumexp(-1), torch.zeros(6, 9))


def test_zero_start_is_exactly_zero(prior: Network) -> None:
    values = ActionValueNetwork.from_prior(prior, "zero")(TOKENS)
    assert torch.equal(values, torch.zeros(6, 9, V))


def test_weights_start_is_the_raw_logits(prior: Network) -> None:
    values = ActionValueNetwork.from_prior(prior, "weights")(TOKENS)
    torch.testing.assert_close(values, prior(TOKENS))


@pytest.mark.parametrize("start", ["log_prior", "zero", "weights"])
def test_steps_agree_with_the_whole_sequence_after_the_start_too(
    prior: Network, start: Start
) -> None:
    network = ActionValueNetwork.from_prior(prior, start)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    assert network.vocab_size == V
    whole = network(TOKENS)
    previous, state = torch.full((6,), V), network.initial_state(6)
    for t in range(9):
        values, state = network.step(previous, state)
        torch.testing.assert_close(values, whole[:, t], rtol=1e-5, atol=1e-5)
        previous = TOKENS[:, t]


def test_the_value_output_moves_all_tokens_alike(prior: Network) -> None:
    network = ActionValueNetwork.from_prior(prior, "log_prior")
    before = network(TOKENS)
    assert isinstance(network.network, Network)
    with torch.no_grad():
        network.network.head.bias[V] += 1.5
    torch.testing.assert_close(network(TOKENS), before + 1.5)


def test_learning_leaves_the_prior_as_it_was(prior: Network) -> None:
    before = prior(TOKENS)
    network = ActionValueNetwork.from_prior(prior, "weights")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert torch.equal(prior(TOKENS), before)
