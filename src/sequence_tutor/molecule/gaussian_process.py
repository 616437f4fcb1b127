"""Exact regression by a Gaussian process whose Cholesky factor grows by rows.

With the kernel matrix K of N points, a noise s^2 and values y, the prediction at a point with
kernel values k to those points, and 1 to itself, has

    mean = k^T (K + s^2 I)^-1 y,        variance = 1 - k^T (K + s^2 I)^-1 k.

Source: Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, equations 2.25 and
2.26. New points add rows to the factor L of K + s^2 I = L L^T,

    [K    C ]   [L          0]  [L          0]^T
    [C^T  K2] = [(L^-1 C)^T M]  [(L^-1 C)^T M],       M M^T = K2 + s^2 I - (L^-1 C)^T L^-1 C,

at a cost of N^2 for each point instead of N^3 for all.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_VARIANCE = 1e-12


class GrowingProcess:
    """A Gaussian process with mean 0 and variance 1 at every point.

    Args:
        most: N, most points.
        noise: s^2.
    """

    def __init__(self, most: int, noise: float) -> None:
        self.most, self.noise = most, noise
        self.blocks: list[int] = []  # points of each call of `add`
        self._factor = torch.zeros(most, most, dtype=torch.float64)

    def __len__(self) -> int:
        return sum(self.blocks)

    @property
    def factor(self) -> Tensor:
        """(N, N) float64, the lower triangle L."""
        return self._factor[: len(self), : len(self)]

    def add(self, cross: Tensor, within: Tensor) -> None:
        """Add B points.

        Args:
            cross: (B, N) kernel values to the points so far.
            within: (B, B) kernel values among the new points.
        """
        before, after = len(self), len(self) + len(within)
        if after > self.most:
            raise ValueError(f"{after} points, but there may be {self.most}")
        below = self._solved(cross)  # (N, B)
        rest = within.double() - below.T @ below
        rest.diagonal().add_(self.noise)
        self._factor[before:after, :before] = below.T
        self._factor[before:after, before:after] = torch.linalg.cholesky(rest)
        self.blocks.append(len(within))

    def clear(self) -> None:
        """Remove all points."""
        self.blocks = []

    def predict(self, cross: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation at M points, (M,) float64 each.

        Args:
            cross: (M, N) kernel values to the points.
            values: (N,) y.
        """
        solved = self._solved(cross)  # (N, M)
        own = torch.linalg.solve_triangular(self.factor, values.double()[:, None], upper=False)
        variance = (1 - solved.square().sum(0)).clamp(min=LEAST_VARIANCE)
        return (solved.T @ own).squeeze(1), variance.sqrt()

    def _solved(self, cross: Tensor) -> Tensor:
        """L^-1 k of points with kernel values (B, N): (N, B)."""
        solved: Tensor = torch.linalg.solve_triangular(self.factor, cross.double().T, upper=False)
        return solved
