from __future__ import annotations

import math
import pickle

import pytest
from rdkit import Chem
from rdkit.Chem import QED, Crippen, Descriptors
from rdkit.Contrib.SA_Score import sascorer

from sequence_tutor.molecule.chemistry import Limits, Molecule
from sequence_tutor.molecule.terms import (
    SA,
    Alerts,
    Descriptor,
    Isomer,
    LogP,
    MoleculeTerm,
    PenalisedLogP,
    Qed,
    Ring,
    Similarity,
    Substructure,
    TermSet,
    Valid,
)
from sequence_tutor.molecule.terms.term import MoleculeFunction

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
SALICYLIC_ACID = "O=C(O)c1ccccc1O"
KNOWN = [
    ASPIRIN,
    "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "CC(N)Cc1ccccc1",
    "CN(CC(=O)O)C(=N)N",
    "C1CCCCCCCCCCCCC1",
    "N",
    "C" * 60,
    "[Na+].[Cl-]",
]
PROPERTIES: dict[str, MoleculeTerm] = {
    "valid": Valid(),
    "logp": LogP(),
    "sa": SA(),
    "qed": Qed(),
    "ring": Ring(),
    "penalised": PenalisedLogP(),
    "TPSA": Descriptor(descriptor="TPSA"),
}


def value(term: MoleculeTerm, smiles: str) -> float:
    (found,) = TermSet({"term": term}).evaluate(smiles).values
    return found


@pytest.mark.parametrize("smiles", KNOWN)
def test_terms_are_those_of_rdkit(smiles: str) -> None:
    molecule = Chem.MolFromSmiles(smiles)
    rings = [len(ring) for ring in molecule.GetRingInfo().AtomRings()]
    logp, sa = Crippen.MolLogP(molecule), -sascorer.calculateScore(molecule)  # type: ignore[attr-defined]  # the stub lacks it
    ring = -max(0, max(rings, default=0) - 6)
    tpsa = Descriptors.TPSA(molecule)  # type: ignore[attr-defined]  # the stub lacks it
    expected = (1, logp, sa, QED.qed(molecule), ring, logp + sa + ring, tpsa)
    terms = TermSet(PROPERTIES)
    assert terms.names == tuple(PROPERTIES)
    assert terms.evaluate(smiles).values == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("smiles", [None, "", "C(", "C1CC", "C" * 501, "C" * 200])
def test_what_is_no_molecule_has_no_numbers(smiles: str | None) -> None:
    record = TermSet(PROPERTIES, scaffolds=True).evaluate(smiles)
    assert record.canonical is None
    assert record.scaffold is None
    assert len(record.values) == len(PROPERTIES)
    assert all(map(math.isnan, record.values))


def test_limits_are_those_given() -> None:
    assert TermSet({}, limits=Limits(heavy_atoms=2)).evaluate("CCC").canonical is None
    assert TermSet({}).evaluate("CCC").canonical == "CCC"


def test_scaffolds_only_where_asked_for() -> None:
    assert TermSet({}).evaluate(ASPIRIN).scaffold is None
    assert TermSet({}, scaffolds=True).evaluate(ASPIRIN).scaffold == "c1ccccc1"


def test_however_it_is_written_a_molecule_has_one_record_to_the_last_bit() -> None:
    terms = TermSet(PROPERTIES, scaffolds=True)
    molecule = Chem.MolFromSmiles("CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)Nc1nc2ccccc2s1")
    written = Chem.MolToRandomSmilesVect(molecule, 50, randomSeed=1)
    assert len(set(written)) > 20
    assert len({terms.evaluate(smiles) for smiles in written}) == 1


def test_a_copy_from_another_process_gives_the_same() -> None:
    terms = TermSet(
        {
            **PROPERTIES,
            "like": Similarity(smiles=(ASPIRIN,)),
            "acid": Substructure(smarts=("[OX2H]",)),
        },
        scaffolds=True,
        limits=Limits(heavy_atoms=20),
    )
    copy = pickle.loads(pickle.dumps(terms))
    assert copy.evaluate(ASPIRIN) == terms.evaluate(ASPIRIN)
    assert copy.evaluate("C" * 21).canonical is None


