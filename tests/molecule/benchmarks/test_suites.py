import pytest
import torch
from rdkit import Chem

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.benchmarks.oracle import Oracle, entering, top_auc
from sequence_tutor.molecule.benchmarks.suites import SUITES, guacamol_figures, pmo_figures
from sequence_tutor.molecule.benchmarks.tasks import TASKS


def carbons(molecule: Chem.Mol) -> float:
    return molecule.GetNumAtoms() / 10


def test_published_sums() -> None:
    """The per-task figures were written down right: they add up to the published totals."""
    genetic = sum(SUITES["pmo"].published["Genetic GFN"].values())
    assert genetic + 0.974 + 0.881 + 0.764 == pytest.approx(16.213, abs=5e-4)  # drd2, gsk3b, jnk3
    graph = sum(SUITES["pmo"].published["Graph GA"].values())
    assert graph + 0.964 + 0.788 + 0.553 == pytest.approx(13.751, abs=0.012)
    reinvent = sum(SUITES["pmo"].published["REINVENT"].values())
    assert reinvent + 0.945 + 0.865 + 0.783 == pytest.approx(14.196, abs=0.0125)
    totals = {"best of ChEMBL": 12.144, "SMILES LSTM": 17.340, "Graph GA": 17.983}
    for column, total in totals.items():
        found = sum(SUITES["guacamol"].published[column].values())
        assert found == pytest.approx(total, abs=1.5e-3)


@pytest.mark.parametrize("name", sorted(SUITES))
def test_every_task_has_its_published_figures(name: str) -> None:
    for column in SUITES[name].published.values():
        assert tuple(column) == SUITES[name].tasks


def test_tasks_by_name() -> None:
    suite = SUITES["pmo"]
    assert [task.name for task in suite.chosen(["qed", "median1"])] == ["qed", "median1"]
    assert len(suite.chosen([])) == 20
    with pytest.raises(UserError, match="did you mean 'median1'"):
        suite.chosen(["mediam1"])


def test_pmo_figures_of_a_short_run() -> None:
    oracle = Oracle(carbons, budget=1000)
    for length in (1, 2):
        oracle("C" * length)
    figures = pmo_figures(oracle)
    assert next(iter(figures)) == "auc_top10"
    assert figures["top1"] == pytest.approx(0.2)
    assert figures["top10"] == pytest.approx(0.15)
    assert figures["auc_top10"] == pytest.approx((2 * 0.15 / 2 + 998 * 0.15) / 1000)


def test_guacamol_counts_molecules_without_stereochemistry() -> None:
    oracle = Oracle(carbons)
    for smiles in ("C[C@H](N)O", "C[C@@H](N)O", "CC"):  # one molecule of 4 atoms, one of 2
        oracle(smiles)
    figures = guacamol_figures(oracle, (1, 10))
    assert figures["top10"] == pytest.approx((0.4 + 0.2) / 10)  # missing ones score 0
    assert figures["score"] == pytest.approx((0.4 + 0.06) / 2)


def test_the_calls_that_entered_the_best_ten_determine_the_curve() -> None:
    scores = torch.rand(730, generator=torch.Generator().manual_seed(0)).tolist()
    found = entering(scores)
    assert [call for call, _ in found[:10]] == list(range(1, 11))
    assert len(found) < 80
    kept = [0.0] * len(scores)
    for call, score in found:
        kept[call - 1] = score
    assert top_auc(kept, 10, 1000) == top_auc(scores, 10, 1000)
    assert entering([0.5, 0.2, 0.5, 0.6, 0.5], 2) == [(1, 0.5), (2, 0.2), (3, 0.5), (4, 0.6)]


def test_a_run_of_many_calls_has_the_figure_of_its_first_thousand() -> None:
    def figures(budget: int) -> dict[str, float]:
        oracle = Oracle(TASKS["qed"].objective, budget)
        oracle.restore((f"molecule {number}", number / 2000) for number in range(budget))
        return pmo_figures(oracle)

    assert figures(2000)["auc_top10_first_1000"] == figures(1000)["auc_top10"]
    assert "auc_top10_first_1000" not in figures(1000)
