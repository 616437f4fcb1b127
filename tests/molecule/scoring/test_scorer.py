"""Cache, workers and one process give the same records in the same order."""

from __future__ import annotations

import importlib
import math
import os
import pickle
import signal
import sys
import threading
from pathlib import Path

import pytest

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.scoring.scorer import Scorer
from sequence_tutor.molecule.terms import SA, LogP, Qed, Ring, TermSet

TERMS = TermSet({"qed": Qed(), "sa": SA(), "logp": LogP(), "ring": Ring()}, scaffolds=True)
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
CAFFEINE = "Cn1cnc2c1c(=O)n(C)c(=O)n2C"
CREATINE = "CN(CC(=O)O)C(=N)N"
SPELLINGS = ["OCC", "C(O)C", "CCO"]
STRINGS = [
    *(ASPIRIN, None, CAFFEINE, "", "c1ccccc", CREATINE, "CC(N)Cc1ccccc1", "N", "C" * 60),
    *("O=C1CCCCCCCCCCCCCC1", "C1CC", "\0", "C\0C", "not a molecule", *SPELLINGS, ASPIRIN),
    *(f"{'C' * n}c1ccc(N)cc1{'F' * (n % 2)}" for n in range(12)),
]

# A term set that hangs, crashes and fails on demand, and counts on the molecule being canonical.
HOSTILE = """
import os
import signal
import time

from sequence_tutor.errors import UserError
from sequence_tutor.molecule.terms import MoleculeRecord


class Hostile:
    def evaluate(self, smiles):
        return MoleculeRecord(None, None, (float("nan"),))

    def canonical(self, smiles):
        if smiles == "hang":
            time.sleep(1000)
        if smiles == "user":
            raise UserError("a fault of the user")
        return smiles.upper() or None

    def of_canonical(self, canonical):
        if canonical == "CRASH":
            os.kill(os.getpid(), signal.SIGSEGV)
        if canonical == "REFUSE":
            raise ValueError(canonical)
        return MoleculeRecord(canonical, None, (float(len(canonical)),))
"""


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TermSet:
    name = f"hostile_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    terms: TermSet = importlib.import_module(name).Hostile()
    return terms


def same(one: object, other: object) -> bool:
    """Equal to the last bit, NaN included."""
    return repr(one) == repr(other)


def test_one_process_gives_what_the_terms_give() -> None:
    with Scorer(TERMS, cache_size=0) as scorer:
        scores = scorer.score(STRINGS)
    assert same(scores.records, [TERMS.evaluate(one) for one in STRINGS])
    assert (scores.timeouts, scores.failures) == (0, 0)
    assert scores.records[0].canonical == ASPIRIN
    assert scores.records[1] is scores.records[3]
    assert math.isnan(scores.records[1].values[0])


@pytest.mark.parametrize(
    ("workers", "cache_size"),
    [
        *((0, size) for size in (0, 7, 1000)),
        (2, 7),
        *(pytest.param(2, size, marks=pytest.mark.long) for size in (0, 1000)),
    ],
)
def test_workers_and_cache_change_nothing(workers: int, cache_size: int) -> None:
    expected = [TERMS.evaluate(one) for one in STRINGS]
    with Scorer(TERMS, workers, timeout=30.0, cache_size=cache_size) as scorer:
        for _ in range(2):
            assert same(scorer.score(STRINGS).records, expected)
            assert same(scorer.score(STRINGS[::-1]).records, expected[::-1])


@pytest.mark.long
def test_a_worker_killed_in_the_middle_changes_nothing() -> None:
    strings = [f"{'C' * n}c1ccc2c(c1)c(C{'C' * m})c[nH]2" for n in range(20) for m in range(8)]
    expected = [TERMS.evaluate(one) for one in strings]
    with Scorer(TERMS, workers=2, timeout=30.0) as scorer:
        scorer.score(["C", "N"])
        # one only: what dies again when it is tried alone is held to be the killer
        killer = threading.Timer(0.02, os.kill, (scorer.worker_pids[0], signal.SIGKILL))
        killer.start()
        scores = scorer.score(strings)
        killer.join()
        assert same(scores.records, expected)
        assert (scores.timeouts, scores.failures) == (0, 0)
        scorer.score(["O", "OC"])
        assert scorer.replaced == 1


def test_what_is_known_is_not_computed_again() -> None:
    with Scorer(TERMS) as scorer:
        assert scorer.score(["OCC", "C1", ASPIRIN, ASPIRIN, None]).cache_hits == 1
        assert scorer.computed == 2
        assert scorer.score(["OCC", "C1", ASPIRIN, None]).cache_hits == 3
        assert scorer.score(["C(O)C", "CCO", "C2", CAFFEINE]).cache_hits == 2
        assert scorer.computed == 3


def test_the_lost_are_counted_and_invalid(hostile: TermSet) -> None:
    strings = ["c", "hang", "n", "crash", "refuse", "CC", "crash", "", "o"]
    with Scorer(hostile, workers=2, timeout=0.5) as scorer:
        scores = scorer.score(strings)
        again = scorer.score(strings)
    canonical = ["C", None, "N", None, None, "CC", None, None, "O"]
    assert [record.canonical for record in scores.records] == canonical
    assert [record.values[0] for record in scores.records if record.canonical] == [1, 1, 2, 1]
    assert (scores.timeouts, scores.failures, scores.cache_hits) == (1, 3, 1)
    # what was lost is known as such, and counted again, but not tried again
    assert (again.timeouts, again.failures, again.cache_hits) == (1, 3, 9)
    assert same(again.records, scores.records)


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.long)])
def test_a_users_mistake_stops(hostile: TermSet, workers: int) -> None:
    with Scorer(hostile, workers) as scorer:
        with pytest.raises(UserError, match="a fault of the user"):
            scorer.score(["c", "user"])
        assert scorer.score(["c"]).records[0].values == (1.0,)


def test_workers_with_terms_do_not_import_torch() -> None:
    # What a worker imports is what loading the pickled terms imports.
    program = (
        "import pickle, sys; sys.path[:] = eval(sys.argv[1]); "
        "pickle.loads(bytes.fromhex(sys.argv[2])); sys.exit('torch' in sys.modules)"
    )
    arguments = [sys.executable, "-c", program, repr(sys.path), pickle.dumps(TERMS).hex()]
    assert os.spawnv(os.P_WAIT, sys.executable, arguments) == 0
