"""Predictions against numbers worked out by hand and a dense solve; the growing factor is exact."""

import numpy as np
import pytest
import torch

from kit import generator
from sequence_tutor.molecule.gaussian_process import GrowingProcess


def test_two_points_by_hand() -> None:
    # K + s^2 I = [[5/4, 1/2], [1/2, 5/4]], its inverse [[5/4, -1/2], [-1/2, 5/4]] / (21/16)
    process = GrowingProcess(2, 0.25)
    process.add(torch.zeros(1, 0), torch.ones(1, 1))
    process.add(torch.tensor([[0.5]]), torch.ones(1, 1))
    mean, deviation = process.predict(torch.tensor([[0.5, 0.25]]), torch.tensor([1.0, 0.0]))
    assert mean.item() == pytest.approx((5 / 4 * 1 / 2 - 1 / 2 * 1 / 4) / (21 / 16))  # 8/21
    # k^T inverse k = (5/4 (1/4 + 1/16) - 2 1/2 1/8) / (21/16) = 17/84
    assert deviation.item() == pytest.approx((67 / 84) ** 0.5)


def kernel(count: int) -> torch.Tensor:
    """(N, N), positive definite, 1 on the diagonal."""
    points = torch.randn(count, 3, generator=generator(), dtype=torch.float64)
    return (-torch.cdist(points, points).square() / 4).exp()


def test_a_factor_that_grows_is_that_of_the_whole_and_predicts_as_a_dense_solve() -> None:
    whole, noise = kernel(40), 1e-4
    process = GrowingProcess(40, noise)
    for begin, end in ((0, 7), (7, 8), (8, 30)):
        process.add(whole[begin:end, :begin], whole[begin:end, begin:end])
    assert process.blocks == [7, 1, 22]
    known = whole[:30, :30] + noise * torch.eye(30, dtype=torch.float64)
    torch.testing.assert_close(process.factor, torch.linalg.cholesky(known), rtol=0, atol=1e-10)
    values = torch.randn(30, generator=generator(1), dtype=torch.float64)
    cross = whole[30:, :30]
    mean, deviation = process.predict(cross, values)
    inverse = np.linalg.inv(known.numpy())
    wanted = cross.numpy() @ inverse @ values.numpy()
    variance = 1 - np.einsum("ij,jk,ik->i", cross.numpy(), inverse, cross.numpy())
    np.testing.assert_allclose(mean.numpy(), wanted, atol=1e-8)
    np.testing.assert_allclose(deviation.square().numpy(), variance, atol=1e-8)


def test_it_has_a_limit_and_begins_anew() -> None:
    process = GrowingProcess(3, 0.1)
    process.add(torch.zeros(2, 0), torch.eye(2))
    with pytest.raises(ValueError, match="4 points, but there may be 3"):
        process.add(torch.zeros(2, 2), torch.eye(2))
    process.clear()
    assert len(process) == 0
    process.add(torch.zeros(3, 0), torch.eye(3))
    mean, deviation = process.predict(torch.zeros(1, 3), torch.ones(3))
    assert (mean.item(), deviation.item()) == (0, 1)
