"""Count fingerprints and their min-max similarity, the kernel of the critic.

Of two molecules whose atom environments occur a_i and b_i times,

    T(a, b) = sum_i min(a_i, b_i) / sum_i max(a_i, b_i),

the Tanimoto coefficient of counts, which is positive definite (Ralaivola et al., Graph kernels for
chemical informatics, 2005, section 3.3). A count is written in unary, as a column for each of its
levels 1, 2, ..., so that the sum of minima is a product of two matrices of 0 and 1, and
sum max = sum a + sum b - sum min.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from scipy.sparse import csr_matrix
from torch import Tensor

RADIUS, BINS = 3, 2048
"""Morgan fingerprints as in Tripp and Hernandez-Lobato 2024 (https://arxiv.org/abs/2406.07709)."""

LEVELS = 64
"""A larger count counts as this one."""


def count_prints(molecules: Sequence[Chem.Mol]) -> csr_matrix:
    """(N, 131,072) float32 of 0 and 1: a column for each bin and level."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BINS)
    columns: list[int] = []
    ends = [0]
    for molecule in molecules:
        counts = generator.GetCountFingerprint(molecule).GetNonzeroElements()
        for place, count in counts.items():
            first = place * LEVELS
            columns.extend(range(first, first + min(count, LEVELS)))
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    return csr_matrix((ones, columns, ends), shape=(len(molecules), BINS * LEVELS))


def min_max(left: csr_matrix, right: csr_matrix) -> Tensor:
    """(N, M) float64 similarities of the rows of (N, F) and (M, F); of two empty ones 1."""
    shared = torch.from_numpy((left @ right.T).toarray()).double()  # (N, M), whole numbers
    sizes = [torch.from_numpy(np.asarray(one.sum(1))).double() for one in (left, right)]  # (., 1)
    either = sizes[0] + sizes[1].T - shared
    return torch.where(either > 0, shared / either.clamp(min=1), 1.0)
