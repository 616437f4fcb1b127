"""Leaves are found in proportion to their values, whatever rounding does."""

import pytest
import torch

from sequence_tutor.replay.sum_tree import SumTree


def tree(*values: float) -> SumTree:
    made = SumTree(len(values))
    made.set(torch.arange(len(values)), torch.tensor(values, dtype=torch.float64))
    return made


def test_running_sums_by_hand() -> None:
    made = tree(1.0, 0.0, 2.0, 0.5, 0.25)
    assert made.total.item() == 3.75
    masses = torch.tensor([0.0, 0.99, 1.0, 2.99, 3.0, 3.49, 3.5, 3.74], dtype=torch.float64)
    assert made.find(masses).tolist() == [0, 0, 2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize("size", [1, 2, 3, 8, 1000])
def test_every_place_has_its_own_share_of_the_masses(size: int) -> None:
    generator = torch.Generator().manual_seed(size)
    values = torch.rand(size, generator=generator, dtype=torch.float64)
    made = SumTree(size)
    made.set(torch.arange(size), values)
    ends = values.cumsum(0)
    middle = ends - values / 2
    assert torch.equal(made.find(middle), torch.arange(size))
    torch.testing.assert_close(made.total, values.sum())


def test_the_same_values_give_the_same_tree_in_whatever_order_they_came() -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(100, generator=generator, dtype=torch.float64)
    first, second = SumTree(100), SumTree(100)
    first.set(torch.arange(100), values)
    second.set(torch.arange(100), values.flip(0))
    for place in torch.randperm(100, generator=generator):
        second.set(place[None], values[place][None])
    assert torch.equal(first._sums, second._sums)


def test_of_a_place_that_comes_twice_the_largest_value_counts() -> None:
    made = tree(1.0, 1.0, 1.0)
    made.set(torch.tensor([2, 0, 2, 2]), torch.tensor([0.5, 3.0, 0.75, 0.25]))
    assert made.values.tolist() == [3.0, 1.0, 0.75]
    assert made.total.item() == 4.75


def test_a_place_of_value_zero_is_never_found() -> None:
    generator = torch.Generator().manual_seed(1)
    values = torch.rand(257, generator=generator, dtype=torch.float64) ** 20
    values[torch.rand(257, generator=generator) < 0.5] = 0.0
    values[-100:] = 0.0
    made = SumTree(257)
    made.set(torch.arange(257), values)
    share = torch.linspace(0, 1, 100_001, dtype=torch.float64)[:-1]
    just_below = torch.nextafter(made.total, torch.tensor(0.0, dtype=torch.float64))
    masses = torch.cat([share * made.total, just_below[None], made.values.cumsum(0)[:100]])
    found = made.find(masses.clamp(max=just_below))
    assert bool((values[found] > 0).all())
