from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from sequence_tutor.errors import UserError
from sequence_tutor.evaluation.evaluate import evaluate
from sequence_tutor.evaluation.loading import load_model
from sequence_tutor.evaluation.table import Evaluation

ROWS = {
    "repeated_notes",
    "autocorrelation_lag1",
    "notes_not_in_key",
    "starts_with_tonic",
    "leaps_resolved",
    "unique_max_note",
    "unique_min_note",
    "notes_in_motif",
    "notes_in_repeated_motif",
    "reward_per_sequence",
    "reward_tonic",
    "log_prior_per_token",
    "kl_to_prior_per_token",
    "entropy_per_token",
    "distinct",
    "in_training_data",
    "objective_per_sequence",
    "log_z_bound",
    "gap_per_sequence",
    "effective_sample_size",
}


@pytest.fixture(scope="module")
def evaluation(melody_prior: Path, melody_run: Path) -> Evaluation:
    return evaluate(
        [load_model(melody_prior), load_model(melody_run)], samples=600, seed=1, particles=64
    )


def test_a_prior_is_judged_as_the_run_beside_it(evaluation: Evaluation) -> None:
    prior, run = evaluation.columns
    assert prior.c == run.c == 4.0
    assert prior.model.reward_settings is run.model.reward_settings
    assert prior.statistics["kl_to_prior_per_token"].value == 0
    assert run.statistics["kl_to_prior_per_token"].value > 0.01
    tonic = [column.statistics["starts_with_tonic"] for column in (prior, run)]
    assert tonic[0].high < tonic[1].low


def test_a_prior_alone_has_no_objective(melody_prior: Path) -> None:
    (column,) = evaluate([load_model(melody_prior)], samples=10).columns
    assert column.c is None
    assert column.statistics["gap_per_sequence"].to_json()["value"] is None


@pytest.mark.long
def test_the_same_seed_gives_the_same_numbers(evaluation: Evaluation, melody_run: Path) -> None:
    again = evaluate([load_model(melody_run)], samples=600, seed=1, particles=64)
    assert again.columns[0].statistics == evaluation.columns[1].statistics
    other = evaluate([load_model(melody_run)], samples=600, seed=2, particles=64)
    assert other.columns[0].statistics != evaluation.columns[1].statistics


def test_progress_is_told(melody_prior: Path) -> None:
    told: list[int] = []
    evaluate([load_model(melody_prior)], samples=1500, advance=told.append)
    assert sum(told) == 1500
    assert len(told) > 1


def test_what_cannot_be_evaluated_is_refused(melody_prior: Path) -> None:
    with pytest.raises(UserError, match="no model"):
        evaluate([])
    with pytest.raises(UserError, match="samples is 1, expected at least 2"):
        evaluate([load_model(melody_prior)], samples=1)


def test_json_has_every_statistic_under_its_name(evaluation: Evaluation) -> None:
    found = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    assert [model["name"] for model in found["models"]] == ["small", "likes-c"]
    assert found["samples"] == 600
    assert found["seed"] == 1
    for model in found["models"]:
        assert set(model["statistics"]) >= ROWS
        for estimate in model["statistics"].values():
            assert set(estimate) == {"value", "low", "high"}
    assert found["models"][1]["tune"]["algorithm"] == "psi"
    assert found["models"][1]["weights"]["tonic"] == 3.0
    assert found["published"]["Psi"]["leaps_resolved"] == 0.9
    assert "torch" in found["versions"]


def test_markdown_has_a_column_a_model_and_the_published_ones(evaluation: Evaluation) -> None:
    lines = evaluation.table().markdown().splitlines()
    header = [cell.strip() for cell in lines[0].strip("|").split("|")]
    assert header == ["statistic", "small", "likes-c", "Note RNN *", "Q *", "Psi *", "G *"]
    assert all(line.count("|") == lines[0].count("|") for line in lines[: lines.index("")])
    row = next(line for line in lines if line.startswith("| leaps resolved %"))
    assert row.endswith("| 77.20 | 91.10 | 90.00 | 52.20 |")
    assert "±" in row
    assert "600 sequences of each model, seed 1" in lines[-1]


def test_the_terminals_table_has_the_same_rows(evaluation: Evaluation) -> None:
    console = Console(width=200, record=True, quiet=True)
    table = evaluation.table().rich()
    console.print(table)
    markdown_rows = [line for line in evaluation.table().markdown().splitlines() if "|" in line]
    assert table.row_count == len(markdown_rows) - 2
