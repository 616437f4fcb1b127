"""Published figures of the goal-directed benchmarks.

Sources:
    REINVENT and Graph GA on PMO: Gao et al., Sample Efficiency Matters, 2022
    (https://arxiv.org/abs/2206.12411), the table of AUC top-10, means of 5 runs. The prior of
    REINVENT learned from ZINC250k, and Graph GA begins with molecules of it.
    Genetic GFN on PMO: Kim et al., Genetic-guided GFlowNets for Sample Efficient Molecular
    Optimization, 2024 (https://arxiv.org/abs/2402.05961), likewise with ZINC250k. Its population
    is also bred by a genetic algorithm on graphs.
    GuacaMol: Brown et al., 2019 (https://arxiv.org/abs/1811.09621), table 2; ChEMBL 24 is the
    data, and the calls are not limited to 10,000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Columns = Mapping[str, Mapping[str, float]]
"""Column -> task -> figure."""

_PMO_COLUMNS = ("REINVENT", "Graph GA", "Genetic GFN")
_PMO = {
    "albuterol_similarity": (0.882, 0.838, 0.949),
    "amlodipine_mpo": (0.635, 0.661, 0.761),
    "celecoxib_rediscovery": (0.713, 0.630, 0.802),
    "deco_hop": (0.666, 0.619, 0.733),
    "fexofenadine_mpo": (0.784, 0.760, 0.856),
    "isomers_c7h8n2o2": (0.852, 0.862, 0.969),
    "isomers_c9h10n2o2pf2cl": (0.642, 0.719, 0.897),
    "median1": (0.356, 0.294, 0.379),
    "median2": (0.276, 0.273, 0.294),
    "mestranol_similarity": (0.618, 0.579, 0.708),
    "osimertinib_mpo": (0.837, 0.831, 0.860),
    "perindopril_mpo": (0.537, 0.538, 0.595),
    "qed": (0.941, 0.940, 0.942),
    "ranolazine_mpo": (0.760, 0.728, 0.819),
    "scaffold_hop": (0.560, 0.517, 0.615),
    "sitagliptin_mpo": (0.021, 0.433, 0.634),
    "thiothixene_rediscovery": (0.534, 0.479, 0.583),
    "troglitazone_rediscovery": (0.441, 0.390, 0.511),
    "valsartan_smarts": (0.178, 0.000, 0.135),
    "zaleplon_mpo": (0.358, 0.346, 0.552),
}

_GUACAMOL_COLUMNS = ("best of ChEMBL", "SMILES LSTM", "Graph GA")
_GUACAMOL = {
    "celecoxib_rediscovery": (0.505, 1.000, 1.000),
    "troglitazone_rediscovery": (0.419, 1.000, 1.000),
    "thiothixene_rediscovery": (0.456, 1.000, 1.000),
    "aripiprazole_similarity": (0.595, 1.000, 1.000),
    "albuterol_similarity": (0.719, 1.000, 1.000),
    "mestranol_similarity": (0.629, 1.000, 1.000),
    "isomers_c11h24": (0.684, 0.993, 0.971),
    "isomers_c9h10n2o2pf2cl": (0.747, 0.879, 0.982),
    "median1": (0.334, 0.438, 0.406),
    "median2": (0.351, 0.422, 0.432),
    "osimertinib_mpo": (0.839, 0.907, 0.953),
    "fexofenadine_mpo": (0.817, 0.959, 0.998),
    "ranolazine_mpo": (0.792, 0.855, 0.920),
    "perindopril_mpo": (0.575, 0.808, 0.792),
    "amlodipine_mpo": (0.696, 0.894, 0.894),
    "sitagliptin_mpo": (0.509, 0.545, 0.891),
    "zaleplon_mpo": (0.547, 0.669, 0.754),
    "valsartan_smarts": (0.259, 0.978, 0.990),
    "deco_hop": (0.933, 0.996, 1.000),
    "scaffold_hop": (0.738, 0.998, 1.000),
}


def _by_column(names: Sequence[str], rows: Mapping[str, Sequence[float]]) -> Columns:
    return {
        name: {task: figures[place] for task, figures in rows.items()}
        for place, name in enumerate(names)
    }


PMO_PUBLISHED = _by_column(_PMO_COLUMNS, _PMO)
"""AUC top-10 of PMO."""

GUACAMOL_PUBLISHED = _by_column(_GUACAMOL_COLUMNS, _GUACAMOL)
"""Scores of GuacaMol."""
