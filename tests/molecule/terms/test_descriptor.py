from __future__ import annotations

import pytest
from pydantic import ValidationError

from sequence_tutor.molecule.chemistry import DESCRIPTORS
from sequence_tutor.molecule.terms import Descriptor, TermSet


def test_every_descriptor_of_rdkit_can_be_asked_for() -> None:
    terms = TermSet({name: Descriptor(descriptor=name) for name in DESCRIPTORS})
    values = dict(zip(terms.names, terms.evaluate("CC(=O)Oc1ccccc1C(=O)O").values, strict=True))
    assert len(values) > 200
    assert values["NumRotatableBonds"] == 2
    assert values["MolWt"] == pytest.approx(180.159, abs=0.01)
    assert values["RingCount"] == 1


@pytest.mark.parametrize(
    ("name", "answer"),
    [("tpsa", "did you mean 'TPSA'"), ("MolWeight", "did you mean"), ("zzzz", "expected a name")],
)
def test_an_unknown_one_is_answered(name: str, answer: str) -> None:
    with pytest.raises(ValidationError, match=answer):
        Descriptor(descriptor=name)
