"""A network that sees its place begins as the one that did not, and can learn from it."""

from __future__ import annotations

import pytest
import torch

from sequence_tutor.models import RecurrentNetwork, RecurrentSettings, seeded_network, seeing_place

SHAPES = [
    RecurrentSettings(width=8),
    RecurrentSettings(width=8, cell="gru", layers=2),
    RecurrentSettings(width=8, lags=(2, 4), periods=(3, 16)),
]


@pytest.mark.parametrize("settings", SHAPES, ids=("plain", "gru", "lookback"))
@pytest.mark.parametrize("period", [2, 8, 16, 24])
def test_it_begins_as_it_was_and_sees_more(settings: RecurrentSettings, period: int) -> None:
    generator = torch.Generator().manual_seed(0)
    network = seeded_network(settings, 5, 6, generator)
    assert isinstance(network, RecurrentNetwork)
    if network.copy_gates is not None:
        torch.nn.init.normal_(network.copy_gates.weight, generator=generator)
    wider = seeing_place(network, period)
    tokens = torch.randint(0, 5, (3, 2 * period), generator=generator)
    assert torch.allclose(wider(tokens), network(tokens), atol=1e-6)
    assert period in wider.settings.periods
    # A weight on the last place of the period changes what follows there, and nothing before.
    with torch.no_grad():
        rows = wider.lookback.place_rows(period)
        wider.recurrence.all_weights[0][0][:, rows[-1]] += 1.0
    before, after = network(tokens), wider(tokens)
    assert torch.allclose(before[:, : period - 1], after[:, : period - 1], atol=1e-6)
    assert not torch.allclose(before[:, period - 1], after[:, period - 1], atol=1e-3)


def test_single_steps_see_the_same_place() -> None:
    generator = torch.Generator().manual_seed(0)
    network = seeing_place(seeded_network(SHAPES[2], 5, 6, generator), 8)  # type: ignore[arg-type]
    torch.nn.init.normal_(network.recurrence.all_weights[0][0], generator=generator)
    tokens = torch.randint(0, 5, (3, 12), generator=generator)
    whole, state = network(tokens), network.initial_state(3)
    previous = torch.full((3,), 5)
    for step in range(12):
        outputs, state = network.step(previous, state)
        assert torch.allclose(outputs, whole[:, step], atol=1e-5)
        previous = tokens[:, step]
