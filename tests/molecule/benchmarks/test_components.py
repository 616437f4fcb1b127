import math

import pytest

from sequence_tutor.molecule.benchmarks.components import (
    Component,
    Formula,
    Gaussian,
    HasPattern,
    Objective,
    Property,
    SameProperty,
    SimilarTo,
    Thresholded,
    molecule_of,
)

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
AMPHETAMINE = "CC(N)Cc1ccccc1"


def score(component: Component, smiles: str) -> float:
    return component(molecule_of(smiles))


@pytest.mark.parametrize("kind", ["ECFP4", "ECFP6", "FCFP4", "AP", "PHCO"])
def test_a_molecule_is_similar_to_itself_however_it_is_written(kind: str) -> None:
    likeness = SimilarTo(ASPIRIN, kind)  # type: ignore[arg-type]  # a word of a list of words
    assert score(likeness, "OC(=O)c1ccccc1OC(C)=O") == 1
    assert score(likeness, AMPHETAMINE) < 0.5


def test_fingerprints_count() -> None:
    # octane and decane have the same environments, the longer chain more of those in its middle:
    # 8, 8 and 6 of radius 0, 1 and 2 are shared, of 10, 10 and 8
    assert score(SimilarTo("CCCCCCCC", "ECFP4"), "CCCCCCCCCC") == pytest.approx(22 / 28)


def test_a_threshold_is_enough() -> None:
    raw = score(SimilarTo(ASPIRIN, "AP"), AMPHETAMINE)
    assert score(SimilarTo(ASPIRIN, "AP", Thresholded(raw)), AMPHETAMINE) == 1


def test_the_formula_of_water_against_that_of_methanol() -> None:
    # methanol has one C and two H more: bells e^-1/2, e^-2, 1 for O, e^-9/8 for 6 atoms of 3
    found = score(Formula("H2O"), "CO")
    hydrogen, oxygen, total = math.exp(-2.0), 1.0, math.exp(-(3**2) / (2 * 2**2))
    assert found == pytest.approx((hydrogen * oxygen * total) ** (1 / 3))


def test_all_isomers_have_the_formula() -> None:
    for isomer in ("CCCO", "CC(C)O", "COCC"):
        assert score(Formula("C3H8O"), isomer) == 1


def test_a_charge_does_not_disturb_the_formula() -> None:
    assert score(Formula("C2H5NO2"), "[NH3+]CC(=O)[O-]") == 1


def test_substructure_present_and_absent() -> None:
    amine = HasPattern("[NX3;H2]")
    assert (score(amine, AMPHETAMINE), score(amine, ASPIRIN)) == (1, 0)
    no_amine = HasPattern("[NX3;H2]", absent=True)
    assert (score(no_amine, AMPHETAMINE), score(no_amine, ASPIRIN)) == (0, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("rings", 1), ("aromatic_rings", 1), ("fluorines", 0), ("logp", 1.3101), ("tpsa", 63.60)],
)
def test_properties_of_aspirin(name: str, value: float) -> None:
    near = Property(name, Gaussian(value, 0.01))  # type: ignore[arg-type]
    assert score(near, ASPIRIN) == pytest.approx(1, abs=1e-3)


def test_the_same_property_as_another_molecule() -> None:
    same = SameProperty("tpsa", ASPIRIN, 5)
    assert score(same, ASPIRIN) == 1
    assert score(same, AMPHETAMINE) < 0.01


def test_means() -> None:
    half = Property("rings", lambda _: 0.5)
    whole = Property("rings", lambda _: 1.0)
    nothing = Property("rings", lambda _: 0.0)
    assert score(Objective((half, half, whole, whole)), ASPIRIN) == pytest.approx(0.5**0.5)
    assert score(Objective((half, whole), "arithmetic"), ASPIRIN) == 0.75
    assert score(Objective((nothing, whole)), ASPIRIN) == 0


def test_a_definition_that_is_no_molecule() -> None:
    with pytest.raises(ValueError, match="C1CC"):
        molecule_of("C1CC")
