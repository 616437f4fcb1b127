"""Which of the candidates that were written are drawn."""

from __future__ import annotations

import math

import torch

from kit import generator
from sequence_tutor.workbench.filled import _drawn


def test_without_replacement_each_comes_once_and_the_impossible_never() -> None:
    log_z = torch.tensor([0.0, 2.0, -math.inf, 1.0], dtype=torch.float64)
    draws = generator(1)
    orders = [_drawn(log_z, draws, again=False).tolist() for _ in range(4_000)]
    assert {tuple(sorted(order)) for order in orders} == {(0, 1, 3)}
    weights = log_z.exp() / log_z.exp().sum()
    for place in (0, 1, 3):
        share = sum(order[0] == place for order in orders) / len(orders)
        error = math.sqrt(float(weights[place]) / len(orders))
        assert abs(share - float(weights[place])) < 4 * error
    # given the first, the second by the weights that are left
    after = [order[1] for order in orders if order[0] == 1]
    expected = 1 / (1 + math.e)
    assert abs(after.count(0) / len(after) - expected) < 4 * math.sqrt(expected / len(after))


def test_with_replacement_one_may_come_again() -> None:
    log_z = torch.tensor([0.0, 9.0], dtype=torch.float64)
    assert _drawn(log_z, generator(), again=True).tolist() == [1, 1]
