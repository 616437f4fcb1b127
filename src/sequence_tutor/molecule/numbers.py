"""Numbers of a molecule that a fence may bound: properties, descriptors, alerts."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection

import torch
from torch import Tensor

from sequence_tutor.config.settings import nearest
from sequence_tutor.errors import UserError, shown
from sequence_tutor.molecule.chemistry import DESCRIPTORS, known, quiet
from sequence_tutor.molecule.rows import TABLE_TERMS
from sequence_tutor.molecule.terms import Descriptor, MoleculeTerm
from sequence_tutor.molecule.terms.alerts import LISTS, Alerts
from sequence_tutor.molecule.terms.term import MoleculeFunction
from sequence_tutor.molecule.tokens import Vocabulary
from sequence_tutor.sequences import SequenceBatch

ALERTS = "alerts"

_UNDESCRIBED = (ValueError, RuntimeError, ArithmeticError)
"""Errors of RDKit where a number cannot be computed."""

_NAMED: dict[str, MoleculeTerm] = {
    **TABLE_TERMS,
    ALERTS: Alerts(),
    **{f"{ALERTS}_{name}": Alerts(lists=(name,)) for name in LISTS},
}


def molecule_numbers(
    vocabulary: Vocabulary, names: Collection[str]
) -> dict[str, Callable[[SequenceBatch], Tensor]]:
    """Functions for `Domain.numbers`.

    - `logp`, `qed`, `sa` (-1 easy to -10 hard), `ring`, as the terms of these names;
    - `alerts`: structural alerts of the lists PAINS, Brenk and NIH; `alerts_NAME`: of one list;
    - any descriptor of RDKit, such as MolWt.

    Raises:
        UserError: another name.
    """
    return {name: _Number(vocabulary, _function(name)) for name in names}


class _Number:
    """One number of each molecule; NaN where there is no molecule or no such number."""

    def __init__(self, vocabulary: Vocabulary, function: MoleculeFunction) -> None:
        self._vocabulary, self._function = vocabulary, function

    def __call__(self, batch: SequenceBatch) -> Tensor:
        with quiet():
            found = [self._of(smiles) for smiles in self._vocabulary.decode_batch(batch)]
        return torch.tensor(found, dtype=torch.float64)

    def _of(self, smiles: str | None) -> float:
        molecule = known(smiles) if smiles else None
        try:
            return math.nan if molecule is None else float(self._function(molecule))
        except _UNDESCRIBED:
            return math.nan


def _function(name: str) -> MoleculeFunction:
    if name in _NAMED:
        function = _NAMED[name].prepare()
        if name.startswith(ALERTS):  # the term is minus their number
            return lambda molecule: -float(function(molecule))
        return function
    if name in DESCRIPTORS:
        return Descriptor(descriptor=name).prepare()
    raise UserError(
        f"fence: unknown number {shown(name)}: {nearest(name, (*_NAMED, *DESCRIPTORS))}"
    )
