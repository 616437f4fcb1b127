import math

import pytest

from sequence_tutor.molecule.benchmarks import tasks
from sequence_tutor.molecule.benchmarks.components import molecule_of
from sequence_tutor.molecule.benchmarks.tasks import GUACAMOL, PMO, TASKS

MOLECULES = (
    "CC(=O)Oc1ccccc1C(=O)O",  # aspirin
    "Cn1cnc2c1c(=O)n(C)c(=O)n2C",  # caffeine
    "CN(C=O)Cc1ccc(cc1)c1ccc(N)nc1C(=O)NC",
    "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1",  # gefitinib
)

# What the objectives of the package guacamol 0.5.5 give for these molecules (RDKit 2026.9.1).
REFERENCE = {
    "albuterol_similarity": (0.235294, 0.144144, 0.291188, 0.192090),
    "amlodipine_mpo": (0.008540, 0.114075, 0.146997, 0.147024),
    "aripiprazole_similarity": (0.132132, 0.104348, 0.173028, 0.364508),
    "celecoxib_rediscovery": (0.115789, 0.102041, 0.233645, 0.133803),
    "deco_hop": (0.509150, 0.515524, 0.541536, 0.869710),
    "fexofenadine_mpo": (0.148553, 0.094730, 0.548655, 0.291604),
    "isomers_c11h24": (0.000000, 0.000000, 0.000014, 0.000000),
    "isomers_c7h8n2o2": (0.272532, 0.217621, 0.000000, 0.000000),
    "isomers_c9h10n2o2pf2cl": (0.184981, 0.436868, 0.000033, 0.000000),
    "median1": (0.039830, 0.069007, 0.032513, 0.039058),
    "median2": (0.095520, 0.107348, 0.107150, 0.134840),
    "mestranol_similarity": (0.091503, 0.040404, 0.117013, 0.175252),
    "osimertinib_mpo": (0.129513, 0.104025, 0.612377, 0.062155),
    "perindopril_mpo": (0.118733, 0.242536, 0.254000, 0.099622),
    "qed": (0.550122, 0.538463, 0.813853, 0.517855),
    "ranolazine_mpo": (0.007333, 0.000109, 0.009789, 0.254567),
    "scaffold_hop": (0.347160, 0.356792, 0.396098, 0.180895),
    "sitagliptin_mpo": (0.000195, 0.000000, 0.030162, 0.000000),
    "thiothixene_rediscovery": (0.142857, 0.119266, 0.196721, 0.190476),
    "troglitazone_rediscovery": (0.120370, 0.108108, 0.166667, 0.142857),
    "valsartan_smarts": (0.000000, 0.000000, 0.000000, 0.000000),
    "zaleplon_mpo": (0.000000, 0.000002, 0.269249, 0.001654),
}


def score(task: str, smiles: str) -> float:
    return TASKS[task].objective(molecule_of(smiles))


@pytest.mark.parametrize("task", sorted(TASKS))
def test_scores_are_those_of_the_published_program(task: str) -> None:
    found = [score(task, smiles) for smiles in MOLECULES]
    assert found == pytest.approx(REFERENCE[task], abs=2e-6)


@pytest.mark.parametrize(
    ("task", "target"),
    [
        ("celecoxib_rediscovery", tasks.CELECOXIB),
        ("troglitazone_rediscovery", tasks.TROGLITAZONE),
        ("thiothixene_rediscovery", tasks.THIOTHIXENE),
        ("aripiprazole_similarity", tasks.ARIPIPRAZOLE),
        ("albuterol_similarity", tasks.ALBUTEROL),
        ("mestranol_similarity", tasks.MESTRANOL),
        ("isomers_c11h24", "CCCCCCCCCCC"),
        ("isomers_c11h24", "CC(C)(C)CC(C)(C)CCC"),
        ("isomers_c7h8n2o2", "COc1ccc(N)nc1C=O"),
    ],
)
def test_a_target_scores_one(task: str, target: str) -> None:
    assert score(task, target) == pytest.approx(1)


def test_median_molecules_cannot_be_both() -> None:
    assert score("median1", tasks.CAMPHOR) == score("median1", tasks.MENTHOL) < 0.5


def test_perindopril_lacks_two_aromatic_rings() -> None:
    # itself: similarity 1, no aromatic ring, exp(-(0 - 2)^2 / (2 0.5^2)) = exp(-8)
    assert score("perindopril_mpo", tasks.PERINDOPRIL) == pytest.approx(math.exp(-8) ** 0.5)


def test_sitagliptin_must_not_look_like_itself() -> None:
    # all is as asked but the similarity: exp(-(1 - 0)^2 / (2 0.1^2)) = exp(-50), of four
    assert score("sitagliptin_mpo", tasks.SITAGLIPTIN) == pytest.approx(math.exp(-50 / 4))


def test_valsartan_needs_its_pattern() -> None:
    # sitagliptin has the properties asked for, but not the pattern
    assert score("valsartan_smarts", tasks.SITAGLIPTIN) == 0
    assert score("valsartan_smarts", "CN(C=O)Cc1ccc(c2ccccc2)cc1") > 0


def test_the_hops_ask_for_opposite_scaffolds() -> None:
    # the start: full similarity and quinazoline; deco_hop forbids both of its decorations,
    # scaffold_hop wants its decoration but forbids the quinazoline
    assert score("deco_hop", tasks.HOP) == pytest.approx((1 + 0 + 0 + 1) / 4)
    assert score("scaffold_hop", tasks.HOP) == pytest.approx((1 + 1 + 0) / 3)


def test_the_suites() -> None:
    assert len(GUACAMOL) == len(set(GUACAMOL)) == 20
    assert len(PMO) == len(set(PMO)) == 20
    assert set(GUACAMOL) | set(PMO) == set(TASKS)
