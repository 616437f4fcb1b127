"""Rows of molecules that are asked for by what they say, beside those of the tables.

- `mean_TPSA`: the mean of a descriptor of RDKit over the valid molecules;
- `TPSA in 40..90`: the share of the valid molecules whose descriptor, or whose logp, qed, sa or
  ring, lies in a window, both ends included;
- `has c1ccncc1`: the share of the valid molecules with a fragment, as SMARTS;
- `mean similarity to CCO`: the mean over the valid molecules of their similarity to a given one,
  Tanimoto's of Morgan fingerprints of radius 2 with 2,048 bits (ECFP4);
- `similarity to CCO in 0.5..0.7`: the share of the valid molecules with such a similarity.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from sequence_tutor.config.settings import nearest
from sequence_tutor.domain.rows import SHARE, Counts, RowRange, having, numbers
from sequence_tutor.errors import UserError
from sequence_tutor.molecule.chemistry import DESCRIPTORS
from sequence_tutor.molecule.terms import Descriptor, MoleculeTerm, Similarity, Substructure

SIMILARITY_TO = "similarity to "
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_WINDOW = re.compile(rf"(\S+|{SIMILARITY_TO}\S+) in ({_NUMBER})\s*\.\.\s*({_NUMBER})")
_HAS = "has "
_MEAN = "mean_"


@dataclass(frozen=True)
class AskedRow:
    """A number of each molecule, and how it is counted.

    Attributes:
        term: gives the number.
        window: of which the share of molecules is counted; None: the mean is.
        bounds: of the number.
    """

    term: MoleculeTerm
    window: tuple[float, float] | None = None
    bounds: RowRange = field(default_factory=RowRange)

    @property
    def range(self) -> RowRange:
        """A share is within 0..1; a mean within the bounds of its numbers."""
        return self.bounds if self.window is None else SHARE

    def count(self, values: Tensor) -> Counts:
        """Counts of (B,) numbers, NaN where there is none."""
        if self.window is None:
            return numbers(values)
        low, high = self.window
        return having((values >= low) & (values <= high), ~values.isnan())


def asked_rows(names: Collection[str], ready: Mapping[str, MoleculeTerm]) -> dict[str, AskedRow]:
    """Those of some names that have one of the forms above.

    Args:
        names: of rows; others are left out.
        ready: name in a window -> term, beside the descriptors.

    Raises:
        UserError: a name has a form, but its descriptor, window or fragment cannot be used.
    """
    found = ((name, _row(name, ready)) for name in names)
    return {name: row for name, row in found if row is not None}


def _row(name: str, ready: Mapping[str, MoleculeTerm]) -> AskedRow | None:
    if match := _WINDOW.fullmatch(name):
        low, high = float(match[2]), float(match[3])
        if low > high:
            raise UserError(f"row {name!r}: the window is empty, expected {high:g}..{low:g}")
        return AskedRow(_term(match[1], name, ready), (low, high))
    if name.startswith(_HAS):
        try:
            term = Substructure(smarts=(name.removeprefix(_HAS).strip(),))
        except ValueError as error:
            raise UserError(f"row {name!r}: expected has and a fragment as SMARTS") from error
        return AskedRow(term, (1.0, math.inf))
    if name.startswith(f"mean {SIMILARITY_TO}"):
        return AskedRow(
            _similarity(name.removeprefix("mean "), name), bounds=RowRange(low=0.0, high=1.0)
        )
    if name.startswith(SIMILARITY_TO):
        raise UserError(
            f"row {name!r}: expected a window, such as {name} in 0.5..0.7, or mean {name}"
        )
    descriptor = name.removeprefix(_MEAN)
    if name.startswith(_MEAN) and descriptor in DESCRIPTORS:
        return AskedRow(Descriptor(descriptor=descriptor))
    return None


def _similarity(name: str, row: str) -> Similarity:
    smiles = name.removeprefix(SIMILARITY_TO).strip()
    try:
        return Similarity(smiles=(smiles,))
    except ValueError as error:
        raise UserError(
            f"row {row!r}: {smiles!r} cannot be read as SMILES of a molecule, expected such as "
            "similarity to CC(=O)Oc1ccccc1C(=O)O in 0.5..0.7"
        ) from error


def _term(name: str, row: str, ready: Mapping[str, MoleculeTerm]) -> MoleculeTerm:
    if name in ready:
        return ready[name]
    if name.startswith(SIMILARITY_TO):
        return _similarity(name, row)
    if name in DESCRIPTORS:
        return Descriptor(descriptor=name)
    raise UserError(f"row {row!r}: unknown {name!r}: {nearest(name, (*ready, *DESCRIPTORS))}")
