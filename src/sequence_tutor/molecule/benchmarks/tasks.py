"""The goal-directed tasks of GuacaMol and PMO, as data.

Sources:
    Brown et al., GuacaMol: Benchmarking Models for de Novo Molecular Design, 2019
    (https://arxiv.org/abs/1811.09621): the 20 tasks of its version 2, tables 1 and 3 of its
    supplement; what a table leaves open is as in its program, version 0.5.5.
    Gao et al., Sample Efficiency Matters: A Benchmark for Practical Molecular Optimization, 2022
    (https://arxiv.org/abs/2206.12411): 23 tasks. Of these 18 are GuacaMol's; QED and the isomers
    of C7H8N2O2 are simple ones of GuacaMol's; drd2, gsk3b and jnk3 are trained classifiers, whose
    files RDKit alone cannot read, and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sequence_tutor.molecule.benchmarks.components import (
    AtLeast,
    AtMost,
    Component,
    FingerprintKind,
    Formula,
    Gaussian,
    HasPattern,
    Objective,
    Property,
    SameProperty,
    SimilarTo,
    Thresholded,
)

ALBUTEROL = "CC(C)(C)NCC(O)c1ccc(O)c(CO)c1"
AMLODIPINE = r"Clc1ccccc1C2C(=C(/N/C(=C2/C(=O)OCC)COCCN)C)\C(=O)OC"
ARIPIPRAZOLE = "Clc4cccc(N3CCN(CCCCOc2ccc1c(NC(=O)CC1)c2)CC3)c4Cl"
CAMPHOR = "CC1(C)C2CCC1(C)C(=O)C2"
CELECOXIB = "CC1=CC=C(C=C1)C1=CC(=NN1C1=CC=C(C=C1)S(N)(=O)=O)C(F)(F)F"
FEXOFENADINE = "CC(C)(C(=O)O)c1ccc(cc1)C(O)CCCN2CCC(CC2)C(O)(c3ccccc3)c4ccccc4"
HOP = "CCCOc1cc2ncnc(Nc3ccc4ncsc4c3)c2cc1S(=O)(=O)C(C)(C)C"
MENTHOL = "CC(C)C1CCC(C)CC1O"
MESTRANOL = "COc1ccc2[C@H]3CC[C@@]4(C)[C@@H](CC[C@@]4(O)C#C)[C@@H]3CCc2c1"
OSIMERTINIB = "COc1cc(N(C)CCN(C)C)c(NC(=O)C=C)cc1Nc2nccc(n2)c3cn(C)c4ccccc34"
PERINDOPRIL = "O=C(OCC)C(NC(C(=O)N1C(C(=O)O)CC2CCCCC12)C)CCC"
RANOLAZINE = "COc1ccccc1OCC(O)CN2CCN(CC(=O)Nc3c(C)cccc3C)CC2"
SILDENAFIL = "CCCC1=NN(C2=C1N=C(NC2=O)C3=C(C=CC(=C3)S(=O)(=O)N4CCN(CC4)C)OCC)C"
SITAGLIPTIN = "Fc1cc(c(F)cc1F)CC(N)CC(=O)N3Cc2nnc(n2CC3)C(F)(F)F"
TADALAFIL = "O=C1N(CC(N2C1CC3=C(C2C4=CC5=C(OCO5)C=C4)NC6=C3C=CC=C6)=O)C"
THIOTHIXENE = "CN(C)S(=O)(=O)c1ccc2Sc3ccccc3C(=CCCN4CCN(C)CC4)c2c1"
TROGLITAZONE = "Cc1c(C)c2OC(C)(COc3ccc(CC4SC(=O)NC4=O)cc3)CCc2c(C)c1O"
ZALEPLON = "O=C(C)N(CC)C1=CC=CC(C2=CC=NC3=C(C=NN23)C#N)=C1"

BIPHENYL_OF_VALSARTAN = "CN(C=O)Cc1ccc(c2ccccc2)cc1"
QUINAZOLINE = "[#7]-c1n[c;h1]nc2[c;h1]c(-[#8])[c;h0][c;h1]c12"
THIAZOLE_SIDE = "[#7]-c1ccc2ncsc2c1"
ALKOXY_TO_THIAZOLE = "[#6]-[#6]-[#6]-[#8]-[#6]~[#6]~[#6]~[#6]~[#6]-[#7]-c1ccc2ncsc2c1"


@dataclass(frozen=True)
class BenchmarkTask:
    """One task.

    Attributes:
        name: as users ask for it.
        objective: the score, 0 to 1.
        tops: GuacaMol's score is the mean over these n of the mean score of the best n molecules.
    """

    name: str
    objective: Component
    tops: tuple[int, ...] = (1, 10, 100)


def _geometric(name: str, *components: Component) -> BenchmarkTask:
    return BenchmarkTask(name, Objective(components))


def _arithmetic(name: str, *components: Component) -> BenchmarkTask:
    return BenchmarkTask(name, Objective(components, "arithmetic"))


def _rediscovery(name: str, target: str) -> BenchmarkTask:
    return BenchmarkTask(name, SimilarTo(target, "ECFP4"), (1,))


def _similarity(name: str, target: str, kind: FingerprintKind) -> BenchmarkTask:
    return BenchmarkTask(name, SimilarTo(target, kind, Thresholded(0.75)))


TASKS: Mapping[str, BenchmarkTask] = {
    task.name: task
    for task in (
        _rediscovery("celecoxib_rediscovery", CELECOXIB),
        _rediscovery("troglitazone_rediscovery", TROGLITAZONE),
        _rediscovery("thiothixene_rediscovery", THIOTHIXENE),
        _similarity("aripiprazole_similarity", ARIPIPRAZOLE, "ECFP4"),
        _similarity("albuterol_similarity", ALBUTEROL, "FCFP4"),
        _similarity("mestranol_similarity", MESTRANOL, "AP"),
        BenchmarkTask("isomers_c11h24", Formula("C11H24"), (159,)),  # C11H24 has 159 isomers
        BenchmarkTask("isomers_c9h10n2o2pf2cl", Formula("C9H10N2O2PF2Cl"), (250,)),
        BenchmarkTask("isomers_c7h8n2o2", Formula("C7H8N2O2"), (100,)),
        BenchmarkTask("qed", Property("qed")),
        _geometric("median1", SimilarTo(CAMPHOR, "ECFP4"), SimilarTo(MENTHOL, "ECFP4")),
        _geometric("median2", SimilarTo(TADALAFIL, "ECFP6"), SimilarTo(SILDENAFIL, "ECFP6")),
        _geometric(
            "osimertinib_mpo",
            SimilarTo(OSIMERTINIB, "FCFP4", Thresholded(0.8)),
            SimilarTo(OSIMERTINIB, "ECFP6", AtMost(0.85, 0.1)),
            Property("tpsa", AtLeast(100, 10)),
            Property("logp", AtMost(1, 1)),
        ),
        _geometric(
            "fexofenadine_mpo",
            SimilarTo(FEXOFENADINE, "AP", Thresholded(0.8)),
            Property("tpsa", AtLeast(90, 10)),
            Property("logp", AtMost(4, 1)),
        ),
        _geometric(
            "ranolazine_mpo",
            SimilarTo(RANOLAZINE, "AP", Thresholded(0.7)),
            Property("logp", AtLeast(7, 1)),
            Property("tpsa", AtLeast(95, 20)),
            Property("fluorines", Gaussian(1, 1)),
        ),
        _geometric(
            "perindopril_mpo",
            SimilarTo(PERINDOPRIL, "ECFP4"),
            Property("aromatic_rings", Gaussian(2, 0.5)),
        ),
        _geometric(
            "amlodipine_mpo", SimilarTo(AMLODIPINE, "ECFP4"), Property("rings", Gaussian(3, 0.5))
        ),
        _geometric(  # formula and properties of sitagliptin, but not similar to it
            "sitagliptin_mpo",
            SimilarTo(SITAGLIPTIN, "ECFP4", Gaussian(0, 0.1)),
            SameProperty("logp", SITAGLIPTIN, 0.2),
            SameProperty("tpsa", SITAGLIPTIN, 5),
            Formula("C16H15F6N5O"),
        ),
        _geometric("zaleplon_mpo", SimilarTo(ZALEPLON, "ECFP4"), Formula("C19H17N3O2")),
        _geometric(
            "valsartan_smarts",
            HasPattern(BIPHENYL_OF_VALSARTAN),
            SameProperty("logp", SITAGLIPTIN, 0.2),
            SameProperty("tpsa", SITAGLIPTIN, 5),
            SameProperty("bertz", SITAGLIPTIN, 30),
        ),
        _arithmetic(
            "deco_hop",
            SimilarTo(HOP, "PHCO", Thresholded(0.85)),
            HasPattern("CS([#6])(=O)=O", absent=True),
            HasPattern(THIAZOLE_SIDE, absent=True),
            HasPattern(QUINAZOLINE),
        ),
        _arithmetic(
            "scaffold_hop",
            SimilarTo(HOP, "PHCO", Thresholded(0.75)),
            HasPattern(ALKOXY_TO_THIAZOLE),
            HasPattern(QUINAZOLINE, absent=True),
        ),
    )
}
"""Every task by its name."""

GUACAMOL: tuple[str, ...] = tuple(name for name in TASKS if name not in ("isomers_c7h8n2o2", "qed"))
"""GuacaMol's goal-directed tasks, version 2, in its order."""

PMO: tuple[str, ...] = tuple(
    sorted({*GUACAMOL, "qed", "isomers_c7h8n2o2"} - {"aripiprazole_similarity", "isomers_c11h24"})
)
"""PMO's tasks that RDKit alone can score, in alphabetical order, as in PMO."""
