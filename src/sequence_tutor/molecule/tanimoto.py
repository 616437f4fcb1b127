"""Tanimoto similarities of many molecules, by matrix products of their fingerprint bits.

Two 1,024-bit fingerprints a, b share a . b bits, so the similarities of a block are one product of
matrices of 0 and 1, which float32 represents exactly. Bits are stored packed (128 bytes for each
molecule) and unpacked block by block, so that memory stays constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from torch import Tensor

RADIUS, BITS = 2, 1024
"""Morgan fingerprints as in MOSES."""

BLOCK = 2048

Prints = NDArray[np.uint8]
"""(N, 128): one row for each molecule, eight bits in each byte."""


def fingerprints(mols: Sequence[Chem.Mol]) -> Prints:
    """The packed Morgan fingerprints of molecules."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)
    packed = np.zeros((len(mols), BITS // 8), dtype=np.uint8)
    for row, mol in zip(packed, mols, strict=True):
        row[:] = np.packbits(generator.GetFingerprintAsNumPy(mol))
    return packed


def tanimoto(left: Tensor, right: Tensor) -> Tensor:
    """(N, M) similarities of bits (N, F) and (M, F); of two empty fingerprints 1, as in MOSES."""
    shared = left @ right.T
    either = left.sum(1)[:, None] + right.sum(1) - shared
    return torch.where(either > 0, shared / either.clamp(min=1), 1.0)


def nearest(
    generated: Prints, reference: Prints, advance: Callable[[int], None] = lambda _: None
) -> NDArray[np.float64]:
    """(N,) similarity of each of N generated molecules to the most similar one of the reference.

    `advance` is called with the number of molecules of each block after it is compared.
    """
    best = torch.zeros(len(generated))
    for begin, left in _blocks(generated):
        rows = slice(begin, begin + len(left))
        for _, right in _blocks(reference):
            best[rows] = torch.maximum(best[rows], tanimoto(left, right).amax(1))
        advance(len(left))
    return best.double().numpy()


def mean_similarities(
    prints: Prints, advance: Callable[[int], None] = lambda _: None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Similarity of each molecule to all N molecules, including itself; `advance` as above.

    Returns:
        (N,) the mean over j of T_ij, and (N,) the root of the mean over j of T_ij^2.
    """
    count = len(prints)
    first = torch.zeros(count, dtype=torch.float64)
    second = torch.zeros(count, dtype=torch.float64)
    for begin, left in _blocks(prints):
        rows = slice(begin, begin + len(left))
        for offset, right in _blocks(prints[begin:]):  # the rest follows by symmetry
            columns = slice(begin + offset, begin + offset + len(right))
            similar = tanimoto(left, right)
            for sums, values in ((first, similar), (second, similar.square())):
                sums[rows] += values.sum(1, dtype=torch.float64)
                if offset > 0:
                    sums[columns] += values.sum(0, dtype=torch.float64)
        advance(len(left))
    return (first / count).numpy(), (second / count).sqrt().numpy()


def _blocks(prints: Prints) -> Iterator[tuple[int, Tensor]]:
    """The first row of each block, and its bits (at most `BLOCK`, F) as float32."""
    for begin in range(0, len(prints), BLOCK):
        bits = np.unpackbits(prints[begin : begin + BLOCK], axis=1)
        yield begin, torch.from_numpy(bits).float()