def test_a_term_that_fails_for_a_molecule_has_no_number_there() -> None:
    class Broken(MoleculeTerm):
        unit = "none"

        def prepare(self) -> MoleculeFunction:
            def of(molecule: Molecule) -> float:
                raise ValueError(f"RDKit's errors, here about {molecule}, are of this kind")

            return of

    record = TermSet({"broken": Broken(), "valid": Valid()}).evaluate("C")
    assert record.canonical == "C"
    assert math.isnan(record.values[0])
    assert record.values[1] == 1


def test_scaled_penalised_logp_by_hand() -> None:
    logp, sa, ring = 1.3101, -1.580040, 0.0
    expected = (
        (logp - 2.4570953) / 1.4343244
        + (sa + 3.0525811) / 0.8335207
        + (ring + 0.0485697) / 0.2860212
    )
    assert value(PenalisedLogP(scaled=True), ASPIRIN) == pytest.approx(expected, abs=1e-4)


def test_similarity_to_the_nearest_or_on_average() -> None:
    given = (ASPIRIN, "CCO")
    nearest, mean = value(Similarity(smiles=given), ASPIRIN), Similarity(smiles=given, over="mean")
    assert nearest == 1
    assert 0.5 < value(mean, ASPIRIN) < 0.6
    like = value(Similarity(smiles=(ASPIRIN,)), SALICYLIC_ACID)
    assert 0.3 < like < 0.7
    assert value(Similarity(smiles=(ASPIRIN,), radius=0), SALICYLIC_ACID) > like


def test_substructures_present_and_absent() -> None:
    acid, nitro = "C(=O)[OX2H1]", "[N+](=O)[O-]"
    assert value(Substructure(smarts=(acid,)), ASPIRIN) == 1
    assert value(Substructure(smarts=(nitro,)), ASPIRIN) == 0
    assert value(Substructure(smarts=(nitro, acid)), ASPIRIN) == 1
    assert value(Substructure(smarts=(nitro,), present=False), ASPIRIN) == 1
    assert value(Substructure(smarts=(nitro, acid), present=False), ASPIRIN) == 0


@pytest.mark.parametrize(
    ("smiles", "pains", "brenk"),
    [
        ("CCCO", 0, 0),
        ("O=C1C=CC(=O)C=C1", -1, -1),  # quinone_A; chinone_1
        ("O=C1C(=Cc2ccccc2)SC(=S)N1", -1, -2),  # ene_rhod_A; Michael acceptor, thiocarbonyl
        ("O=[N+]([O-])c1ccccc1N=Nc1ccccc1", -1, -3),  # azo_A; diazo, nitro, an O-N single bond
    ],
)
def test_alerts_are_counted_list_by_list(smiles: str, pains: int, brenk: int) -> None:
    assert value(Alerts(lists=("pains",)), smiles) == pains
    assert value(Alerts.model_validate({"lists": "brenk"}), smiles) == brenk
    assert value(Alerts(lists=("pains", "brenk", "pains")), smiles) == pains + brenk


def test_an_unknown_list_is_refused() -> None:
    with pytest.raises(ValueError, match="did you mean 'pains'"):
        Alerts(lists=("pain",))


def test_isomers_count_atoms_that_differ() -> None:
    aspirin = Isomer(formula="C9H8O4")
    assert value(aspirin, ASPIRIN) == 0
    assert value(aspirin, "O=C(O)c1ccc(C(=O)OC)cc1") == 0
    # salicylic acid is C7H6O3: two C, two H and an O too few
    assert value(aspirin, SALICYLIC_ACID) == -5
    # caffeine is C8H10N4O2: one C and two O too few, two H and four N too many
    assert value(aspirin, KNOWN[1]) == -9
