"""Ten runs of one prior: whatever they have in common is done once, counted in real calls."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from rdkit.Chem import QED
from rdkit.Contrib.SA_Score import sascorer

from sequence_tutor.cli import main
from sequence_tutor.execution import pool
from sequence_tutor.molecule import exhibit as grids_module
from sequence_tutor.molecule.chemistry import _known, canonical_smiles
from sequence_tutor.molecule.domain import MoleculeDomain
from sequence_tutor.molecule.held_out import HELD_OUT, HELD_OUT_LENGTHS, HELD_OUT_PROPERTIES
from sequence_tutor.molecule.statistics import Reference
from sequence_tutor.prior.neural import NeuralPrior
from sequence_tutor.prior.store import StoredPrior, load_prior, save_prior
from sequence_tutor.sampling import measure
from sequence_tutor.sequences import SequenceBatch
from sequence_tutor.verbs.report import report
from sequence_tutor.verbs.tune import tune

RUNS, SAMPLES = 10, 40


@pytest.fixture(scope="module")
def runs(molecule_prior: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten tuned models of one prior, whose weights differ, and which knows its test data."""
    folder = tmp_path_factory.mktemp("ten")
    stored = load_prior(molecule_prior)
    encode = MoleculeDomain(stored.card).vocabulary.encode
    held = SequenceBatch.from_lists([encode(smiles) for smiles in ("CCO", "CNC", "CCCO")])
    flat = torch.tensor([token for row in held.to_lists() for token in row], dtype=torch.int16)
    tensors = {
        HELD_OUT: flat,
        HELD_OUT_LENGTHS: held.lengths.to(torch.int16),
        HELD_OUT_PROPERTIES: torch.tensor([[0.0, 0.4, -2.0], [0.5, 0.41, -2.5], [0.4, 0.5, -1.9]]),
    }
    save_prior(folder / "prior", StoredPrior(stored.prior, "molecule", stored.card, tensors))
    settings: dict[str, Any] = {
        "tune": {"steps": 2, "batch": 4, "collect": 4, "evaluate_every": 2, "evaluate_samples": 8},
        "reward": {"workers": 1},
    }
    first = folder / "run-0"
    tune("molecule", first, prior=str(folder / "prior"), overrides=settings, threads=1, quiet=True)
    for number in range(1, RUNS):
        shutil.copytree(first, folder / f"run-{number}")
    return [folder / f"run-{number}" for number in range(RUNS)]


class Calls:
    """Counts the calls of a function that goes on doing what it did."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.arguments: dict[str, list[tuple[Any, ...]]] = {}

    def of(self, owner: object, name: str) -> None:
        function: Callable[..., Any] = getattr(owner, name)
        heard = self.arguments.setdefault(name, [])

        def counted(*arguments: Any, **named: Any) -> Any:
            heard.append(arguments)
            return function(*arguments, **named)

        self._monkeypatch.setattr(owner, name, counted)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    _known.cache_clear()  # whatever other tests left in it
    counted = Calls(monkeypatch)
    counted.of(measure, "rollout")
    counted.of(NeuralPrior, "sequence_log_probs")
    counted.of(QED, "qed")
    counted.of(sascorer, "calculateScore")
    counted.of(Reference, "of_smiles")
    counted.of(grids_module, "picture_svg")
    counted.of(pool.WorkerPool, "__init__")
    return counted


def test_ten_runs_sample_and_score_nothing_twice(
    runs: list[Path], calls: Calls, tmp_path: Path
) -> None:
    text = report(runs, tmp_path / "report.html", samples=SAMPLES, quiet=True).read_text()
    sampled = [policy for policy, *_ in calls.arguments["rollout"]]
    assert len(sampled) == 1 + RUNS
    assert sum(isinstance(policy, NeuralPrior) for policy in sampled) == 1
    assert all(count == SAMPLES for _, count, *_ in calls.arguments["rollout"])
    assert len(calls.arguments["sequence_log_probs"]) == RUNS  # the prior's own are known
    assert len(calls.arguments["of_smiles"]) == 1
    assert calls.arguments["__init__"] == []  # no process was started
    for name in ("qed", "calculateScore"):
        scored = Counter(canonical_smiles(mol) for mol, *_ in calls.arguments[name])
        assert len(scored) > 3, name
        assert set(scored.values()) == {1}, name
    drawn = Counter(smiles for smiles, *_ in calls.arguments["picture_svg"])
    assert set(drawn.values()) == {1}
    assert set(drawn) == set(re.findall(r"Structure of ([^\"]+)\"", text))
    assert len(re.findall(r"\d+ sequences were sampled, in which", text)) == 1 + RUNS
    assert "test data of the prior 0.3 in the mean" in text  # logP


@pytest.mark.long
def test_a_saved_table_costs_the_sequences_that_are_shown(
    runs: list[Path], calls: Calls, tmp_path: Path
) -> None:
    saved = report(runs[:1], tmp_path / "measured.html", samples=SAMPLES, quiet=True)
    shown = re.findall(r"Structure of ([^\"]+)\"", saved.read_text())
    table = tmp_path / "table.json"
    command = ["evaluate", "molecule", str(runs[0]), "--samples", str(SAMPLES), "--json"]
    assert main([*command, str(table), "--threads", "1", "--quiet"]) == 0
    before = len(calls.arguments["rollout"])
    page = report(runs[:1], tmp_path / "saved.html", table=table, samples=SAMPLES, quiet=True)
    assert len(calls.arguments["rollout"]) == before  # nothing was measured again
    assert re.findall(r"Structure of ([^\"]+)\"", page.read_text()) == shown
