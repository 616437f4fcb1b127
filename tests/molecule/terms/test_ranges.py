"""Rules of thumb, by hand; and every term says what it is."""

from __future__ import annotations

import doctest
import inspect

import pytest
from pydantic import ValidationError
from rdkit import Chem

from sequence_tutor.molecule.scoring.named_terms import KINDS
from sequence_tutor.molecule.terms import MoleculeTerm, Ranges, Term, WritingTerm, raw_number
from sequence_tutor.molecule.terms.ranges import COMPUTED, RULES

ATORVASTATIN = "CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CC[C@@H](O)C[C@@H](O)CC(=O)O"
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


@pytest.mark.parametrize(
    ("rule", "smiles", "outside"),
    [
        ("lipinski", ATORVASTATIN, 2),  # 558.6 u, logP 6.3
        ("veber", ATORVASTATIN, 1),  # 12 rotatable bonds; TPSA 111.8
        ("egan", ATORVASTATIN, 1),  # logP
        ("ghose", ATORVASTATIN, 4),  # 558.6 u, logP 6.3, refractivity 158, 76 atoms
        ("muegge", ATORVASTATIN, 1),  # logP
        ("reos", ATORVASTATIN, 3),  # 558.6 u, logP, 12 rotatable bonds
        ("three", ASPIRIN, 1),  # TPSA 63.6
        ("reos", ASPIRIN, 2),  # 180 u, 13 heavy atoms
        ("reos", "[Ca+2].[Ca+2]", 3),  # charge 4, 80 u, two atoms
        ("lipinski", ASPIRIN, 0),
    ],
)
def test_rules_by_hand(rule: str, smiles: str, outside: int) -> None:
    assert raw_number(Ranges(rules=(rule,)), smiles) == -outside


def test_rules_add_up() -> None:
    both = Ranges(rules=("lipinski", "veber"))
    assert raw_number(both, ATORVASTATIN) == -3
    assert raw_number(Ranges(rules=("veber", "veber")), ATORVASTATIN) == -1


def test_both_ends_are_inside() -> None:
    propanediol = Chem.MolFromSmiles("OCCCO")
    assert RULES["veber"]["TPSA"] == (0, 140)
    assert COMPUTED["Atoms"](propanediol) == 13
    assert COMPUTED["Carbons"](propanediol) == 3


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValidationError, match="unknown rule 'lipinsky': did you mean 'lipinski'"):
        Ranges(rules=("lipinsky",))


OURS = [kind for kind in KINDS.values() if issubclass(kind, MoleculeTerm | WritingTerm)]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: str(kind.__name__))
def test_every_term_has_a_definition_a_source_a_range_and_an_example(kind: type[Term]) -> None:
    definition = (kind.__doc__ or "").partition("\n")[0]
    assert definition.endswith(".")
    assert kind.source
    assert kind.unit
    tests = doctest.DocTestFinder(recurse=False).find(kind, module=inspect.getmodule(kind))
    examples = sum(len(test.examples) for test in tests)
    assert examples >= 2
    runner = doctest.DocTestRunner()
    for test in tests:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
