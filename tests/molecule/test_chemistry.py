from __future__ import annotations

import subprocess
import sys

import pytest
from rdkit import Chem, rdBase
from rdkit.Chem import QED

from sequence_tutor.molecule.chemistry import (
    Limits,
    Molecule,
    canonical_smiles,
    element_counts,
    fingerprint,
    formula_counts,
    largest_ring,
    longest_carbon_run,
    packed,
    parse,
    pattern,
    ring_closures,
    tanimoto,
    unpacked,
)
from sequence_tutor.molecule.terms.properties import penalised_logp, scaled_penalised_logp

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
CAFFEINE = "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
MACROCYCLE = "C1CCCCCCCCCCCCC1"


def molecule(smiles: str) -> Chem.Mol:
    found = parse(smiles)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "smiles", ["", " ", "C C", "C\0C", "CC\n", "C(", "c1ccc1c", "C1CC", "C(C)(C)(C)(C)C", "Cé", "X"]
)
def test_what_is_no_molecule(smiles: str) -> None:
    assert parse(smiles) is None


@pytest.mark.parametrize("smiles", ["N", "C", "[H][H]", "[Na+].[Cl-]", ASPIRIN, MACROCYCLE])
def test_what_is_one(smiles: str) -> None:
    assert parse(smiles) is not None


def test_limits_hold_before_and_after_parsing() -> None:
    chain = "C" * 30
    assert parse(chain, Limits(characters=30, ring_closures=0, heavy_atoms=30)) is not None
    assert parse(chain, Limits(characters=29)) is None
    assert parse(chain, Limits(heavy_atoms=29)) is None
    assert parse("C1CC1C2CC2", Limits(ring_closures=2)) is not None
    assert parse("C1CC1C2CC2", Limits(ring_closures=1)) is None


def test_ring_closures_are_counted_outside_of_brackets() -> None:
    assert ring_closures("CC") == 0
    assert ring_closures("[13CH3][NH2+]C1CC1") == 1
    assert ring_closures("C%10CC%10C%(123)CC%(123)") == 2
    assert ring_closures("C12CC1C2") == 2


def test_fullerene_is_within_the_limits() -> None:
    # C60 has 90 bonds and 60 atoms, so 31 closures
    fullerene = (
        "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5"
        "c1c1c6c6c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41"
    )
    assert molecule(fullerene).GetNumAtoms() == 60


def test_complaints_are_dropped_only_while_we_parse(capfd: pytest.CaptureFixture[str]) -> None:
    before = rdBase.LogStatus()
    assert parse("C(") is None
    assert "Parse Error" not in capfd.readouterr().err
    assert rdBase.LogStatus() == before
    assert Chem.MolFromSmiles("C(") is None
    assert "Parse Error" in capfd.readouterr().err


def test_properties_of_known_molecules() -> None:
    # figures of RDKit 2026.9.1 that any version of this decade is near to
    amphetamine = Molecule(molecule("CC(N)Cc1ccccc1"))
    assert amphetamine.logp == pytest.approx(1.5763, abs=1e-3)
    assert amphetamine.qed == pytest.approx(0.654, abs=5e-3)
    assert amphetamine.sa == pytest.approx(-1.84, abs=0.05)
    assert amphetamine.ring == 0
    creatine = Molecule(molecule("CN(CC(=O)O)C(=N)N"))
    assert creatine.logp == pytest.approx(-1.1037, abs=1e-3)
    assert largest_ring(creatine.rdkit) == 0
    assert Molecule(molecule(MACROCYCLE)).ring == 6 - 14
    assert Molecule(molecule("C1CCCCCC1")).ring == -1
    # two fused rings of six are no ring of ten
    assert Molecule(molecule("c1ccc2ccccc2c1")).ring == 0


def test_scaffolds_and_canonical_strings() -> None:
    assert canonical_smiles(molecule("OCC")) == "CCO"
    assert Molecule(molecule(ASPIRIN)).scaffold == "c1ccccc1"
    assert Molecule(molecule("CCO")).scaffold == ""


def test_penalised_logp_by_hand() -> None:
    assert penalised_logp(2.0, -3.0, -1.0) == -2
    # one deviation above the mean of ZINC250k in each part
    parts = (2.4570953396190123 + 1.434324401111988, -3.0525811293166134 + 0.8335207024513095)
    ring = -0.0485696876403053 + 0.2860212110245455
    assert scaled_penalised_logp(*parts, ring) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("smiles", "run"),
    [
        ("", 0),
        ("c1ccccc1", 0),
        ("CCCCl", 3),
        ("CC(CCC)C", 3),
        ("ClCCl", 1),
        ("CC[C@H]CCC", 3),
        ("[Cu]CC", 2),
        ("Cc1ccccc1", 1),
        ("C" * 50, 50),
    ],
)
def test_the_longest_carbon_run(smiles: str, run: int) -> None:
    assert longest_carbon_run(smiles) == run


def test_formulas() -> None:
    assert element_counts(molecule(ASPIRIN)) == {"C": 9, "H": 8, "O": 4}
    assert element_counts(molecule(CAFFEINE)) == {"C": 8, "H": 10, "N": 4, "O": 2}
    assert element_counts(molecule("C[NH3+]")) == {"C": 1, "H": 6, "N": 1}
    assert formula_counts("C2H5Cl") == {"C": 2, "H": 5, "Cl": 1}
    with pytest.raises(ValueError, match="no molecular formula"):
        formula_counts("9C")


def test_fingerprints_survive_packing() -> None:
    aspirin, caffeine = (fingerprint(molecule(smiles)) for smiles in (ASPIRIN, CAFFEINE))
    again = unpacked(packed(aspirin))
    assert tanimoto(aspirin, [again, caffeine])[0] == 1
    assert 0 < tanimoto(again, [caffeine])[0] < 0.5
    shared, either = (aspirin & caffeine).GetNumOnBits(), (aspirin | caffeine).GetNumOnBits()
    assert tanimoto(aspirin, [caffeine]) == [shared / either]
    assert len(packed(aspirin)) == 256


def test_a_pattern_that_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="cannot be read as SMARTS"):
        pattern("[")


def test_without_rdkit_one_sentence_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['rdkit'] = None\n"
        "from sequence_tutor.errors import UserError\n"
        "try:\n    import sequence_tutor.molecule.chemistry\n"
        "except UserError as error:\n    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'sequence-tutor[molecule]'" in run.stdout
    assert run.stdout.count("\n") == 1


@pytest.mark.parametrize(
    "smiles",
    [
        "CC(=O)Oc1ccccc1C(=O)O",
        "O=[N+]([O-])c1ccc(N=Nc2ccccc2)cc1",  # alerts
        "C1CCCCCCCCCCC1",
        "[2H]C([2H])O",  # hydrogens that RDKit drops first
        "[NH3+]CC(=O)[O-].[Na+]",
        "N#N",
    ],
)
def test_qed_is_that_of_rdkit_to_the_last_bit(smiles: str) -> None:
    mol = parse(smiles)
    assert mol is not None
    assert Molecule(mol).qed == QED.qed(mol)
