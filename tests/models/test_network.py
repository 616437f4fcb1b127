"""Networks of every kind, by one table of settings."""

from __future__ import annotations

import pytest
import torch
from pydantic import BaseModel

from kit import generator
from sequence_tutor.config.presets import build
from sequence_tutor.errors import UserError
from sequence_tutor.models import (
    NetworkSettings,
    RecurrentNetwork,
    RecurrentSettings,
    TransformerNetwork,
    TransformerSettings,
    build_network,
    seeded_network,
)
from sequence_tutor.pretraining.settings import PretrainSettings

SHAPES: list[RecurrentSettings | TransformerSettings] = [
    RecurrentSettings(width=8),
    RecurrentSettings(cell="gru", width=8, layers=2),
    TransformerSettings(cell="transformer", width=8, heads=2),
]
V = 5


class Table(BaseModel):
    network: NetworkSettings


def test_the_cell_says_of_which_kind_and_is_an_lstm_if_nothing_does() -> None:
    assert Table.model_validate({"network": {"width": 8}}).network == SHAPES[0]
    for shape in SHAPES:
        assert Table.model_validate({"network": shape.model_dump()}).network == shape
    assert isinstance(build_network(SHAPES[1], V, V), RecurrentNetwork)
    assert isinstance(build_network(SHAPES[2], V, V), TransformerNetwork)


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        ({"cell": "rnn"}, "network.cell is 'rnn', expected 'lstm', 'gru' or 'transformer'"),
        ({"width": -1}, "network.width is -1, expected a number greater than or equal to 1"),
        ({"heads": 2}, "network: unknown name 'heads': "),
        ({"cell": "transformer", "hads": 2}, "network: unknown name 'hads': did you mean 'heads'?"),
        ({"cell": "transformer", "width": 6}, "network: heads is 4, expected a divisor of width 6"),
    ],
)
def test_a_wrong_value_is_named(network: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        build(PretrainSettings, {"network": network}, "mine.toml")
    assert str(error.value).startswith(f"mine.toml: {sentence}")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.cell)
def test_weights_depend_on_the_generator_alone(
    shape: RecurrentSettings | TransformerSettings,
) -> None:
    weights: list[torch.Tensor] = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(weights))
        network = seeded_network(shape, V, V, generator(seed))
        weights.append(torch.cat([parameter.flatten() for parameter in network.parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_fresh_transformer_lets_its_inputs_through() -> None:
    shape = TransformerSettings(cell="transformer", width=64, layers=4)
    network = seeded_network(shape, V, V, generator())
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any(), name
        elif parameter.dim() == 1:
            assert torch.equal(parameter, torch.ones_like(parameter)), name
        else:
            added = name.endswith(("merge.weight", "wide.2.weight"))
            expected = 0.02 / 8**0.5 if added else 0.02
            assert 0.85 * expected < float(parameter.detach().std()) < 1.15 * expected, name
