import pytest
import torch

from sequence_tutor.models import RecurrentNetwork, RecurrentSettings
from sequence_tutor.models.next_token import CHUNK, by_length
from sequence_tutor.sequences import SequenceBatch

V = 5


def batch_of(lengths: torch.Tensor) -> SequenceBatch:
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(1, V, (len(lengths), int(lengths.max())), generator=generator)
    batch = SequenceBatch(tokens, lengths)
    return SequenceBatch(tokens * batch.mask, lengths)


@pytest.fixture
def network() -> RecurrentNetwork:
    torch.manual_seed(0)
    return RecurrentNetwork(RecurrentSettings(width=8), V, V)


@pytest.mark.parametrize("count", [1, CHUNK, 2 * CHUNK + 3])
def test_values_and_gradients_are_those_of_the_batch_at_once(
    network: RecurrentNetwork, count: int
) -> None:
    generator = torch.Generator().manual_seed(2)
    batch = batch_of(torch.randint(1, 20, (count,), generator=generator))
    gradients = []
    outputs = []
    for found in (network(batch.tokens), by_length(network, batch)):
        outputs.append(found[batch.mask])
        gradients.append(
            torch.autograd.grad(found[batch.mask].square().sum(), list(network.parameters()))
        )
    torch.testing.assert_close(outputs[1], outputs[0])
    for ours, theirs in zip(gradients[1], gradients[0], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_padding_is_not_computed() -> None:
    computed = []

    def network(tokens: torch.Tensor) -> torch.Tensor:
        computed.append(tuple(tokens.shape))
        return tokens[:, :, None].float() + 1

    lengths = torch.tensor([3] * CHUNK + [9] + [1] * CHUNK)
    found = by_length(network, batch_of(lengths))
    assert computed == [(CHUNK, 1), (CHUNK, 3), (1, 9)]
    assert found.shape == (2 * CHUNK + 1, 9, 1)
    assert not found[:CHUNK, 3:].any()
    assert found[CHUNK].all()


def test_sequences_of_one_length_are_computed_at_once() -> None:
    computed = []

    def network(tokens: torch.Tensor) -> torch.Tensor:
        computed.append(tuple(tokens.shape))
        return tokens[:, :, None].float()

    by_length(network, batch_of(torch.full((3 * CHUNK,), 4)))
    assert computed == [(3 * CHUNK, 4)]
