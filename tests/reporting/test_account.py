from __future__ import annotations

from pathlib import Path

import pytest

from sequence_tutor.reporting.account import listed, run_facts, sentences, where_curves_begin
from sequence_tutor.reporting.comparison import Cell, JudgedRow, JudgedTable
from sequence_tutor.tuner.run_record import RunSpec
from sequence_tutor.tuner.settings import TuneSettings

from .conftest import record


def spec(algorithm: str) -> RunSpec:
    tune = TuneSettings.model_validate({"algorithm": algorithm, "c": 4.0, "seed": 7})
    versions = {"sequence_tutor": "0.1.0", "torch": "2.13"}
    reward = {"weights": {"tonic": 3.0}}
    return RunSpec(
        "melody", str(Path("priors") / "mine"), 32, tune, reward, None, None, versions, 1
    )


def comparison(*verdicts: str) -> JudgedTable:
    rows = [JudgedRow("distinct %", "higher", [Cell("1"), Cell("2", "", v)], []) for v in verdicts]  # type: ignore[arg-type]
    return JudgedTable(["prior", "psi"], [], rows, 2000, 5)


def test_three_sentences() -> None:
    done, measured, found = sentences("melodies", [spec("psi")] * 2, comparison("better", "worse"))
    assert done.startswith("A generator of melodies, the prior 'mine', was tuned toward a reward")
    assert "psi (2 runs)" in done
    assert done.endswith("(KL-control).")
    assert "2,000 melodies of each of prior and psi were sampled with seed 5" in measured
    assert found == (
        "Of 2 statistics with a preferred direction, compared to the prior, psi is significantly "
        "better in 1 and worse in 1."
    )
    assert all(sentence.count(". ") == 0 for sentence in (done, measured, found))


def test_nothing_is_claimed_that_is_not_sure() -> None:
    *_, found = sentences("melodies", [spec("psi")], comparison("even"))
    assert found == "No statistic differs significantly from the prior's."


def test_without_a_prior_in_the_objective_it_says_so() -> None:
    done, *_ = sentences("lines", [spec("rl-only")], comparison())
    assert done.startswith("A generator of lines")
    assert "nothing that holds it to" in done


def test_the_facts_of_a_run() -> None:
    facts = run_facts("psi", 1, spec("psi"), [record(0, 0), record(3000, 1)])
    assert (facts["algorithm"], facts["c"], facts["updates"], facts["seed"]) == (
        "psi",
        "4",
        "3,000",
        7,
    )
    assert facts["minutes"] == "25.0"  # the log says 1500 seconds
    assert facts["versions"] == "sequence_tutor 0.1.0, torch 2.13"
    settings = dict(facts["settings"])
    assert settings["tune.c"] == "4.0"
    assert settings["reward.weights.tonic"] == "3.0"


@pytest.mark.parametrize(
    ("names", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists_in_words(names: list[str], text: str) -> None:
    assert listed(names) == text


def test_curves_that_begin_elsewhere_say_so() -> None:
    assert where_curves_begin({"psi": 1.0}) == ""
    assert "(psi at 1.38), not" in where_curves_begin({"psi": 1.38, "g": 1.0})
